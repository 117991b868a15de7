/**
 * Who may hold how much of what bodies hold together, and who gives way. The room has 10 MiB, 2 of them for small bodies
 * alone; on a clock moved by hand.
 */
import { expect, test } from "bun:test";

import { Room } from "../../../src/listener/http-room.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const MIB = 1024 * 1024;
const KIB = 1024;

function setUp() {
  const clock = new ManualClock();
  const room = new Room({ maxBytes: 10 * MIB, clock });
  const given: string[] = [];
  /** A body of `sender` that holds `bytes` already and is still being read. */
  const open = (sender: string, bytes: number, name = sender) => {
    const held = room.open({
      senderName: () => sender,
      onGivenAway: () => given.push(name),
    });
    return { held, isTaken: held.take(bytes) };
  };
  return { clock, room, given, open };
}

test("large bodies leave a fifth of the room to small ones, which may take all of it", () => {
  const { open } = setUp();
  expect(open("a", 8 * MIB).isTaken).toBe(true);
  expect(open("b", 256 * KIB + 1).isTaken).toBe(false);
  for (let body = 0; body < 8; body++) expect(open("c", 256 * KIB).isTaken).toBe(true);
  expect(open("d", 1).isTaken).toBe(false);
});

test("a small body that grows is a large one from then on", () => {
  const { open } = setUp();
  open("a", 8 * MIB);
  const { held } = open("b", 256 * KIB);
  expect(held.take(1)).toBe(false);
  expect(held.bytes).toBe(256 * KIB);
});

test("what a body held is there for others when it ends, and it takes no more", () => {
  const { open } = setUp();
  const { held } = open("a", 8 * MIB);
  expect(open("b", MIB).isTaken).toBe(false);
  held.end();
  held.end();
  expect(held.take(1)).toBe(false);
  expect(open("b", 8 * MIB).isTaken).toBe(true);
  expect(open("c", MIB).isTaken).toBe(false);
});

test("bodies that come quickly do not give way to others", () => {
  const { clock, given, open } = setUp();
  open("a", 8 * MIB);
  clock.advance(1999);
  expect(open("b", MIB).isTaken).toBe(false);
  clock.advance(1);
  expect(open("b", MIB).isTaken).toBe(true);
  expect(given).toEqual(["a"]);
});

test("bodies that are there as a whole do not give way: they are about to be handed on", () => {
  const { clock, given, open } = setUp();
  open("a", 8 * MIB).held.isBeingRead = false;
  clock.advance(10_000);
  expect(open("b", MIB).isTaken).toBe(false);
  expect(given).toEqual([]);
});

test("the sender whose bodies have cost most, in bytes and time, gives way with its most costly one", () => {
  const { clock, given, open } = setUp();
  for (let body = 0; body < 5; body++) open("greedy", MIB, `greedy ${body}`);
  clock.advance(1000);
  open("greedy", MIB + 1, "greedy 5");
  open("honest", 1.9 * MIB);
  clock.advance(4000);
  // Five seconds of one MiB have cost more than four of a little more.
  expect(open("other", 100 * KIB + 200 * KIB).isTaken).toBe(true);
  expect(given).toEqual(["greedy 0"]);
  for (let body = 0; body < 4; body++) expect(open("other", MIB).isTaken).toBe(true);
  expect(given).toEqual([0, 1, 2, 3, 4].map((body) => `greedy ${body}`));
});

test("behind a proxy, where all are one sender, the body that has cost most gives way", () => {
  const { clock, given, open } = setUp();
  for (let body = 0; body < 7; body++) open("proxy", MIB, `slow ${body}`);
  clock.advance(5000);
  open("proxy", 0.9 * MIB, "quick");
  clock.advance(3000);
  expect(open("proxy", MIB, "new").isTaken).toBe(true);
  expect(given).toEqual(["slow 0"]);
});

test("who is the most costly itself is not given the room of others", () => {
  const { clock, given, open } = setUp();
  const { held } = open("greedy", 7 * MIB);
  open("honest", 0.5 * MIB);
  clock.advance(10_000);
  expect(held.take(MIB)).toBe(false);
  expect(given).toEqual([]);
});

test("room asked for is told as what one body may hold, and slow ones give way for it", () => {
  const { clock, room, given, open } = setUp();
  expect(room.roomFor(MIB)).toBe(8 * MIB);
  open("a", 5 * MIB);
  expect(room.roomFor(4 * MIB)).toBe(3 * MIB);
  open("b", 3 * MIB);
  expect(room.roomFor(4 * MIB)).toBe(256 * KIB);
  expect(given).toEqual([]);
  clock.advance(2000);
  expect(room.roomFor(4 * MIB)).toBe(5 * MIB);
  expect(given).toEqual(["a"]);
});

test("an exchange counts what it gives back first, and holds nothing if it fails", () => {
  const { open } = setUp();
  const { held } = open("a", 7 * MIB);
  expect(held.exchange(8 * MIB)).toBe(true);
  expect(held.exchange(8 * MIB + 1)).toBe(false);
  expect(held.bytes).toBe(0);
  expect(open("b", 8 * MIB).isTaken).toBe(true);
});
