/** The window of time: exact to the nanosecond, exclusive at both ends, for any size. */
import { expect, test } from "bun:test";

import { LINE_OK, newLineOffsets, scanLine } from "../../../src/line/scan.ts";
import { timestampInWindow, timeWindow } from "../../../src/line/timestamp.ts";
import { seededRandom } from "../../support/random.ts";

const NOW_MS = 1_520_761_485_803;
const NOW_NS = 1_520_761_485_803_000_000n;
const SECOND_NS = 1_000_000_000n;
const MIN_NS = -(2n ** 63n);
const MAX_NS = 2n ** 63n - 1n;

/** Whether a line with `timestamp` behind its fields lies nearer to `nowMs` than `deltaNs`. */
function isInside(timestamp: bigint | "", deltaNs: bigint, nowMs = NOW_MS): boolean {
  const payload = new TextEncoder().encode(`m v=1 ${timestamp}`);
  const offsets = newLineOffsets();
  expect(scanLine(payload, 0, payload.length, offsets)).toBe(LINE_OK);
  return timestampInWindow(offsets, timeWindow(nowMs, deltaNs));
}

test("takes what is nearer than the delta and not what is as far", () => {
  const delta = 600n * SECOND_NS;
  for (const side of [1n, -1n]) {
    expect(isInside(NOW_NS + side * (delta - 1n), delta)).toBe(true);
    expect(isInside(NOW_NS + side * delta, delta)).toBe(false);
    expect(isInside(NOW_NS + side * (delta + 1n), delta)).toBe(false);
    // The figures that were measured on the 1.x program.
    expect(isInside(NOW_NS + side * 599n * SECOND_NS, delta)).toBe(true);
    expect(isInside(NOW_NS + side * 601n * SECOND_NS, delta)).toBe(false);
  }
});

test("takes a line without a timestamp, whatever the window: it counts as current", () => {
  expect(isInside("", 0n)).toBe(true);
  expect(isInside("", 600n * SECOND_NS)).toBe(true);
});

test("takes nothing with a timestamp when the delta is zero", () => {
  expect(isInside(NOW_NS, 0n)).toBe(false);
  expect(isInside(NOW_NS, 1n)).toBe(true);
});

test("takes seconds, milliseconds and -1 for what they are as nanoseconds: long ago", () => {
  for (const timestamp of [1_520_761_485n, 1_520_761_485_803n, -1n, 0n]) {
    expect(isInside(timestamp, 600n * SECOND_NS)).toBe(false);
  }
});

test("takes every timestamp when the delta is 292 years and more", () => {
  for (const delta of [292n * 366n * 86_400n * SECOND_NS, 2n ** 63n, 2n ** 70n]) {
    expect(isInside(NOW_NS, delta)).toBe(true);
    expect(isInside(0n, delta)).toBe(true);
    expect(isInside(MAX_NS, delta)).toBe(true);
  }
  expect(isInside(MIN_NS, 2n ** 64n)).toBe(true);
  // As far from now as a 64-bit integer reaches, and one less.
  expect(isInside(MIN_NS, NOW_NS - MIN_NS)).toBe(false);
  expect(isInside(MIN_NS, NOW_NS - MIN_NS + 1n)).toBe(true);
});

test("is exact around zero, where the signs change", () => {
  expect(isInside(-3n, 4n, 0)).toBe(true);
  expect(isInside(-4n, 4n, 0)).toBe(false);
  expect(isInside(3n, 4n, 0)).toBe(true);
  expect(isInside(4n, 4n, 0)).toBe(false);
  expect(isInside(-SECOND_NS, SECOND_NS + 1n, 0)).toBe(true);
  expect(isInside(-SECOND_NS, SECOND_NS, 0)).toBe(false);
});

test("counts the fraction of a millisecond that the clock gives", () => {
  expect(isInside(NOW_NS + 250_000n, 1n, NOW_MS + 0.25)).toBe(true);
  expect(isInside(NOW_NS, 1n, NOW_MS + 0.25)).toBe(false);
});

test("agrees with big integers wherever now, the delta and the timestamp lie", () => {
  const random = seededRandom("time window");
  const near = () => BigInt(random.int(5)) - 2n;
  const anywhere = () => {
    const bits = BigInt(random.int(2 ** 32)) * 2n ** 32n + BigInt(random.int(2 ** 32));
    return BigInt.asIntN(64, bits) >> BigInt(random.int(64));
  };
  for (let round = 0; round < 5000; round++) {
    const nowMs = random.int(2 ** 41);
    const nowNs = BigInt(nowMs) * 1_000_000n;
    const delta = anywhere() & (2n ** 62n - 1n);
    const edge = random.oneIn(2) ? nowNs - delta : nowNs + delta;
    const timestamp = BigInt.asIntN(64, random.oneIn(2) ? anywhere() : edge + near());
    const expected = nowNs - delta < timestamp && timestamp < nowNs + delta;
    expect([nowMs, delta, timestamp, isInside(timestamp, delta, nowMs)]).toEqual([
      nowMs,
      delta,
      timestamp,
      expected,
    ]);
  }
});
