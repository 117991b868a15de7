/**
 * A line's timestamp, and the window of time that it must lie in, both exact to the nanosecond.
 *
 * Nanoseconds since 1970 do not fit a number, and big integers are slow once per line. So a time is kept as a pair,
 * high * 10^9 + low: both parts carry the sign, and |low| < 10^9. Such pairs compare as the times they stand for do: by
 * the high part, and where that is equal by the low one.
 */
import { msToNs } from "../platform/units.ts";
import { readDigits } from "./digits.ts";
import type { LineOffsets } from "./scan.ts";

const SPACE = 0x20;
const MINUS = 0x2d;
const LOW_DIGITS = 9;
const NS_PER_HIGH = 1_000_000_000n;

/** The largest 64-bit integer in parts. The smallest is one further from zero. */
const INTEGER_HIGH_MAX = 9_223_372_036;
const INTEGER_LOW_MAX = 854_775_807;

/**
 * Reads what stands behind a line's fields, blanks in front skipped, into the timestamp's parts of `offsets`: nothing,
 * or one signed 64-bit integer and spaces. False if it is anything else. Hot: once per line.
 */
export function readTimestamp(
  payload: Uint8Array,
  start: number,
  lineEnd: number,
  offsets: LineOffsets,
): boolean {
  let end = lineEnd;
  while (end > start && payload[end - 1] === SPACE) end--;
  offsets.timestampStart = start;
  offsets.timestampEnd = end;
  offsets.timestampHigh = 0;
  offsets.timestampLow = 0;
  if (end === start) return true;
  const isNegative = payload[start] === MINUS;
  const digitsStart = isNegative ? start + 1 : start;
  if (digitsStart === end) return false;
  const lowStart = Math.max(end - LOW_DIGITS, digitsStart);
  const high = readDigits(payload, digitsStart, lowStart);
  const low = readDigits(payload, lowStart, end);
  if (high < 0 || low < 0 || high > INTEGER_HIGH_MAX) return false;
  if (high === INTEGER_HIGH_MAX && low > INTEGER_LOW_MAX + (isNegative ? 1 : 0)) return false;
  offsets.timestampHigh = isNegative ? 0 - high : high;
  offsets.timestampLow = isNegative ? 0 - low : low;
  return true;
}

/** From lowest to highest, both outside. Made once per payload. */
export interface TimeWindow {
  readonly lowestHigh: number;
  readonly lowestLow: number;
  readonly highestHigh: number;
  readonly highestLow: number;
}

/** The times nearer to `nowMs` (milliseconds since 1970, a fraction included) than `deltaNs`, which may be as large as any. */
export function timeWindow(nowMs: number, deltaNs: bigint): TimeWindow {
  const nowNs = msToNs(nowMs);
  const lowest = nowNs - deltaNs;
  const highest = nowNs + deltaNs;
  return {
    lowestHigh: Number(lowest / NS_PER_HIGH),
    lowestLow: Number(lowest % NS_PER_HIGH),
    highestHigh: Number(highest / NS_PER_HIGH),
    highestLow: Number(highest % NS_PER_HIGH),
  };
}

/**
 * True if the timestamp of a line that scanned as LINE_OK lies inside `window`, or if it has none and so counts as
 * current. Hot: once per line.
 */
export function timestampInWindow(offsets: LineOffsets, window: TimeWindow): boolean {
  if (offsets.timestampStart === offsets.timestampEnd) return true;
  const high = offsets.timestampHigh;
  const low = offsets.timestampLow;
  return (
    (high > window.lowestHigh || (high === window.lowestHigh && low > window.lowestLow)) &&
    (high < window.highestHigh || (high === window.highestHigh && low < window.highestLow))
  );
}
