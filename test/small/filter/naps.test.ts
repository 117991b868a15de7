/** When a filter's thread rests. Method: a clock moved by hand, and a sleep that only notes that it was asked for. */
import { expect, test } from "bun:test";

import { Naps } from "../../../src/filter/naps.ts";

/** Ends turns of [milliseconds since the one before, bytes routed], and tells which of them were followed by a nap. */
async function napsAfter(turns: readonly (readonly [ms: number, bytes: number])[]) {
  let nowMs = 0;
  let slept: number[] = [];
  const naps = new Naps({ nowMs: () => nowMs, sleep: (ms) => void slept.push(ms) });
  const after: (number | undefined)[] = [];
  for (const [ms, bytes] of turns) {
    nowMs += ms;
    slept = [];
    naps.routed(bytes / 2);
    naps.routed(bytes / 2);
    naps.turnEnded();
    expect(slept).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    after.push(slept[0]);
  }
  return after;
}

test("naps for two milliseconds behind each turn that follows another closely, not behind one after a pause", async () => {
  const turns = [100, 1, 4, 5, 4, 1].map((ms) => [ms, 1000] as const);
  expect(await napsAfter(turns)).toEqual([undefined, 2, 2, undefined, 2, 2]);
});

test("does not nap behind a turn that brought 64 KiB", async () => {
  expect(
    await napsAfter([
      [100, 1000],
      [1, 65_536],
      [1, 65_534],
      [1, 100_000],
      [1, 10],
    ]),
  ).toEqual([undefined, undefined, 2, undefined, 2]);
});
