/** The outbound queue: what was sent and what is only held are told apart, in order and within the limit. */
import { expect, test } from "bun:test";

import { OutboundQueue, type Outgoing } from "../../../src/bus/outbound-queue.ts";

function filled(maxBytes: number, ...names: string[]): OutboundQueue {
  const queue = new OutboundQueue(maxBytes);
  for (const name of names) queue.hold(name, new Uint8Array(10), 1);
  return queue;
}

const names = (outgoing: readonly Outgoing[]) => outgoing.map(({ subject }) => subject);

test("counts held and sent payloads against one limit until they are confirmed", () => {
  const queue = filled(30, "a", "b", "c");
  for (let time = 1; time <= 2; time++) {
    expect(queue.hold("d", new Uint8Array(1), 1)).toBe(false);
    expect(queue.fits(1)).toBe(false);
  }
  queue.markSent();
  queue.markSent();
  expect(queue.fits(1)).toBe(false);
  expect([queue.sentCount, queue.sentBytes]).toEqual([2, 20]);
  queue.confirm(1);
  expect([queue.fits(10), queue.fits(11)]).toEqual([true, false]);
  expect([queue.sentCount, queue.sentBytes, queue.isEmpty]).toEqual([1, 10, false]);
  expect(queue.takeHeld()?.subject).toBe("c");
  queue.confirm(1);
  expect([queue.fits(30), queue.isEmpty]).toEqual([true, true]);
});

test("bounds how many payloads it keeps, however small they are", () => {
  const queue = new OutboundQueue(Infinity);
  const empty = new Uint8Array(0);
  for (let count = 0; count < 524_288; count++) queue.hold("a", empty, 0);
  expect(queue.hold("a", empty, 0)).toBe(false);
});

test("sends in order, and gives back what was sent and not confirmed", () => {
  const queue = filled(100, "a", "b", "c", "d");
  const sent: string[] = [];
  for (let time = 1; time <= 3; time++) {
    sent.push(queue.firstHeld()?.subject ?? "");
    queue.markSent();
  }
  queue.confirm(1);
  expect(sent).toEqual(["a", "b", "c"]);
  expect(names(queue.takeAllSent())).toEqual(["b", "c"]);
  expect(queue.firstHeld()?.subject).toBe("d");
  expect(queue.fits(90)).toBe(true);
});

test("counts what is refused until that is taken, or the connection ends", () => {
  const queue = filled(100, "ok", "no", "no");
  for (let time = 1; time <= 3; time++) queue.markSent();
  queue.refuse("no");
  queue.refuse("no");
  expect([queue.hasRefused("no"), queue.hasRefused("ok")]).toEqual([true, false]);
  expect([...queue.takeRefused()]).toEqual([["no", 2]]);
  expect(queue.hasRefused("no")).toBe(false);
  expect([...queue.takeRefused()]).toEqual([]);
  expect(names(queue.takeSent(2))).toEqual(["ok", "no"]);
  expect(queue.sentBytes).toBe(10);
  queue.refuse("no");
  expect(names(queue.takeAllSent())).toEqual(["no"]);
  expect([...queue.takeRefused()]).toEqual([]);
});

test("lets go of what is sent, but for its size and its number of lines", () => {
  const queue = new OutboundQueue(100);
  queue.hold("a", new Uint8Array(60), 7, () => {});
  expect(queue.heldBytes).toBe(60);
  queue.markSent();
  expect([queue.heldBytes, queue.sentBytes, queue.fits(41)]).toEqual([0, 60, false]);
  expect(queue.takeAllSent()).toEqual([
    { subject: "a", payload: new Uint8Array(0), bytes: 60, lines: 7, onFree: undefined },
  ]);
  expect(queue.fits(100)).toBe(true);
});
