/** When a thread rests. Method: a clock moved by hand, and a sleep that only notes that it was asked for. */
import { expect, test } from "bun:test";

import { Naps } from "../../../src/platform/naps.ts";

const turnEnd = () => new Promise((resolve) => setImmediate(resolve));

/** Takes turns of [milliseconds since the one before, bytes of each delivery...], and tells how long it napped behind each. */
async function napsBehind(napMs: number, turns: readonly (readonly number[])[]) {
  let nowMs = 0;
  const naps = new Naps(napMs, {
    nowMs: () => nowMs,
    sleep(ms) {
      nowMs += ms;
      slept = ms;
    },
  });
  let slept = 0;
  const all: number[] = [];
  for (const [ms = 0, ...deliveries] of turns) {
    nowMs += ms;
    slept = 0;
    for (const bytes of deliveries) naps.took(bytes);
    // What is published at the end of the turn, and written at the end of that, leaves first.
    await turnEnd();
    await turnEnd();
    expect(slept).toBe(0);
    await turnEnd();
    all.push(slept);
  }
  return all;
}

test("naps behind a turn that follows another closely, not behind one after a pause", async () => {
  const turns = [
    [100, 10],
    [2.5, 10],
    [2.4, 10],
  ];
  expect(await napsBehind(2, turns)).toEqual([0, 0, 2]);
  expect(await napsBehind(5, turns)).toEqual([0, 0, 5]);
});

test("naps on as long as each nap has gathered more than one delivery, however soon that one came", async () => {
  const turns = [
    [100, 10],
    [1, 10],
    [0, 10, 10],
    [3, 10, 10],
    [0, 10],
    [5, 10],
    [1, 10],
  ];
  expect(await napsBehind(2, turns)).toEqual([0, 2, 2, 2, 0, 0, 2]);
});

test("does not nap behind a turn that brought 32 KiB for each millisecond", async () => {
  const turns = [
    [100, 10],
    [1, 32_768, 32_768],
    [1, 32_768, 32_767],
    [1, 100_000, 1],
    [1, 10],
  ];
  expect(await napsBehind(2, turns)).toEqual([0, 0, 2, 0, 2]);
  expect(await napsBehind(5, turns)).toEqual([0, 5, 5, 5, 0]);
});

test("does not nap behind a turn as long as a nap, or one whose deliveries are held back", async () => {
  let nowMs = 0;
  let sleeps = 0;
  const naps = new Naps(2, { nowMs: () => nowMs, sleep: () => void sleeps++ });
  for (const [bytes, turnMs] of [
    [10, 0],
    [10, 2],
    [Infinity, 0],
  ] as const) {
    naps.took(bytes);
    nowMs += turnMs;
    for (let turn = 0; turn < 3; turn++) await turnEnd();
  }
  expect(sleeps).toBe(0);
});
