/** When used-up memory is collected. */
import { expect, test } from "bun:test";

import { createCollector, giveBack } from "../../../src/platform/memory.ts";

test("collects after so many bytes, again and again", () => {
  let collections = 0;
  const workedThrough = createCollector(100, () => void collections++);
  const counts = [60, 39, 1, 99, 250, 99].map((bytes) => {
    workedThrough(bytes);
    return collections;
  });
  expect(counts).toEqual([0, 0, 1, 1, 2, 2]);
});

test("gives back what is all of its buffer, once, and nothing of what has others beside it", () => {
  const whole = new Uint8Array(100);
  giveBack(whole);
  giveBack(whole);
  expect(whole).toHaveLength(0);
  const part = new Uint8Array(100).subarray(1);
  giveBack(part);
  expect(part).toHaveLength(99);
});
