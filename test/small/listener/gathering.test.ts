/** When a UDP listener sleeps. Method: a clock moved by hand, and a sleep that only notes that it was asked for. */
import { expect, test } from "bun:test";

import { Gathering } from "../../../src/listener/gathering.ts";

const BUFFER_BYTES = 80_000;

/** Reads turns of [milliseconds since the one before, bytes of each of two datagrams]; how long each slept as it began. */
async function sleptIn(turns: readonly (readonly [ms: number, bytes: number])[]) {
  let nowMs = 0;
  let slept: number[] = [];
  const gathering = new Gathering(BUFFER_BYTES, {
    nowMs: () => nowMs,
    sleep: (ms) => void slept.push(ms),
  });
  const all: number[][] = [];
  for (const [ms, bytes] of turns) {
    nowMs += ms;
    slept = [];
    gathering.read(bytes);
    gathering.read(bytes);
    all.push(slept);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return all;
}

test("sleeps for two milliseconds as a turn begins that follows another closely, not after a pause", async () => {
  const turns = [100, 1, 1.9, 2, 0.1].map((ms) => [ms, 100] as const);
  expect(await sleptIn(turns)).toEqual([[], [2], [2], [], [2]]);
});

test("does not sleep after a turn that slept and read one datagram alone", async () => {
  let nowMs = 0;
  const slept: number[] = [];
  const gathering = new Gathering(BUFFER_BYTES, {
    nowMs: () => nowMs,
    sleep: () => void slept.push(nowMs),
  });
  // Turns begin at 1, 2, ...; the third and the fourth read two datagrams.
  for (const datagrams of [1, 1, 2, 2, 1, 1, 1]) {
    nowMs++;
    for (let datagram = 0; datagram < datagrams; datagram++) gathering.read(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(slept).toEqual([2, 4, 5, 7]);
});

test("does not sleep after a turn that used half of the receive buffer, 700 bytes for each datagram among it", async () => {
  expect(
    await sleptIn([
      [100, 100],
      [1, 19_300],
      [1, 19_299],
      [1, 100],
    ]),
  ).toEqual([[], [2], [], [2]]);
});

test("does not sleep where the size of the receive buffer is not known", async () => {
  let sleeps = 0;
  const gathering = new Gathering(0, { nowMs: () => 1, sleep: () => void sleeps++ });
  for (let turn = 0; turn < 3; turn++) {
    gathering.read(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(sleeps).toBe(0);
});
