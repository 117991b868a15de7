/** Counters under the names and labels of 2.x. Expected values: the tables of what 2.x published. */
import { describe, expect, test } from "bun:test";
import { hostname } from "node:os";

import {
  metricName,
  printLabels,
  type Sample,
  samplesHere,
  samplesOf,
} from "../../../src/metrics/samples.ts";

const textOf = ({ name, labels, value }: Sample) => `${name}${printLabels(labels)} ${value}`;

describe("the samples of a set", () => {
  test("have its first tag as component and name, and the counters' names without hyphens", () => {
    const set = {
      measurement: "spout_stat_filter",
      tags: { filter: "sorter" },
      details: { host: "vm" },
      counts: { passed: 5, "invalid-time": 1 },
    };
    expect(samplesOf(set).map(textOf)).toEqual([
      'passed{component="filter",host="vm",name="sorter"} 5',
      'invalid_time{component="filter",host="vm",name="sorter"} 1',
    ]);
  });

  test("have its other tags and its details as labels", () => {
    const rule = {
      measurement: "spout_stat_filter_rule",
      tags: { filter: "sorter", rule: "hosts", index: "" },
      details: { host: "vm" },
      counts: { triggered: 7 },
    };
    expect(samplesOf(rule).map(textOf)).toEqual([
      'triggered{component="filter",host="vm",name="sorter",rule="hosts"} 7',
    ]);
    const writer = {
      measurement: "spout_stat_writer",
      tags: {
        writer: "w",
        influxdb_address: "db",
        influxdb_port: "8086",
        influxdb_dbname: "metrics",
      },
      counts: { write_requests: 3 },
    };
    expect(samplesOf(writer).map(textOf)).toEqual([
      'write_requests{component="writer",influxdb_address="db",influxdb_dbname="metrics",influxdb_port="8086",name="w"} 3',
    ]);
  });

  test("leave out sums of what the writer tells by subject, so that nobody adds them up twice", () => {
    const counts = { nats_dropped: 3, nats_dropped_lines: 30 };
    const whole = { measurement: "spout_stat_writer", tags: { writer: "w" }, counts };
    const part = {
      measurement: "spout_stat_writer_subject",
      tags: { writer: "w", subject: "hosts" },
      counts,
    };
    const filter = { measurement: "spout_stat_filter", tags: { filter: "f" }, counts };
    expect(samplesOf(whole)).toEqual([]);
    expect(samplesOf(part).map(textOf)).toEqual([
      'nats_dropped{component="writer",name="w",subject="hosts"} 3',
      'nats_dropped_lines{component="writer",name="w",subject="hosts"} 30',
    ]);
    expect(samplesOf(filter)).toHaveLength(2);
  });

  test("of this machine have its name as host", () => {
    const set = {
      measurement: "spout_stat_monitor",
      tags: { monitor: "m" },
      details: { mode: "x" },
      counts: { received: 1 },
    };
    expect(samplesHere(set)[0]?.labels).toEqual({
      component: "monitor",
      name: "m",
      mode: "x",
      host: hostname(),
    });
  });
});

describe("names and values that Prometheus would refuse", () => {
  test("become ones that it takes", () => {
    expect(metricName("invalid-time")).toBe("invalid_time");
    expect(metricName("5xx")).toBe("_5xx");
    expect(metricName("")).toBe("_");
    expect(metricName("été")).toBe("_t_");
    const set = {
      measurement: "m",
      tags: { kind: "n", "a-b": "1", "9a": "2", __name__: "3" },
      counts: { n: 1 },
    };
    expect(Object.keys(samplesOf(set)[0]?.labels ?? {}).sort()).toEqual([
      "_9a",
      "_name__",
      "a_b",
      "component",
      "name",
    ]);
  });

  test("are escaped in a label", () => {
    expect(printLabels({ b: 'say "hi"', a: "C:\\temp\nnext" })).toBe(
      String.raw`{a="C:\\temp\nnext",b="say \"hi\""}`,
    );
  });
});

test("labels without a value are none", () => {
  expect(printLabels({})).toBe("");
  expect(printLabels({ host: "" })).toBe("");
});
