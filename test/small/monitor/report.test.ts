/** Messages from the monitor subject: every line of them is taken, ignored or refused, and counted. */
import { expect, test } from "bun:test";

import { Counters } from "../../../src/metrics/counters.ts";
import { printLabels } from "../../../src/metrics/samples.ts";
import { MONITOR_COUNTERS } from "../../../src/monitor/counters.ts";
import { takeReport } from "../../../src/monitor/report.ts";
import { Series } from "../../../src/monitor/series.ts";
import { ManualClock } from "../../support/manual-clock.ts";

function setUp(max = 100) {
  const series = new Series({ max, expiryMs: 60_000, clock: new ManualClock() });
  const counters = new Counters(MONITOR_COUNTERS);
  const log: string[] = [];
  const note = (text: string) => void log.push(text);
  const deps = { series, counters, logInvalid: note, logFull: note };
  return {
    counters,
    log,
    take: (text: string) => takeReport(new TextEncoder().encode(text), deps),
    known: () =>
      series.samples().map(({ name, labels, value }) => `${name}${printLabels(labels)} ${value}`),
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
