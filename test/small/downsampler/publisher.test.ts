/** Goal: what has ended is published once the bus has room; what never finds room is counted; nothing piles up. */
import { expect, test } from "bun:test";

import { DOWNSAMPLER_COUNTERS } from "../../../src/downsampler/counters.ts";
import { Period } from "../../../src/downsampler/period.ts";
import { Publisher } from "../../../src/downsampler/publisher.ts";
import { newFields, readFields } from "../../../src/line/fields.ts";
import { newLineOffsets, scanLine } from "../../../src/line/scan.ts";
import { Counters } from "../../../src/metrics/counters.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { RecordingDrops } from "../../support/recording-drops.ts";
import { MemoryBus } from "../listener/memory-bus.ts";
import { periodOptions } from "./average.ts";

/** A period with `count` series `name0`, `name1`... */
function periodOf(name: string, count: number): Period {
  const period = new Period(periodOptions({ seriesMax: 100_000, sizeMaxBytes: 1024 ** 3 }));
  const offsets = newLineOffsets();
  const fields = newFields();
  for (let index = 0; index < count; index++) {
    const payload = new TextEncoder().encode(`${name}${index} v=1`);
    scanLine(payload, 0, payload.length, offsets);
    readFields(payload, offsets, fields);
    period.add(payload, offsets, fields);
  }
  return period;
}

function setUp() {
  const bus = new MemoryBus();
  const clock = new ManualClock();
  const counters = new Counters(DOWNSAMPLER_COUNTERS);
  const drops = new RecordingDrops();
  const publisher = new Publisher({
    bus,
    subject: "a-archive",
    functions: [],
    counters,
    clock,
    drops,
  });
  const add = (name: string, count: number, endNs = 5n) =>
    publisher.add({ period: periodOf(name, count), endNs });
  const counts = () => {
    const { sent, sent_lines, failed_nats_publish, dropped_nats_lines } = counters.snapshot();
    return { sent, sent_lines, failed_nats_publish, dropped_nats_lines };
  };
  return { bus, clock, counters, losses: drops.told, publisher, add, counts };
}

/** Resolves when the first message is out, and before the second: between them the event loop has its turn. */
async function firstMessage(bus: MemoryBus): Promise<void> {
  for (let turn = 0; bus.published.length === 0 && turn < 100; turn++) await Promise.resolve();
  expect(bus.published).toHaveLength(1);
}

/** Lets what waits for the bus ask it again. */
async function settle(clock: ManualClock): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    clock.advance(50);
    await new Promise(setImmediate);
  }
}

test("periods are published in order, each with its end as the time", async () => {
  const { bus, publisher, add, counts } = setUp();
  add("a", 2, 60_000_000_000n);
  add("b", 1, 120_000_000_000n);
  await publisher.finish();
  expect(bus.published).toEqual([
    ["a-archive", "a0 v=1 60000000000\na1 v=1 60000000000\n"],
    ["a-archive", "b0 v=1 120000000000\n"],
  ]);
  expect(counts()).toEqual({
    sent: 2,
    sent_lines: 3,
    failed_nats_publish: 0,
    dropped_nats_lines: 0,
  });
  add("c", 1);
  await publisher.finish();
  expect(bus.texts.at(-1)).toBe("c0 v=1 5\n");
});

test("no message is larger than the server takes, whatever it says meanwhile", async () => {
  const { bus, publisher, add, counts } = setUp();
  bus.maxBytes = 20;
  add("a", 5);
  await firstMessage(bus);
  bus.maxBytes = 10;
  await publisher.finish();
  expect(bus.texts).toEqual(["a0 v=1 5\na1 v=1 5\n", "a2 v=1 5\n", "a3 v=1 5\n", "a4 v=1 5\n"]);
  expect(counts()).toMatchObject({ sent: 1, sent_lines: 5 });
});

test("while the bus has no room it waits, and then publishes all", async () => {
  const { bus, clock, publisher, add, counts, losses } = setUp();
  bus.roomBytes = 0;
  add("a", 1);
  add("b", 1);
  add("c", 1);
  await settle(clock);
  expect(bus.published).toEqual([]);
  bus.roomBytes = 1024;
  await settle(clock);
  await publisher.finish();
  expect(bus.texts).toEqual(["a0 v=1 5\n", "b0 v=1 5\n", "c0 v=1 5\n"]);
  expect(counts()).toMatchObject({ sent: 3, dropped_nats_lines: 0 });
  expect(losses).toEqual([]);
  expect(clock.timerCount).toBe(0);
});

test("a fourth period drops the first of those that wait", async () => {
  const { bus, clock, publisher, add, counts, losses } = setUp();
  bus.roomBytes = 0;
  add("a", 3);
  add("b", 1);
  add("c", 1);
  add("d", 1);
  add("e", 1);
  await settle(clock);
  expect(counts()).toEqual({
    sent: 0,
    sent_lines: 0,
    failed_nats_publish: 2,
    dropped_nats_lines: 4,
  });
  expect(losses).toEqual([
    "3 for [a-archive]: NATS has no room, and another one would wait too long",
    "1 for [a-archive]: NATS has no room, and another one would wait too long",
  ]);
  bus.roomBytes = 1024;
  await settle(clock);
  await publisher.finish();
  expect(bus.texts).toEqual(["c0 v=1 5\n", "d0 v=1 5\n", "e0 v=1 5\n"]);
});

test("of a period that is dropped in its middle, what was published counts as such", async () => {
  const { bus, clock, publisher, add, counts } = setUp();
  bus.maxBytes = 20;
  add("a", 5);
  await firstMessage(bus);
  bus.roomBytes = 0;
  await settle(clock);
  publisher.giveUp();
  await settle(clock);
  await publisher.finish();
  expect(bus.texts).toEqual(["a0 v=1 5\na1 v=1 5\n"]);
  expect(counts()).toEqual({
    sent: 1,
    sent_lines: 2,
    failed_nats_publish: 1,
    dropped_nats_lines: 3,
  });
});

test("what the bus refuses all the same is counted, and the rest goes on", async () => {
  const { bus, publisher, add, counts, losses } = setUp();
  bus.takes = 1;
  bus.maxBytes = 20;
  add("a", 5);
  await publisher.finish();
  expect(bus.texts).toEqual(["a0 v=1 5\na1 v=1 5\n"]);
  expect(counts()).toEqual({
    sent: 1,
    sent_lines: 2,
    failed_nats_publish: 2,
    dropped_nats_lines: 3,
  });
  expect(losses[0]).toBe("2 for [a-archive]: NATS takes them too slowly (nats_max_outbound_size)");
});

test("after giving up nothing waits, and all is counted", async () => {
  const { bus, clock, publisher, add, counts } = setUp();
  bus.roomBytes = 0;
  add("a", 2);
  add("b", 3);
  publisher.giveUp();
  await settle(clock);
  await publisher.finish();
  expect(counts()).toEqual({
    sent: 0,
    sent_lines: 0,
    failed_nats_publish: 2,
    dropped_nats_lines: 5,
  });
  expect(clock.timerCount).toBe(0);
});

test("lines that are too long, and sums that are too large, are counted when the period is done", async () => {
  const { bus, publisher, add, counters, losses } = setUp();
  bus.maxBytes = 12;
  add("a", 1);
  add(`${"b".repeat(10)}`, 2);
  await publisher.finish();
  expect(bus.texts).toEqual(["a0 v=1 5\n"]);
  expect(counters.get("dropped_long_lines")).toBe(2);
  const why = "longer than the NATS server's max_payload, or InfluxDB would read on behind them";
  expect(losses).toEqual([`2 for [a-archive]: ${why}`]);
});
