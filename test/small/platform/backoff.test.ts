/** Waits grow up to their ceiling, and are never the same for all. */
import { expect, test } from "bun:test";

import { backoffMs } from "../../../src/platform/backoff.ts";

const BACKOFF = { firstMs: 100, maxMs: 3000 };

test("doubles the wait with each attempt, up to the ceiling", () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 5000].map((attempt) => backoffMs(BACKOFF, attempt, 0));
  expect(waits).toEqual([100, 200, 400, 800, 1600, 3000, 3000, 3000]);
});

test("takes a random part of up to a half off", () => {
  expect(backoffMs(BACKOFF, 1, 0.5)).toBe(150);
  expect(backoffMs(BACKOFF, 9, 0.5)).toBe(2250);
  expect(backoffMs(BACKOFF, 0, 0.999)).toBeCloseTo(50, 0);
});
