/** What the monitor keeps: the newest, for a while, and not without end. Method: a clock that the test moves. */
import { expect, test } from "bun:test";

import type { Sample } from "../../../src/metrics/samples.ts";
import { Series } from "../../../src/monitor/series.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const START_MS = Date.UTC(2026, 0, 1);

function setUp(max = 100, maxBytes = 100_000) {
  const clock = new ManualClock(START_MS);
  const series = new Series({ max, maxBytes, expiryMs: 60_000, clock });
  const values = () => Array.from(series.samples(), ({ name, value }) => `${name} ${value}`);
  return { clock, series, values };
}

const sample = (name: string, value: number, labels: Record<string, string> = {}): Sample => ({
  name,
  labels,
  value,
});

test("a later value replaces an earlier one, also if it is smaller: a component has started again", () => {
  const { series, values } = setUp();
  series.put(sample("received", 500));
  series.put(sample("sent", 40));
  series.put(sample("received", 3));
  expect(values().sort()).toEqual(["received 3", "sent 40"]);
});

test("labels tell counters apart, their order does not", () => {
  const { series, values } = setUp();
  series.put(sample("n", 1, { a: "1", b: "2" }));
  series.put(sample("n", 2, { b: "2", a: "1" }));
  series.put(sample("n", 3, { a: "1" }));
  expect(values()).toEqual(["n 2", "n 3"]);
});

test("what was not told again for as long as the expiry says is forgotten, and only that", () => {
  const { clock, series, values } = setUp();
  series.put(sample("gone", 1));
  series.put(sample("alive", 1));
  clock.advance(30_000);
  series.put(sample("alive", 2));
  clock.advance(29_999);
  expect(values()).toEqual(["gone 1", "alive 2"]);
  clock.advance(1);
  expect(values()).toEqual(["alive 2"]);
  clock.advance(30_000);
  expect(values()).toEqual([]);
});

test("no more are kept than the limit says; known ones go on, and room comes with what is forgotten", () => {
  const { clock, series, values } = setUp(2);
  expect(series.put(sample("a", 1))).toBe("kept");
  clock.advance(30_000);
  expect(series.put(sample("b", 1))).toBe("kept");
  expect(series.put(sample("c", 1))).toBe("too-many");
  expect(series.put(sample("b", 2))).toBe("kept");
  expect(values()).toEqual(["a 1", "b 2"]);
  clock.advance(30_000);
  expect(series.put(sample("c", 3))).toBe("kept");
  expect(values()).toEqual(["b 2", "c 3"]);
});

test("each component has the time of its last report, until it is forgotten", () => {
  const { clock, series } = setUp();
  const first = { component: "filter", host: "vm", name: "f" };
  const second = { component: "writer", host: "vm", name: "w" };
  series.put(sample("passed", 1, first));
  series.put(sample("triggered", 1, { ...first, rule: "r" }));
  series.put(sample("received", 1, { ...second, influxdb_port: "8086" }));
  series.put(sample("foo", 1));
  clock.advance(5000);
  series.put(sample("triggered", 2, { ...first, rule: "r" }));
  const reports = () => series.lastReports().map(({ labels, onMs }) => `${labels} ${onMs}`);
  const ofFirst = `{component="filter",host="vm",name="f"} ${START_MS + 5000}`;
  expect(reports()).toEqual([ofFirst, `{component="writer",host="vm",name="w"} ${START_MS}`]);
  clock.advance(55_000);
  expect(reports()).toEqual([ofFirst]);
});

test("no more bytes of names and labels are kept than the limit says; known ones go on", () => {
  // A name of one byte, and {a="..."} around the value: 6 bytes more.
  const long = (name: string, bytes: number, value = 1) =>
    sample(name, value, { a: "x".repeat(bytes - 7) });
  const { clock, series, values } = setUp(100, 1000);
  expect(series.put(long("a", 600))).toBe("kept");
  clock.advance(30_000);
  expect(series.put(long("b", 400))).toBe("kept");
  expect(series.put(sample("c", 1))).toBe("too-large");
  expect(series.put(long("b", 400, 2))).toBe("kept");
  clock.advance(30_000);
  // The first one is forgotten.
  expect(series.put(long("d", 601))).toBe("too-large");
  expect(series.put(long("d", 600))).toBe("kept");
  expect(values()).toEqual(["b 2", "d 1"]);
});

test("what takes more bytes in memory, or on the page, counts as those, and the name of a component once more", () => {
  const { series } = setUp(100, 1000);
  expect(series.put(sample("a", 1, { a: "ż".repeat(494) }))).toBe("too-large");
  expect(series.put(sample("a", 1, { a: "ż".repeat(493) }))).toBe("kept");
  expect(setUp(100, 1000).series.put(sample("a", 1, { a: "点".repeat(331) }))).toBe("kept");
  expect(setUp(100, 1000).series.put(sample("a", 1, { a: "点".repeat(332) }))).toBe("too-large");
  const other = setUp(100, 1000).series;
  // a{component="f",host="..."}, and the same without the name: 47 bytes, and the host twice.
  const labels = (bytes: number) => ({ component: "f", host: "h".repeat(bytes) });
  expect(other.put(sample("a", 1, labels(477)))).toBe("too-large");
  expect(other.put(sample("a", 1, labels(476)))).toBe("kept");
});

