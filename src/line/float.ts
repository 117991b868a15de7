/**
 * Reads decimal floats from bytes, each to the nearest double, as InfluxDB does. No text is made of them, but for the
 * few that cannot be decided here.
 */

const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const DIGIT_0 = 0x30;
const UPPER_E = 0x45;
const LOWER_E = 0x65;

/** Fifteen digits are exact in a double; nineteen, in two. */
const EXACT_DIGITS = 15;
const READ_DIGITS = 19;
/** The powers of ten that a double holds exactly. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const EXPONENT_MAX = 22;
/** An exponent of more digits than this is beyond all doubles, or makes zero. */
const EXPONENT_CAP = 100_000;

/** 2^27 + 1: cuts a double into two halves whose products are exact. */
const SPLITTER = 134_217_729;
/** Far above what the correction can be wrong by, which is some 2^-52 of its parts. */
const DOUBT = 2 ** -48;

const decoder = new TextDecoder("latin1");

/**
 * The double nearest to the number payload[start, end), at least one byte; NaN if InfluxDB would refuse it: what is no
 * decimal number, and what no finite double is near to. Hot: once per float.
 */
export function readFloat(payload: Uint8Array, start: number, end: number): number {
  const isNegative = payload[start] === MINUS;
  let at = isNegative ? start + 1 : start;
  // The first nineteen digits from the first that is not 0 on, as high * 10^(lowDigits) + low.
  let high = 0;
  let low = 0;
  let digits = 0;
  let exponent = 0;
  let isBehindDot = false;
  let hasDigits = false;
  for (; at < end; at++) {
    const digit = (payload[at] as number) - DIGIT_0;
    if (digit >= 0 && digit <= 9) {
      hasDigits = true;
      if (isBehindDot) exponent--;
      if (digits === 0 && digit === 0) continue;
      if (digits < EXACT_DIGITS) high = high * 10 + digit;
      else low = low * 10 + digit;
      digits++;
    } else if (payload[at] === DOT && !isBehindDot) {
      isBehindDot = true;
    } else {
      break;
    }
  }
  if (!hasDigits) return NaN;
  if (at < end) {
    const written = readExponent(payload, at, end);
    if (Number.isNaN(written)) return NaN;
    exponent += written;
  }
  const size =
    digits <= EXACT_DIGITS && exponent >= -EXPONENT_MAX && exponent <= EXPONENT_MAX
      ? scale(high, exponent)
      : digits <= READ_DIGITS && exponent < 0 && exponent >= -EXPONENT_MAX
        ? divide(high, low, POWERS[digits - EXACT_DIGITS] as number, POWERS[-exponent] as number)
        : NaN;
  if (!Number.isNaN(size)) return isNegative ? -size : size;
  const value = Number(decoder.decode(payload.subarray(start, end)));
  return Number.isFinite(value) ? value : NaN;
}

/** Both are exact, so that there is one rounding. */
function scale(digits: number, exponent: number): number {
  const power = POWERS[Math.abs(exponent)] as number;
  return exponent < 0 ? digits / power : digits * power;
}

/** The exponent that stands from `start` on, its letter first; NaN if it is none. */
function readExponent(payload: Uint8Array, start: number, end: number): number {
  const letter = payload[start];
  if (letter !== LOWER_E && letter !== UPPER_E) return NaN;
  const sign = payload[start + 1];
  let at = sign === PLUS || sign === MINUS ? start + 2 : start + 1;
  if (at >= end) return NaN;
  let value = 0;
  for (; at < end; at++) {
    const digit = (payload[at] as number) - DIGIT_0;
    if (digit < 0 || digit > 9) return NaN;
    value = Math.min(value * 10 + digit, EXPONENT_CAP);
  }
  return sign === MINUS ? -value : value;
}

/**
 * (high * unit + low) / divisor, rounded once, or NaN if it lies so near to the middle between two doubles that it takes
 * more to decide. `high` has fifteen digits; `unit` and `divisor` are powers of ten.
 *
 * The dividend is kept in two doubles, its head and what is missing to it. The quotient of the head is corrected by what
 * the division left over, which products in two doubles (Dekker's) give exactly.
 */
function divide(high: number, low: number, unit: number, divisor: number): number {
  const product = high * unit;
  const rest = productError(high, unit, product) + low;
  const head = product + rest;
  const tail = rest - (head - product);
  const quotient = head / divisor;
  const back = quotient * divisor;
  const left = head - back - productError(quotient, divisor, back);
  const correction = (left + tail) / divisor;
  const doubt = ((Math.abs(left) + Math.abs(tail)) / divisor) * DOUBT;
  const rounded = quotient + (correction + doubt);
  return rounded === quotient + (correction - doubt) ? rounded : NaN;
}

/** left * right - product, exactly, where `product` is what left * right is rounded to. */
function productError(left: number, right: number, product: number): number {
  const leftShifted = left * SPLITTER;
  const leftHead = leftShifted - (leftShifted - left);
  const leftTail = left - leftHead;
  const rightShifted = right * SPLITTER;
  const rightHead = rightShifted - (rightShifted - right);
  const rightTail = right - rightHead;
  return (
    leftHead * rightHead -
    product +
    leftHead * rightTail +
    leftTail * rightHead +
    leftTail * rightTail
  );
}
