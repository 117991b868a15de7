/**
 * When what is published is written, and when there is room for more. Method: a connection that counts its writes and takes
 * as much as the test allows, and a clock moved by hand.
 */
import { expect, test } from "bun:test";

import { type Pieces, TAKEN } from "../../../src/bus/bus.ts";
import type { Link } from "../../../src/bus/nats-link.ts";
import { Outbound } from "../../../src/bus/nats-outbound.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const REFUSAL_TIMES = { refusedFirstMs: 1000, refusedMaxMs: 4000 };
const PAYLOAD = new Uint8Array(10);

function start() {
  const clock = new ManualClock();
  const lost: string[] = [];
  const outbound = new Outbound(3_000_000, clock, REFUSAL_TIMES, {
    onLost: (subject, lines) => void lost.push(`${subject} ${lines}`),
    onTooLarge: () => {},
    onAllowed: (subject, lines) => void lost.push(`${subject} allowed after ${lines}`),
  });
  const written: number[] = [];
  let handedOver = 0;
  const write = () => {
    if (handedOver > 0) written.push(handedOver);
    handedOver = 0;
  };
  const link = {
    isWritable: true,
    keepsPayload: false,
    hasEnded: () => false,
    payloadMaxBytes: () => 10_000_000,
    publish: (_subject: string, _payload: Uint8Array) => void handedOver++,
    publishPieces: (_subject: string, _pieces: Pieces) => void handedOver++,
    flush: write,
    // A round trip takes along what was handed over before it. It is answered at once.
    roundTrip: async (onAnswer = () => {}) => {
      write();
      onAnswer();
    },
  };
  outbound.attach(link as unknown as Link);
  return { clock, outbound, written, lost, link };
}

const turnEnd = () => new Promise((resolve) => setImmediate(resolve));

test("what is published in one turn of the event loop leaves with one write at its end", async () => {
  const { outbound, written } = start();
  for (let count = 0; count < 3; count++) outbound.publish("a", PAYLOAD, 1);
  expect(written).toEqual([]);
  await turnEnd();
  expect(written).toEqual([3]);
});

test("writes are two milliseconds apart, and after a pause the next one waits for nothing", async () => {
  const { clock, outbound, written } = start();
  outbound.publish("a", PAYLOAD, 1);
  await turnEnd();
  for (let turn = 0; turn < 4; turn++) {
    outbound.publish("a", PAYLOAD, 1);
    await turnEnd();
  }
  clock.advance(1);
  expect(written).toEqual([1]);
  clock.advance(1);
  expect(written).toEqual([1, 4]);

  clock.advance(2);
  outbound.publish("a", PAYLOAD, 1);
  await turnEnd();
  expect(written).toEqual([1, 4, 1]);
});

test("whoever waits for everything to be confirmed does not wait for the next write", async () => {
  const { outbound, written } = start();
  outbound.publish("a", PAYLOAD, 1);
  await turnEnd();
  outbound.publish("a", PAYLOAD, 1);
  await outbound.whenEmpty();
  expect(written).toEqual([1, 1]);
});

test("gives back the bytes of what the connection has taken, once it has no more use for them", () => {
  const { outbound, link } = start();
  const free: string[] = [];
  const publish = (name: string) =>
    outbound.publish("a", PAYLOAD, 1, (payload) => {
      expect(payload).toBe(PAYLOAD);
      free.push(name);
    });
  publish("taken");
  expect(free).toEqual(["taken"]);

  link.keepsPayload = true;
  link.isWritable = false;
  publish("held");
  outbound.resume();
  expect(free).toEqual(["taken"]);
  link.isWritable = true;
  outbound.resume();
  expect(free).toEqual(["taken"]);
  // The connection keeps "held" and takes no other.
  link.isWritable = false;
  publish("behind");
  link.keepsPayload = false;
  link.isWritable = true;
  outbound.resume();
  expect(free).toEqual(["taken", "held", "behind"]);
});

test("gives bytes back once, however often the connection takes more", () => {
  const { outbound, link } = start();
  let free = 0;
  link.keepsPayload = true;
  outbound.publish("a", PAYLOAD, 1, () => void free++);
  link.keepsPayload = false;
  outbound.resume();
  outbound.resume();
  expect(free).toBe(1);
});

test("does not give back the bytes of what it refuses", () => {
  const { outbound, link } = start();
  let free = 0;
  const onFree = () => void free++;
  expect(outbound.publish("a", new Uint8Array(3_000_001), 1, onFree)).toBeUndefined();
  outbound.detach();
  outbound.publish("a", PAYLOAD, 1, onFree);
  // The server that comes back takes less than was held.
  link.payloadMaxBytes = () => PAYLOAD.length - 1;
  outbound.attach(link as unknown as Link);
  expect(free).toBe(0);
});

