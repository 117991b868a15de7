/** When a thread rests. Method: a clock moved by hand, and a sleep that only notes that it was asked for. */
import { expect, test } from "bun:test";

import { Naps } from "../../../src/platform/naps.ts";

const turnEnd = () => new Promise((resolve) => setImmediate(resolve));

/** Takes turns of [milliseconds since the one before, bytes of two deliveries], and tells how long it napped behind each. */
async function napsBehind(napMs: number, turns: readonly (readonly [ms: number, bytes: number])[]) {
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
  for (const [ms, bytes] of turns) {
    nowMs += ms;
    slept = 0;
    naps.took(bytes / 2);
    naps.took(bytes / 2);
    // What is published at the end of the turn, and written at the end of that, leaves first.
    await turnEnd();
    await turnEnd();
    expect(slept).toBe(0);
    await turnEnd();
    all.push(slept);
  }
  return all;
}

test("naps behind each turn that follows another or its nap closely, not behind one after a pause", async () => {
  const turns = [100, 1, 2.4, 2.5, 0.1, 5].map((ms) => [ms, 1000] as const);
  expect(await napsBehind(2, turns)).toEqual([0, 2, 2, 0, 2, 0]);
  expect(await napsBehind(5, turns)).toEqual([0, 5, 5, 0, 5, 0]);
});

test("does not nap behind a turn that brought 32 KiB for each millisecond", async () => {
  const turns = [
    [100, 10],
    [1, 65_536],
    [1, 65_534],
    [1, 100_000],
    [1, 10],
  ] as const;
  expect(await napsBehind(2, turns)).toEqual([0, 0, 2, 0, 2]);
  expect(await napsBehind(5, turns)).toEqual([0, 5, 5, 5, 5]);
});
