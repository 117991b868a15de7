/** Counters read back from line protocol: from what 1.x published, and from what this program prints. */
import { describe, expect, test } from "bun:test";

import { printMetrics } from "../../../src/metrics/print.ts";
import { samplesHere } from "../../../src/metrics/samples.ts";
import { readCounterLine } from "../../../src/monitor/counter-line.ts";

describe("lines of 1.x", () => {
  test("of a listener and of a filter become samples, as floats or as integers", () => {
    expect(
      readCounterLine("spout_stat_listener,listener=udp received=5,sent=1i,read_errors=0"),
    ).toEqual([
      { name: "received", labels: { component: "listener", name: "udp" }, value: 5 },
      { name: "sent", labels: { component: "listener", name: "udp" }, value: 1 },
      { name: "read_errors", labels: { component: "listener", name: "udp" }, value: 0 },
    ]);
    expect(
      readCounterLine("spout_stat_filter,filter=f invalid-time=2 1500000000000000000"),
    ).toEqual([{ name: "invalid_time", labels: { component: "filter", name: "f" }, value: 2 }]);
  });

  test("of rules and writers keep their tags", () => {
    expect(readCounterLine("spout_stat_filter_rule,filter=f,rule=hosts triggered=7")).toEqual([
      { name: "triggered", labels: { component: "filter", name: "f", rule: "hosts" }, value: 7 },
    ]);
    const tags = "writer=w,influxdb_address=db,influxdb_port=8086,influxdb_dbname=metrics";
    expect(readCounterLine(`spout_stat_writer,${tags} write_requests=1.5e3`)).toEqual([
      {
        name: "write_requests",
        labels: {
          component: "writer",
          name: "w",
          influxdb_address: "db",
          influxdb_port: "8086",
          influxdb_dbname: "metrics",
        },
        value: 1500,
      },
    ]);
  });

  test("that hold no counters are line protocol all the same", () => {
    expect(readCounterLine('spout_mon type="listener",state="boot",pid=5')).toEqual([]);
    expect(readCounterLine("writer_drop total=5,diff=2 1500000000000000000")).toEqual([]);
    expect(readCounterLine("spout_stat_x,x=y up=t")).toEqual([]);
  });
});

test("what is no line protocol is told from what is", () => {
  for (const line of ["", "hello", "a b", "a,b c=1", "# comment", 'spout_stat_x,x=y v="open']) {
    expect([line, readCounterLine(line)]).toEqual([line, undefined]);
  }
});

test("whatever is printed is read back, however odd its texts are", () => {
  for (const text of ["a b", "c,d", "e=f", 'g"h', "\u00fc", " =, "]) {
    const set = {
      measurement: "spout_stat_filter_rule",
      tags: { filter: text, rule: `x${text}` },
      details: { kind: `say "${text}"` },
      counts: { triggered: 1234567, "in,valid": 2 },
    };
    const [line = ""] = printMetrics([set], "line", 0);
    expect(readCounterLine(line.trimEnd())).toEqual(samplesHere(set));
  }
});

test("a backslash escapes what line protocol wants escaped, and is itself elsewhere", () => {
  const line = String.raw`spout_stat_x,x=C:\temp\\n,y=a\,b\ c v=1,w="say \"a\\b\""`;
  expect(readCounterLine(line)).toEqual([
    {
      name: "v",
      labels: {
        component: "x",
        name: String.raw`C:\temp\\n`,
        y: "a,b c",
        w: String.raw`say "a\b"`,
      },
      value: 1,
    },
  ]);
});
