/** Decimal digits as numbers. */

const DIGIT_0 = 0x30;

/**
 * The number that payload[start, end) spells, 0 if there is nothing, -1 if a byte is no digit. Above 2^53 it is no longer
 * exact.
 */
export function readDigits(payload: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (payload[at] as number) - DIGIT_0;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
