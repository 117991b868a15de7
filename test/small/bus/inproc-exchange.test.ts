/**
 * Who receives what is published inside one process: routes follow the subscriptions and are bounded, and members of
 * a queue group are chosen by what waits for them. Method: through the buses, as the exchange is seen by nobody else.
 */
import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";

import { connected, type Inbox, MIB, settle, stuck, subscribe } from "./inproc-support.ts";

test("connects only buses of the same process", async () => {
  const [left, right] = [connected()(), connected()()];
  const inbox = await subscribe(left, ">");
  await right.publish("a", new Uint8Array(1));
  await settle();
  expect(inbox.payloads).toEqual([]);
});

test("leads each payload to those who are subscribed at that moment", async () => {
  const bus = connected()();
  const lengths = (inbox: Inbox) => inbox.payloads.map(({ length }) => length);
  await bus.publish("a.b", new Uint8Array(1));
  const early = await subscribe(bus, "a.b");
  await bus.publish("a.b", new Uint8Array(2));
  const late = await subscribe(bus, "a.*");
  await bus.publish("a.b", new Uint8Array(3));
  await early.drain();
  await bus.publish("a.b", new Uint8Array(4));
  await late.drain();
  await bus.publish("a.b", new Uint8Array(5));
  await settle();
  expect([lengths(early), lengths(late)]).toEqual([
    [2, 3],
    [3, 4],
  ]);
});

test("gives the members of a queue group their turns while all keep up", async () => {
  const open = connected();
  const bus = open();
  const members: Inbox[] = [];
  for (let count = 0; count < 3; count++)
    members.push(await subscribe(open(), ">", { queue: "q" }));
  const counts = () => members.map(({ payloads }) => payloads.length);
  // One subject.
  for (let count = 0; count < 30; count++) {
    await bus.publish("a", new Uint8Array(1));
    await settle();
  }
  expect(counts()).toEqual([10, 10, 10]);
  // One subject each, so that no route is used twice.
  for (let count = 0; count < 30; count++) {
    await bus.publish(`b.${count}`, new Uint8Array(1));
    await settle();
  }
  expect(counts()).toEqual([20, 20, 20]);
});

test("passes over members of a queue group for whom more waits than for others", async () => {
  const open = connected();
  const bus = open();
  const slow = await subscribe(open(), "a", { ...stuck, queue: "q", pendingMaxBytes: 100 });
  const [left, right] = [
    await subscribe(open(), "a", { queue: "q" }),
    await subscribe(open(), "a", { queue: "q" }),
  ];
  for (let count = 0; count < 100; count++) {
    await bus.publish("a", new Uint8Array(100));
    await settle();
  }
  // One in its hands, one waiting: from then on the others have less.
  expect({ pending: slow.pendingBytes(), dropped: slow.dropped }).toEqual({
    pending: 100,
    dropped: [],
  });
  expect([left.payloads.length, right.payloads.length]).toEqual([49, 49]);
});

test("takes subjects that are not valid for a mistake of ours, every time", async () => {
  const bus = connected()();
  await subscribe(bus, ">");
  for (let time = 1; time <= 2; time++) {
    expect(() => bus.publish("a.*", new Uint8Array(1))).toThrow('BUG: the subject "a.*" holds');
    expect(() => bus.publish("", new Uint8Array(1))).toThrow('BUG: the subject "" is empty');
    await expect(subscribe(bus, "a..b")).rejects.toThrow("has an empty token");
    await expect(subscribe(bus, "a", { queue: "" })).rejects.toThrow("is empty");
  }
});

test("remembers only so many subjects", async () => {
  const bus = connected()();
  const inbox = await subscribe(bus, "end");
  const heap = () => {
    Bun.gc(true);
    return heapStats().heapSize;
  };
  const before = heap();
  // 30 MB of names.
  for (let index = 0; index < 30_000; index++) {
    void bus.publish(`x${index}.`.padEnd(1000, "x"), new Uint8Array(1));
  }
  expect(heap() - before).toBeLessThan(20 * MIB);
  await bus.publish("end", new Uint8Array(1));
  await settle();
  expect(inbox.payloads.length).toBe(1);
});

test("forgets subscriptions that have been drained", async () => {
  const bus = connected()();
  const handlers: WeakRef<object>[] = [];
  for (let count = 0; count < 1000; count++) {
    const onDelivery = () => {};
    handlers.push(new WeakRef(onDelivery));
    await (await subscribe(bus, "a", { onDelivery })).drain();
  }
  await settle();
  Bun.gc(true);
  // A few may still be seen on the stack.
  const remembered = handlers.filter((handler) => handler.deref() !== undefined);
  expect(remembered.length).toBeLessThan(100);
});
