/**
 * Goal: whatever an operator calls a component, a file or a database, our own metrics are line protocol that InfluxDB takes, a
 * series of its own for each name. Method: a real InfluxDB says what it read, and the monitor what it did.
 */
import { expect, test } from "bun:test";

import { printLine } from "../../../src/line/print.ts";
import { printMetrics } from "../../../src/metrics/print.ts";
import { readCounterLine } from "../../../src/monitor/counter-line.ts";
import { startInfluxd } from "../../support/influxd.ts";

/** A name and what it is in InfluxDB, where that cannot be the same. */
const NAMES: readonly (readonly [string, string?])[] = [
  ["plain"],
  ["C:\\spout\\", "C:\\spout\\x5c"],
  ["two\\\\", "two\\\\x5c"],
  ["\\", "\\x5c"],
  ["a\\ b", "a\\x5c b"],
  ["a\\,b=1", "a\\x5c,b=1"],
  ["a\\=b", "a\\x5c=b"],
  ['a\\"b', 'a\\x5c"b'],
  ["a\\nb"],
  ["new\nline", "new\\x0aline"],
  ["ends in one\n", "ends in one\\x0a"],
  ["car\rriage", "car\\x0driage"],
  ["tab\there"],
  ["\u0000nul", "\\x00nul"],
  ["\u009bcsi", "\\x9bcsi"],
  ["#comment"],
  [" blanks  around "],
  ['comma,equals=quote"'],
  ['"quoted"'],
  ["'single'"],
  ["/var/lib/{subject}/a b,c=d.lp"],
  ["温度 é 😀"],
  ["time"],
];

test("each name is a series of its own, with the other tags and all counters behind it", async () => {
  await using influxd = await startInfluxd();
  await influxd.createDatabase("own");
  const write = async (body: string) => {
    const url = `http://127.0.0.1:${influxd.port}/write?db=own`;
    const response = await fetch(url, { method: "POST", body });
    return response.status === 204 ? "" : `${body}: ${await response.text()}`;
  };
  for (const [index, [name]] of NAMES.entries()) {
    const set = {
      measurement: "spout_stat_writer",
      tags: { writer: name, file_path: name, last: "x" },
      details: { kind: name },
      counts: { received: index, "invalid-time": 2 },
    };
    for (const line of printMetrics([set], "line", 0)) expect(await write(line)).toBe("");
    expect(await write(printLine(name, { [`k${name}`]: name }, { [`f${index}`]: 1 }))).toBe("");
  }
  const rows = await influxd.query(
    "own",
    'SELECT writer, file_path, "last", kind, received FROM spout_stat_writer',
  );
  const expected = NAMES.map(([name, stored = name], received) => ({
    writer: stored,
    file_path: stored,
    last: "x",
    kind: stored,
    received,
  }));
  const byReceived = rows.map(({ time: _time, ...row }) => row) as unknown as typeof expected;
  byReceived.sort((left, right) => left.received - right.received);
  expect(byReceived).toEqual(expected);

  const measurements = await influxd.query("own", "SHOW MEASUREMENTS");
  const stored = NAMES.map(([name, shown = name]) => shown.replace(/^#/, "\\x23"));
  expect(measurements.map((row) => row["name"]).sort()).toEqual(
    [...stored, "spout_stat_writer"].sort(),
  );
});

test("the monitor reads the same names", () => {
  for (const [name, stored = name] of NAMES) {
    const set = {
      measurement: "spout_stat_filter",
      tags: { filter: name, rule: name },
      counts: { n: 1 },
    };
    const [line = ""] = printMetrics([set], "line", 0);
    const [sample] = readCounterLine(line.slice(0, -1)) ?? [];
    expect(sample?.labels).toMatchObject({ component: "filter", name: stored, rule: stored });
  }
});
