/** Messages dropped in front of the writer: counted at once, told once a change. */
import { expect, test } from "bun:test";

import { Counters } from "../../../src/metrics/counters.ts";
import { WRITER_COUNTERS } from "../../../src/writer/counters.ts";
import { createDropWatch } from "../../../src/writer/drop-watch.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { RecordingDrops } from "../../support/recording-drops.ts";

function setUp(offsetNs = 0) {
  const counters = new Counters(WRITER_COUNTERS);
  const drops = new RecordingDrops();
  const clock = new ManualClock(1_500_000_000_123);
  const pendingMaxBytes = 200 * 1024 * 1024;
  const watch = createDropWatch({
    subject: "in.*",
    pendingMaxBytes,
    offsetNs,
    counters,
    clock,
    drops,
  });
  const drop = (text: string) => watch.onDropped(new TextEncoder().encode(text));
  return { counters, dropped: drops.told, clock, watch, drop };
}

test("counts messages and lines", () => {
  const { counters, drop } = setUp();
  drop("a v=1\nb v=2\n");
  drop("c v=3");
  expect(counters.snapshot()).toMatchObject({
    nats_dropped: 2,
    nats_dropped_lines: 3,
    received: 0,
    received_lines: 0,
  });
});

test("prints the line of 1.x whenever the count has changed, and only then", () => {
  const { watch, clock, drop } = setUp();
  expect(watch.report()).toBeUndefined();
  drop("a v=1\n");
  drop("a v=2\n");
  expect(watch.report()).toBe("writer_drop total=2,diff=2 1500000000123000000\n");
  expect(watch.report()).toBeUndefined();
  clock.advance(1000);
  drop("a v=3\n");
  expect(watch.report()).toBe("writer_drop total=3,diff=1 1500000001123000000\n");
});

test("gives each subscription a time of its own, so that InfluxDB keeps both points", () => {
  const { watch, drop } = setUp(7);
  drop("a v=1\n");
  expect(watch.report()).toBe("writer_drop total=1,diff=1 1500000000123000007\n");
});

test("tells what was lost where, and which option it is about", () => {
  const { dropped, drop } = setUp();
  drop("a v=1\nb v=2\n");
  expect(dropped).toEqual(["2 from [in.*]: more than 200MB waited (nats_max_pending_size)"]);
});
