/** The page for Prometheus. Expected values: its text format 0.0.4, and the naming rules that promtool checks. */
import { describe, expect, test } from "bun:test";

import { type PageGauge, pageSample, printPage as printPieces } from "../../../src/metrics/page.ts";
import type { Sample } from "../../../src/metrics/samples.ts";

const DOCS = {
  listener: [{ received: "Datagrams." }, { received: "Requests." }],
  filter: [{ "invalid-time": "Too old.", received: "Messages." }, { triggered: "Matches." }],
  writer: [{ received: "Messages.", sent: "Sent\\\nlines." }],
};

const printPage = (
  samples: readonly Sample[],
  docs: typeof DOCS | Record<string, never>,
  gauges: readonly PageGauge[] = [],
): string => [...printPieces(samples.map(pageSample), docs, gauges)].join("");

const sample = (name: string, labels: Record<string, string>, value: number): Sample => ({
  name,
  labels,
  value,
});

test("a counter stands there twice: untyped as in 2.x, and as a counter named by the conventions", () => {
  const labels = { component: "filter", name: "f", host: "vm" };
  expect(printPage([sample("invalid_time", labels, 7)], DOCS)).toBe(
    "# HELP influx_spout_filter_invalid_time_total Too old.\n" +
      "# TYPE influx_spout_filter_invalid_time_total counter\n" +
      'influx_spout_filter_invalid_time_total{host="vm",name="f"} 7\n' +
      "# HELP invalid_time Too old.\n" +
      "# TYPE invalid_time untyped\n" +
      'invalid_time{component="filter",host="vm",name="f"} 7\n',
  );
});

test("all of one name stand together, sorted, under one HELP and one TYPE", () => {
  const page = printPage(
    [
      sample("received", { component: "writer", name: "b" }, 1),
      sample("triggered", { component: "filter", name: "f", rule: "x" }, 2),
      sample("received", { component: "filter", name: "f" }, 3),
      sample("received", { component: "writer", name: "a" }, 4),
    ],
    DOCS,
  );
  expect(page.split("\n").filter((line) => line.startsWith("received"))).toEqual([
    'received{component="filter",name="f"} 3',
    'received{component="writer",name="a"} 4',
    'received{component="writer",name="b"} 1',
  ]);
  const names = page.split("\n").map((line) => line.split(/[ {]/)[line.startsWith("#") ? 2 : 0]);
  const runs = names.filter((name, index) => name !== names[index - 1]);
  expect(runs).toEqual([
    "influx_spout_filter_received_total",
    "influx_spout_filter_triggered_total",
    "influx_spout_writer_received_total",
    "received",
    "triggered",
    "",
  ]);
});

describe("HELP", () => {
  const helpOf = (name: string, component: string) => {
    const page = printPage([sample(name, { component, name: "n" }, 1)], DOCS);
    const help = (of: string) => new RegExp(`^# HELP ${of} (.*)$`, "m").exec(page)?.[1];
    return [help(name), help(`influx_spout_${component}_${name}_total`)];
  };

  test("says what a counter counts in each component that has one of that name", () => {
    expect(helpOf("received", "listener")).toEqual([
      "In a listener: Datagrams. In a listener: Requests. In a filter: Messages. In a writer: Messages.",
      "Datagrams. Requests.",
    ]);
    expect(helpOf("triggered", "filter")).toEqual(["Matches.", "Matches."]);
  });

  test("is escaped, and never missing", () => {
    expect(helpOf("sent", "writer")[1]).toBe(String.raw`Sent\\\nlines.`);
    const unknown = "A counter that this version does not know.";
    expect(helpOf("other", "writer")).toEqual([unknown, unknown]);
    expect(helpOf("received", "relay")[1]).toBe(unknown);
  });
});

describe("what others published", () => {
  test("stands there as it came if it is of no component", () => {
    expect(printPage([sample("foo", {}, 42)], DOCS)).toBe(
      "# HELP foo A counter that this version does not know.\n# TYPE foo untyped\nfoo 42\n",
    );
  });

  test("never makes a page that Prometheus refuses: a name has one type, a series one value", () => {
    const page = printPage(
      [
        sample("received", { component: "filter", name: "f" }, 1),
        sample("influx_spout_filter_received_total", { name: "f" }, 2),
        sample("received", { name: "f", component: "filter", host: "" }, 3),
        sample("a:b_total", { component: "odd-one", name: "o" }, 4),
      ],
      DOCS,
    );
    expect(page.match(/^# TYPE influx_spout_filter_received_total .*$/gm)).toEqual([
      "# TYPE influx_spout_filter_received_total counter",
    ]);
    expect(page.match(/^influx_spout_filter_received_total.*$/gm)).toEqual([
      'influx_spout_filter_received_total{name="f"} 3',
    ]);
    expect(page.match(/^influx_spout_odd.*$/gm)).toEqual([
      'influx_spout_odd_one_a_b_total{name="o"} 4',
    ]);
  });
});

test("what is no counter has a name and a help of its own", () => {
  const gauge = { name: "age_seconds", labels: '{a="b"}', value: 1.5, help: "How old." };
  expect(printPage([], DOCS, [gauge])).toBe(
    '# HELP age_seconds How old.\n# TYPE age_seconds gauge\nage_seconds{a="b"} 1.5\n',
  );
});

test("nothing known is an empty page", () => {
  expect(printPage([], DOCS)).toBe("");
});

test("no piece of a long page takes long: neither in characters nor in samples looked at", () => {
  const samples = Array.from({ length: 50_000 }, (_, index) =>
    pageSample(sample(`n${index % 7}`, { component: "filter", name: "f", rule: `r${index}` }, 1)),
  );
  let taken = 0;
  function* counted() {
    for (const one of samples) {
      taken++;
      yield one;
    }
  }
  const pieces: string[] = [];
  let before = 0;
  for (const piece of printPieces(counted(), DOCS)) {
    expect(taken - before).toBeLessThanOrEqual(1000);
    before = taken;
    pieces.push(piece);
  }
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(17_000);
  const lines = pieces.join("").split("\n");
  expect(lines.filter((line) => !line.startsWith("#"))).toHaveLength(2 * 50_000 + 1);
});

test("the component is cut out of labels wherever it stands, and nothing that looks like it is", () => {
  const conventional = (labels: Record<string, string>) =>
    /^influx_spout_f_n_total(.*) 1$/m.exec(printPage([sample("n", labels, 1)], {}))?.[1];
  expect(conventional({ component: "f" })).toBe("");
  expect(conventional({ component: "f", name: "x" })).toBe('{name="x"}');
  expect(conventional({ a: "1", component: "f" })).toBe('{a="1"}');
  expect(conventional({ a: "1", component: "f", name: "x" })).toBe('{a="1",name="x"}');
  expect(conventional({ a: ',component="q",', component: "f", my_component: "y" })).toBe(
    String.raw`{a=",component=\"q\",",my_component="y"}`,
  );
  const quoted = printPage([sample("n", { component: 'a"b', name: "x" }, 1)], {});
  expect(quoted).toContain('{name="x"} 1\n');
  expect(quoted).toMatch(/^influx_spout_a_+b_n_total/m);
});
