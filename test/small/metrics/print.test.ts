/** The messages for the monitor subject, in both forms. Expected values: what 1.x and 2.x published. */
import { describe, expect, test } from "bun:test";
import { hostname } from "node:os";

import { printMetrics } from "../../../src/metrics/print.ts";
import { STARTED_MS } from "../../../src/platform/host.ts";

const HOST = hostname();

const SETS = [
  {
    measurement: "spout_stat_filter",
    tags: { filter: "a b" },
    details: { kind: 'odd "one"' },
    counts: { processed: 12, passed: 10, "invalid-time": 2 },
  },
  {
    measurement: "spout_stat_filter_rule",
    tags: { filter: "a b", rule: "hosts", index: "" },
    counts: { triggered: 10 },
  },
];

describe("in line protocol", () => {
  test("a set is one line in the declared order, what 1.x did not tell behind what it did", () => {
    expect(printMetrics(SETS, "line", 1234.5)).toEqual([
      `spout_stat_filter,filter=a\\ b,kind=odd\\ "one",host=${HOST} processed=12,passed=10,invalid-time=2,started_ms=${STARTED_MS}\n`,
      `spout_stat_filter_rule,filter=a\\ b,rule=hosts,host=${HOST} triggered=10,started_ms=${STARTED_MS}\n`,
    ]);
  });
});

describe("in the form of 2.x", () => {
  test("a set is one message of lines in the order of their text, with milliseconds", () => {
    const labels = `component="filter",host="${HOST}"`;
    const kind = String.raw`kind="odd \"one\""`;
    expect(printMetrics(SETS, "prometheus", 1_795_337_038_187.9)).toEqual([
      `invalid_time{${labels},${kind},name="a b"} 2 1795337038187\n` +
        `passed{${labels},${kind},name="a b"} 10 1795337038187\n` +
        `processed{${labels},${kind},name="a b"} 12 1795337038187\n`,
      `triggered{${labels},name="a b",rule="hosts"} 10 1795337038187\n`,
    ]);
  });

  test("large counters are whole numbers without an exponent", () => {
    const sets = [{ measurement: "m", tags: { c: "n" }, counts: { bytes: 2 ** 53 - 1 } }];
    expect(printMetrics(sets, "prometheus", 5)).toEqual([
      `bytes{component="c",host="${HOST}",name="n"} 9007199254740991 5\n`,
    ]);
  });
});
