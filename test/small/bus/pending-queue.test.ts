/**
 * What waits for a handler. Order, limits and promises are in the conformance suite of the bus; here is what that
 * cannot see: the turns of the event loop, and a queue given up.
 */
import { expect, test } from "bun:test";

import type { Delivery } from "../../../src/bus/bus.ts";
import { PendingQueue } from "../../../src/bus/pending-queue.ts";
import { eventually } from "../../support/eventually.ts";

function delivery(payload: Uint8Array = new Uint8Array(1)): Delivery {
  return { subject: "a", payload, done() {}, retry() {} };
}

function busyFor(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

/** Calls the handler with 100 deliveries; resolves with how many turns of the event loop passed meanwhile. */
async function turnsDuring(onDelivery: () => void | Promise<void>): Promise<number> {
  const queue = new PendingQueue({ pendingMaxBytes: 1000, onDelivery, onDropped() {} });
  for (let count = 0; count < 100; count++) queue.offer(delivery());
  let turns = 0;
  let isDone = false;
  const count = () => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await queue.finish();
  isDone = true;
  return turns;
}

test("hands on without pause while the handler is quick", async () => {
  expect(await turnsDuring(() => {})).toBeLessThan(20);
  expect(await turnsDuring(async () => {})).toBeLessThan(20);
});

test("lets the event loop run every few milliseconds while the handler is slow", async () => {
  // 100 ms of work in slices of 5 ms.
  expect(await turnsDuring(() => busyFor(1))).toBeGreaterThan(10);
  expect(await turnsDuring(async () => busyFor(1))).toBeGreaterThan(10);
});

/**
 * Offers views of five chunks of 100 bytes. The first is being handled while the others wait: 24 bytes of one chunk, twice
 * 12 of the next, then 25, then 12 and 13. Gives what arrived.
 */
async function deliverViews(onDelivery: () => void | Promise<void>): Promise<string[]> {
  const views = [[1], [24], [12, 12], [25], [12, 13]].flatMap((lengths) => {
    const chunk = new Uint8Array(100);
    return lengths.map((length) => chunk.subarray(0, length).fill(length));
  });
  const payloads: Uint8Array[] = [];
  const queue = new PendingQueue({
    pendingMaxBytes: 1000,
    onDelivery: ({ payload }) => (payloads.push(payload), onDelivery()),
    onDropped() {},
  });
  for (const view of views) queue.offer(delivery(view));
  await queue.finish();
  expect(payloads).toEqual(views);
  return payloads.map((payload, index) => (payload === views[index] ? "view" : "copy"));
}

test("copies what waits longer than a turn if it is a small part of what it keeps alive, and nothing else", async () => {
  const views = new Array<string>(7).fill("view");
  const copied = ["view", "copy", "copy", "copy", "view", "view", "view"];
  expect(await deliverViews(() => {})).toEqual(views);
  // Waits for a promise, or for the event loop to have had its turn.
  expect(await deliverViews(() => Bun.sleep(1))).toEqual(copied);
  expect(await deliverViews(() => busyFor(6))).toEqual(copied);
});

test("copies what comes while the handler takes its time", async () => {
  const release = Promise.withResolvers<void>();
  const payloads: Uint8Array[] = [];
  const queue = new PendingQueue({
    pendingMaxBytes: 1000,
    onDelivery: ({ payload }) => (payloads.push(payload), release.promise),
    onDropped() {},
  });
  queue.offer(delivery());
  await eventually("the first to be handled", () => payloads.length > 0);
  // The last chunk, of which more may follow, is looked at when the handler is given the next.
  for (const parts of [[10], [10, 15], [10]]) {
    const chunk = new Uint8Array(100);
    for (const part of parts) queue.offer(delivery(chunk.subarray(0, part)));
  }
  release.resolve();
  await queue.finish();
  expect(payloads.map((payload) => payload.buffer.byteLength)).toEqual([1, 10, 100, 100, 10]);
});

test("keeps little more memory alive than waits while the handler takes its time", async () => {
  const dropped: Uint8Array[] = [];
  let handled = 0;
  const queue = new PendingQueue({
    pendingMaxBytes: 1_000_000,
    onDelivery: () => (++handled <= 50 ? Promise.resolve() : new Promise<void>(() => {})),
    onDropped: (payload) => void dropped.push(payload),
  });
  for (let count = 0; count < 51; count++) queue.offer(delivery());
  await eventually("the last of them to be handled", () => handled === 51);
  for (let count = 0; count < 100; count++) {
    const chunk = new Uint8Array(10_000);
    for (let view = 0; view < 3; view++) queue.offer(delivery(chunk.subarray(0, 10)));
  }
  queue.abandon();
  expect(dropped).toHaveLength(300);
  const kept = [...new Set(dropped.map(({ buffer }) => buffer))];
  // What waits, and the last chunk.
  expect(kept.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBe(297 * 10 + 10_000);
});

test("bounds how many wait, however small they are", async () => {
  let dropped = 0;
  let delivered = 0;
  const queue = new PendingQueue({
    pendingMaxBytes: Infinity,
    onDelivery: () => void delivered++,
    onDropped: () => void dropped++,
  });
  const empty = delivery(new Uint8Array(0));
  for (let count = 0; count < 524_288 + 3; count++) queue.offer(empty);
  expect(dropped).toBe(3);
  await queue.finish();
  expect(delivered).toBe(524_288);
});

test("drops a payload that alone exceeds the limit", () => {
  const dropped: Uint8Array[] = [];
  const queue = new PendingQueue({
    pendingMaxBytes: 9,
    onDelivery() {},
    onDropped: (payload) => void dropped.push(payload),
  });
  const payload = new Uint8Array(10);
  for (let time = 1; time <= 2; time++) queue.offer(delivery(payload));
  expect(dropped).toEqual([payload, payload]);
  expect(queue.bytes).toBe(0);
});

test("given up: drops what waits and what still comes, and a finish under way ends", async () => {
  const dropped: number[] = [];
  const release = Promise.withResolvers<void>();
  let delivered = 0;
  const queue = new PendingQueue({
    pendingMaxBytes: 100,
    onDelivery: () => (delivered++, release.promise),
    onDropped: (payload) => void dropped.push(payload.length),
  });
  for (const length of [1, 2, 3]) queue.offer(delivery(new Uint8Array(length)));
  await eventually("the first to be handled", () => delivered === 1);
  const finished = queue.finish();
  queue.offer(delivery(new Uint8Array(4)));
  queue.abandon();
  await finished;
  release.resolve();
  await Bun.sleep(0);
  expect({ delivered, dropped, bytes: queue.bytes }).toEqual({
    delivered: 1,
    dropped: [4, 2, 3],
    bytes: 0,
  });
});

test("finishes at once where nothing waits, also twice", async () => {
  const queue = new PendingQueue({ pendingMaxBytes: 1, onDelivery() {}, onDropped() {} });
  await queue.finish();
  await queue.finish();
});