test("bytes are given back with what is forgotten, however often", () => {
  const { clock, series, values } = setUp(100, 1000);
  for (let round = 0; round < 50; round++) {
    const labels = { component: `component-${round}`, rule: "x".repeat(800) };
    expect(series.put(sample("n", round, labels))).toBe("kept");
    expect(values()).toEqual([`n ${round}`]);
    clock.advance(60_000);
  }
});

test("a counter whose name and labels are longer than any real one is not kept", () => {
  const { series } = setUp();
  expect(series.put(sample("n", 1, { a: "x".repeat(8185) }))).toBe("kept");
  expect(series.put(sample("n", 1, { a: "x".repeat(8186) }))).toBe("too-long");
  expect(series.put(sample("n".repeat(127), 1))).toBe("kept");
  expect(series.put(sample("n".repeat(128), 1))).toBe("too-long");
  expect(series.put(sample("n", 1, { component: "c".repeat(126) }))).toBe("kept");
  expect(series.put(sample("n", 1, { component: "c".repeat(127) }))).toBe("too-long");
});

test("of two processes that tell the same counter, the one that was started first has a label of its own", () => {
  const { clock, series, values } = setUp();
  const labels = { component: "filter", host: "vm", name: "f" };
  const told = (value: number, startedMs: number) => ({ name: "n", labels, value, startedMs });
  const [early, late] = [START_MS, START_MS + 5];
  const shown = () => Array.from(series.samples(), ({ labels: text, value }) => `${text} ${value}`);
  const plain = '{component="filter",host="vm",name="f"}';
  const apart = '{component="filter",host="vm",name="f",started="2026-01-01T00:00:00.000Z"}';

  expect(series.put(told(500, early))).toBe("kept");
  // It may have been started again.
  expect(series.put(told(1, late))).toBe("kept");
  expect(shown()).toEqual([`${plain} 1`]);
  // No, it is alive as well.
  expect(series.put(told(501, early))).toBe("kept-apart");
  expect(series.put(told(2, late))).toBe("kept");
  expect(series.put(told(502, early))).toBe("kept-apart");
  expect(shown()).toEqual([`${plain} 2`, `${apart} 502`]);
  expect(series.show(told(503, early))).toEqual({ name: "n", labels: apart, value: 503 });
  expect(series.show(told(3, late))).toEqual({ name: "n", labels: plain, value: 3 });
  expect(series.lastReports().map(({ labels: text }) => text)).toEqual([plain, apart]);

  // Once the later one is gone, the other one has the plain labels, also before anybody looks.
  clock.advance(60_000);
  expect(series.put(told(504, early))).toBe("kept");
  expect(shown()).toEqual([`${plain} 504`]);
  expect(values()).toEqual(["n 504"]);
});

test("a process that is started again, one that does not say when, and another host are none of these", () => {
  const { series, values } = setUp();
  const at = (startedMs?: number, host = "vm") => ({
    name: "n",
    labels: { component: "filter", host, name: "f" },
    value: startedMs ?? 0,
    ...(startedMs !== undefined && { startedMs }),
  });
  for (const startedMs of [5, 5, 6, 7, undefined, undefined, 8, 8]) {
    expect(series.put(at(startedMs))).toBe("kept");
  }
  expect(series.put(at(5, "other"))).toBe("kept");
  expect(values()).toEqual(["n 8", "n 5"]);
});

test("a clock that is set moves the times of the last reports with it, and makes nothing older", () => {
  const { clock, series, values } = setUp();
  series.put(sample("passed", 1, { component: "filter", host: "vm", name: "f" }));
  clock.advance(5000);
  const times = () => series.lastReports().map(({ onMs }) => onMs);
  for (const days of [1, -2]) {
    const setToMs = START_MS + days * 24 * 3_600_000;
    clock.setWall(setToMs);
    expect(times()).toEqual([setToMs - 5000]);
    expect(values()).toEqual(["passed 1"]);
  }
});

test("there are no more different names than a page bears, those of different components apart", () => {
  const { clock, series } = setUp(5000, 1e6);
  for (let i = 0; i < 1000; i++) expect(series.put(sample(`n${i}`, 1))).toBe("kept");
  for (let i = 0; i < 1000; i++) {
    expect(series.put(sample("n", 1, { component: `c${i}` }))).toBe("kept");
  }
  expect(series.put(sample("m", 1))).toBe("too-many-names");
  expect(series.put(sample("n0", 1, { component: "c0" }))).toBe("too-many-names");
  expect(series.put(sample("n0", 1, { rule: "r" }))).toBe("kept");
  clock.advance(60_000);
  expect(series.put(sample("m", 1))).toBe("kept");
});