test("does not give back the bytes of what it held or what was under way when the connection ended", () => {
  const { outbound, link } = start();
  let free = 0;
  link.keepsPayload = true;
  outbound.publish("a", PAYLOAD, 1, () => void free++);
  outbound.detach();
  outbound.publish("a", PAYLOAD, 1, () => void free++);
  outbound.abandon();
  expect(free).toBe(0);
});

test("copies pieces straight to the connection where they can leave now, and keeps them together where they wait", () => {
  const { outbound, link } = start();
  const went: string[] = [];
  const publishPieces = (sizeBytes = 10) => {
    const copies: number[] = [];
    const copyTo = (target: Uint8Array) => void copies.push(target.length);
    const published = outbound.publishPieces("a", { sizeBytes, lines: 1, copyTo });
    return [published === TAKEN ? "taken" : "refused", copies];
  };
  link.publishPieces = (_, pieces) => {
    went.push("pieces");
    pieces.copyTo(new Uint8Array(100), 0);
  };
  link.publish = (_, payload) => void went.push(`whole ${payload.length}`);
  expect(publishPieces()).toEqual(["taken", [100]]);
  // More than a connection copies.
  expect(publishPieces(200_000)).toEqual(["taken", [200_000]]);
  link.isWritable = false;
  expect(publishPieces()).toEqual(["taken", [10]]);
  link.isWritable = true;
  // Behind what waits: it stays in order.
  outbound.resume();
  expect(publishPieces()).toEqual(["taken", [100]]);
  expect(went).toEqual(["pieces", "whole 200000", "whole 10", "pieces"]);
  outbound.detach();
  expect(publishPieces(3_000_000)).toEqual(["taken", [3_000_000]]);
  expect(publishPieces(1)).toEqual(["refused", []]);
});

test("pieces are confirmed and lost as others are", async () => {
  const { outbound, lost } = start();
  const copyTo = () => {};
  outbound.publishPieces("a", { sizeBytes: 5, lines: 2, copyTo });
  await outbound.whenEmpty();
  outbound.publishPieces("b", { sizeBytes: 5, lines: 3, copyTo });
  outbound.publish("c", PAYLOAD, 4);
  expect(outbound.detach()).toBe(2);
  expect(lost).toEqual(["b 3", "c 4"]);
});

test("who can wait is asked to while more than a megabyte is held, and woken in order as far as there is room", async () => {
  const { outbound, link } = start();
  const woken: string[] = [];
  const wait = (name: string, bytes: number) =>
    outbound.whenRoom(bytes)?.then(() => void woken.push(name));
  link.isWritable = false;
  outbound.publish("a", new Uint8Array(1_000_000), 1);
  expect(wait("fits", 1)).toBeUndefined();
  outbound.publish("a", new Uint8Array(100_000), 1);
  void wait("first", 1_000_000);
  void wait("second", 900_001);
  void wait("third", 1);
  await turnEnd();
  expect(woken).toEqual([]);

  // All of it is with the connection: 1,100,000 of 3,000,000 bytes, until it is confirmed.
  link.isWritable = true;
  outbound.resume();
  await Promise.resolve();
  expect(woken).toEqual(["first"]);
  await outbound.whenEmpty();
  await turnEnd();
  expect(woken).toEqual(["first", "second", "third"]);
  expect(wait("fits again", 3_000_000)).toBeUndefined();
});

test("while there is no connection nobody is asked to wait for one", async () => {
  const { outbound, link } = start();
  link.isWritable = false;
  outbound.publish("a", new Uint8Array(2_000_000), 1);
  let isWoken = false;
  void outbound.whenRoom(1)?.then(() => (isWoken = true));
  outbound.detach();
  await turnEnd();
  expect(isWoken).toBe(true);
  expect(outbound.whenRoom(1_000_000)).toBeUndefined();
  expect(outbound.whenRoom(1_000_001)).toBeInstanceOf(Promise);
});

test("who wants more than there ever is keeps nobody else waiting", async () => {
  const { outbound } = start();
  const woken: string[] = [];
  const wait = (name: string, bytes: number) =>
    outbound.whenRoom(bytes)?.then(() => void woken.push(name));
  void wait("too much", 3_000_001);
  expect(wait("goes on", 3_000_000)).toBeUndefined();
  outbound.publish("a", PAYLOAD, 1);
  void wait("behind", 3_000_000);
  await outbound.whenEmpty();
  await turnEnd();
  expect(woken).toEqual(["too much", "behind"]);
});
