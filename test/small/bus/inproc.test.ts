/**
 * The bus inside one process, beyond what all buses promise (the conformance suite): nothing is copied, nothing is
 * held on the way out, and closing goes by the clock that was passed in.
 */
import { expect, test } from "bun:test";

import type { Delivery } from "../../../src/bus/bus.ts";
import { eventually } from "../../support/eventually.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { connected, MIB, settle, stuck, subscribe } from "./inproc-support.ts";

test("delivers the published bytes themselves, to every subscriber", async () => {
  const open = connected();
  const inboxes = [
    await subscribe(open(), "a"),
    await subscribe(open(), "*"),
    await subscribe(open(), "a", { queue: "q" }),
  ];
  const whole = new Uint8Array(10);
  const view = new Uint8Array(100).subarray(20, 30);
  const bus = open();
  await bus.publish("a", whole);
  await bus.publish("a", view);
  await settle();
  for (const { payloads } of inboxes) {
    expect(payloads.length).toBe(2);
    expect(payloads[0]).toBe(whole);
    expect(payloads[1]).toBe(view);
  }
});

test("delivers a Buffer's bytes uncopied as well", async () => {
  const bus = connected()();
  const { payloads } = await subscribe(bus, "a");
  const buffer = Buffer.alloc(100).subarray(20, 30);
  await bus.publish("a", buffer);
  await settle();
  expect(
    payloads.map(({ buffer, byteOffset, length }) => ({ buffer, byteOffset, length })),
  ).toEqual([{ buffer: buffer.buffer, byteOffset: buffer.byteOffset, length: 10 }]);
  expect(payloads[0]?.buffer).toBe(buffer.buffer);
});

test("has handed over what was published when publish returns", async () => {
  const open = connected();
  const inbox = await subscribe(open(), "a");
  const publisher = open();
  void publisher.publish("a", new Uint8Array(7));
  expect({ pending: inbox.pendingBytes(), delivered: inbox.payloads }).toEqual({
    pending: 7,
    delivered: [],
  });
  // Also where it ends at once.
  await publisher.close(0);
  await settle();
  expect(inbox.payloads).toEqual([new Uint8Array(7)]);
});

test("always has room: subscribers drop, publishers are not held up", async () => {
  const open = connected();
  const full = await subscribe(open(), "a", { ...stuck, pendingMaxBytes: MIB });
  const inbox = await subscribe(open(), "a");
  const publisher = open();
  const payloads = Array.from({ length: 100 }, () => new Uint8Array(MIB));
  for (const payload of payloads) void publisher.publish("a", payload);
  expect(publisher.hasRoom()).toBe(true);
  // The handler was not called yet, so one waits.
  expect(full.dropped).toEqual(payloads.slice(1));
  await settle();
  expect(inbox.payloads.length).toBe(100);
  expect(inbox.dropped).toEqual([]);
});

test("takes a mebibyte at once, as a NATS server does", () => {
  expect(connected()().maxPayloadBytes()).toBe(1_048_576);
});

test("is up from the first moment, and closed at the end of close", async () => {
  const clock = new ManualClock();
  const bus = connected(clock)();
  const states = [bus.state()];
  await subscribe(bus, "a", stuck);
  await bus.publish("a", new Uint8Array(1));
  const closing = bus.close(1000);
  states.push(bus.state());
  expect(bus.hasRoom()).toBe(false);
  clock.advance(1000);
  await closing;
  states.push(bus.state());
  expect(states).toEqual(["up", "up", "closed"]);
});

test("closes without waiting for the deadline, and leaves no timer", async () => {
  const clock = new ManualClock();
  const bus = connected(clock)();
  const inbox = await subscribe(bus, "a");
  await bus.publish("a", new Uint8Array(1));
  await bus.close(1000);
  expect({ delivered: inbox.payloads.length, timers: clock.timerCount }).toEqual({
    delivered: 1,
    timers: 0,
  });
});

test("counts at the deadline what waits, also behind a drain that began before", async () => {
  const clock = new ManualClock();
  const bus = connected(clock)();
  const first = await subscribe(bus, "a", stuck);
  const second = await subscribe(bus, "a", stuck);
  for (let size = 1; size <= 3; size++) await bus.publish("a", new Uint8Array(size));
  await eventually(
    "one in the hands of each",
    () => first.pendingBytes() + second.pendingBytes() === 10,
  );
  const drained = first.drain();
  const closing = bus.close(50);
  clock.advance(49);
  await settle();
  expect(first.dropped).toEqual([]);
  clock.advance(1);
  await Promise.all([closing, drained]);
  for (const { dropped } of [first, second]) {
    expect(dropped.map(({ length }) => length)).toEqual([2, 3]);
  }
});

test("closing one bus takes nothing from the subscriptions of another", async () => {
  const open = connected();
  const [closing, other] = [open(), open()];
  const [gone, inbox] = [await subscribe(closing, "a"), await subscribe(other, "a")];
  await closing.publish("a", new Uint8Array(1));
  await closing.close(1000);
  await other.publish("a", new Uint8Array(2));
  await settle();
  expect([gone, inbox].map(({ payloads }) => payloads.map(({ length }) => length))).toEqual([
    [1],
    [1, 2],
  ]);
});

test("hands out done and retry that work on their own and do nothing", async () => {
  const bus = connected()();
  const deliveries: Delivery[] = [];
  await subscribe(bus, "a", { onDelivery: (delivery) => void deliveries.push(delivery) });
  await bus.publish("a", new Uint8Array(1));
  await settle();
  for (const { done, retry } of deliveries) {
    done();
    retry();
  }
  await settle();
  expect(deliveries.map(({ subject }) => subject)).toEqual(["a"]);
});
