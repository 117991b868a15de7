/** Messages from the monitor subject: every line of them is taken, ignored or refused, and counted. */
import { expect, test } from "bun:test";

import { Counters } from "../../../src/metrics/counters.ts";
import { MONITOR_COUNTERS } from "../../../src/monitor/counters.ts";
import { takeReport } from "../../../src/monitor/report.ts";
import { Series } from "../../../src/monitor/series.ts";
import { ManualClock } from "../../support/manual-clock.ts";

function setUp(max = 100, maxBytes = 100_000) {
  const series = new Series({ max, maxBytes, expiryMs: 60_000, clock: new ManualClock() });
  const counters = new Counters(MONITOR_COUNTERS);
  const log: string[] = [];
  const note = (text: string) => void log.push(text);
  const deps = {
    series,
    counters,
    log: {
      invalid: (_reason: string, text: string) => note(text),
      keptApart: note,
      tooLong: note,
      tooMany: note,
      tooManyNames: note,
      tooLarge: note,
    },
  };
  return {
    counters,
    log,
    take: (text: string) => takeReport(new TextEncoder().encode(text), deps),
    known: () =>
      Array.from(series.samples(), ({ name, labels, value }) => `${name}${labels} ${value}`),
  };
}

test("counters of 1.x, of 2.x and of this program are known side by side", () => {
  const { take, known, log } = setUp();
  take("spout_stat_listener,listener=old received=5\n");
  take('received{component="listener",host="b",name="newer"} 6 1795337038187\nsent{} 1 5\n');
  take('triggered{component="filter",host="b",name="f",rule="r"} 7 1795337038187');
  take('spout_stat_listener,listener=ours received=8,mode="listener_http",host="c"\r\n\n');
  expect(known()).toEqual([
    'received{component="listener",name="old"} 5',
    'received{component="listener",host="b",name="newer"} 6',
    "sent 1",
    'triggered{component="filter",host="b",name="f",rule="r"} 7',
    'received{component="listener",host="c",mode="listener_http",name="ours"} 8',
  ]);
  expect(log).toEqual([]);
});

test("a bad line costs no other: it is counted, and told with its number and what 2.x said of it", () => {
  const { take, known, counters, log } = setUp();
  take("a_1 1\nfoo 12.32\nb_2 2\n");
  take("foo{");
  take("\xff\xfe");
  expect(known()).toEqual(["a_1 1", "b_2 2"]);
  expect(log.slice(0, 2)).toEqual([
    'invalid metrics received: line 2: invalid value: "foo 12.32"',
    'invalid metrics received: line 1: invalid label: "foo{"',
  ]);
  expect(counters.get("invalid_lines")).toBe(3);
});

test("every line ends under one name", () => {
  const { take, counters } = setUp();
  take('spout_mon type="listener",state="boot",pid=5\n');
  take("a_1 1\n\nspout_stat_filter,filter=f passed=1,processed=2\nbroken\n");
  expect(counters.snapshot()).toMatchObject({
    received: 2,
    received_lines: 4,
    metric_lines: 2,
    ignored_lines: 1,
    invalid_lines: 1,
  });
});

test("counters beyond the limit are counted and told", () => {
  const { take, known, counters, log } = setUp(2);
  take("spout_stat_filter,filter=f passed=1,processed=2,rejected=3\n");
  expect(known()).toHaveLength(2);
  expect(counters.get("dropped_series")).toBe(1);
  expect(log).toEqual([
    'dropped rejected{component="filter",name="f"}: there are too many different counters (monitor_max_series)',
  ]);
});

test("what is too much in bytes, and what is too long, is counted and told for itself, a part of it", () => {
  const { take, known, counters, log } = setUp(100, 1000);
  take(`n{a="${"x".repeat(9000)}"} 1\n`);
  take(`spout_stat_filter,filter=${"x".repeat(9000)} passed=1,processed=2\n`);
  take(`n{a="${"x".repeat(2000)}"} 1\nn 2\n`);
  expect(known()).toEqual(["n 2"]);
  expect(counters.snapshot()).toMatchObject({
    metric_lines: 4,
    dropped_long_labels: 3,
    dropped_size: 1,
    dropped_series: 0,
  });
  expect(log[0]).toBe(
    `dropped n{a="${"x".repeat(195)}...: its name and component have more than 128 characters, or name and labels more than 8192`,
  );
  expect(log[3]).toBe(
    `dropped n{a="${"x".repeat(195)}...: the names and labels of all counters take too much memory (monitor_max_size)`,
  );
});

test("a line of more than 64 KB is not read, and costs no other", () => {
  const { take, known, counters, log } = setUp();
  const long = `spout_stat_filter,filter=f ${"a=1,".repeat(16_377)}a=1`;
  expect(long).toHaveLength(64 * 1024 + 2);
  take(`a_1 1\n${long}\n${long.slice(2)}\nb_2 2\n`);
  expect(known()).toEqual(["a_1 1", "b_2 2"]);
  // What is two bytes shorter is read: it holds no counters.
  expect(counters.snapshot()).toMatchObject({
    received_lines: 4,
    metric_lines: 2,
    ignored_lines: 1,
    invalid_lines: 1,
  });
  expect(log[0]).toStartWith(
    'invalid metrics received: line 2: 65538 bytes, 65536 at most: "spout_stat_filter,filter=f a=1,',
  );
});

test("two processes that tell the same counters are told, those of one that was started again are not", () => {
  const { take, known, log } = setUp();
  const line = (passed: number, startedMs: number) =>
    `spout_stat_filter,filter=f,host=vm passed=${passed},started_ms=${startedMs}\n`;
  take(line(100, 1000));
  take(line(1, 2000));
  expect(log).toEqual([]);
  take(line(101, 1000));
  expect(known()).toEqual([
    'passed{component="filter",host="vm",name="f"} 1',
    'passed{component="filter",host="vm",name="f",started="1970-01-01T00:00:01.000Z"} 101',
  ]);
  expect(log).toEqual([
    'two processes tell passed{component="filter",host="vm",name="f"}: here the one that was started first has the label "started"; give each component a name of its own',
  ]);
  // No time that a Date takes.
  for (const odd of ["-5", "1e300", '"x"']) {
    take(`spout_stat_filter,filter=odd passed=1,started_ms=${odd}\n`);
  }
  expect(log).toHaveLength(1);
});
