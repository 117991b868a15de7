/**
 * The fields of a scanned line, one by one: where name and value stand, of which type the value is, and the exact number
 * that it spells. A value that InfluxDB would refuse is refused here.
 */
import { readDigits } from "./digits.ts";
import { readFloat } from "./float.ts";
import type { LineOffsets } from "./scan.ts";

/** The type of a value. A number, so that a column of them is small. */
export type FieldKind = number;

export const FIELD_FLOAT = 1;
/** 64 bits with a sign, written with an `i`. */
export const FIELD_INTEGER = 2;
/** 64 bits without a sign, written with a `u`. InfluxDB 1.x refuses it unless it was built for it; 2.x takes it. */
export const FIELD_UNSIGNED = 3;
export const FIELD_BOOLEAN = 4;
export const FIELD_STRING = 5;

const REFUSED = 0;

/** True for the types of which `high` and `low` hold the value. */
export function isNumber(kind: FieldKind): boolean {
  return kind <= FIELD_UNSIGNED;
}

/**
 * Filled by {@link readFields}, made once, used for every line; its columns are replaced by larger ones at need. Offsets
 * into the payload, start inclusive, end exclusive. Names are as written, escapes and all; a string has its quotes.
 */
export interface Fields {
  count: number;
  nameStart: Int32Array;
  nameEnd: Int32Array;
  valueStart: Int32Array;
  valueEnd: Int32Array;
  kind: Uint8Array;
  /** A float; or of an integer, the part that counts 10^9: the value is high * 10^9 + low, and both carry its sign. */
  high: Float64Array;
  low: Float64Array;
}

const FIRST_CAPACITY = 64;

export function newFields(): Fields {
  return {
    count: 0,
    nameStart: new Int32Array(FIRST_CAPACITY),
    nameEnd: new Int32Array(FIRST_CAPACITY),
    valueStart: new Int32Array(FIRST_CAPACITY),
    valueEnd: new Int32Array(FIRST_CAPACITY),
    kind: new Uint8Array(FIRST_CAPACITY),
    high: new Float64Array(FIRST_CAPACITY),
    low: new Float64Array(FIRST_CAPACITY),
  };
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;
const LETTER_I = 0x69;
const LETTER_U = 0x75;

const LOW_DIGITS = 9;
/** The largest integers in parts; the smallest is one further from zero than the largest. */
const INTEGER_HIGH_MAX = 9_223_372_036;
const INTEGER_LOW_MAX = 854_775_807;
const UNSIGNED_HIGH_MAX = 18_446_744_073;
const UNSIGNED_LOW_MAX = 709_551_615;

const BOOLEANS = ["t", "T", "true", "True", "TRUE", "f", "F", "false", "False", "FALSE"].map(
  (text) => new TextEncoder().encode(text),
);

/**
 * Reads the fields of a line that scanned as LINE_OK. False if one has a value that InfluxDB refuses; then `fields` is of
 * no use. Hot: once per line.
 */
export function readFields(payload: Uint8Array, offsets: LineOffsets, fields: Fields): boolean {
  const end = offsets.fieldsEnd;
  let at = offsets.fieldsStart;
  let count = 0;
  while (at < end) {
    if (count === fields.kind.length) grow(fields);
    const nameEnd = findNameEnd(payload, at);
    const valueEnd = findValueEnd(payload, nameEnd + 1, end);
    fields.nameStart[count] = at;
    fields.nameEnd[count] = nameEnd;
    fields.valueStart[count] = nameEnd + 1;
    fields.valueEnd[count] = valueEnd;
    if (!readValue(payload, nameEnd + 1, valueEnd, fields, count)) return false;
    count++;
    at = valueEnd + 1;
  }
  fields.count = count;
  return true;
}

/** The equals sign behind a name. It is there, or the line would not have scanned; the scan's rules of escaping are these. */
function findNameEnd(payload: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    const byte = payload[at];
    if (byte === EQUALS) return at;
    at++;
    if (byte === BACKSLASH && payload[at] !== BACKSLASH) at++;
  }
}

/** The comma behind a value, or `end`. */
function findValueEnd(payload: Uint8Array, start: number, end: number): number {
  let at = start;
  if (payload[at] !== QUOTE) {
    while (at < end && payload[at] !== COMMA) at++;
    return at;
  }
  at++;
  while (payload[at] !== QUOTE) at += payload[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

/** Notes type and number of the value [start, end) of field `index`; false if it has none. */
function readValue(
  payload: Uint8Array,
  start: number,
  end: number,
  fields: Fields,
  index: number,
): boolean {
  const first = payload[start] as number;
  const last = payload[end - 1];
  let kind = REFUSED;
  if (first === QUOTE) {
    kind = FIELD_STRING;
  } else if ((first < DIGIT_0 || first > DIGIT_9) && first !== MINUS && first !== DOT) {
    if (isBoolean(payload, start, end)) kind = FIELD_BOOLEAN;
  } else if (last === LETTER_I) {
    if (readInteger(payload, start, end - 1, fields, index)) kind = FIELD_INTEGER;
  } else if (last === LETTER_U) {
    if (readUnsigned(payload, start, end - 1, fields, index)) kind = FIELD_UNSIGNED;
  } else {
    const value = readFloat(payload, start, end);
    fields.high[index] = value;
    if (!Number.isNaN(value)) kind = FIELD_FLOAT;
  }
  fields.kind[index] = kind;
  return kind !== REFUSED;
}

function readInteger(
  payload: Uint8Array,
  start: number,
  end: number,
  fields: Fields,
  index: number,
): boolean {
  const isNegative = payload[start] === MINUS;
  const digitsStart = isNegative ? start + 1 : start;
  if (digitsStart === end) return false;
  const lowStart = Math.max(end - LOW_DIGITS, digitsStart);
  const high = readDigits(payload, digitsStart, lowStart);
  const low = readDigits(payload, lowStart, end);
  if (high < 0 || low < 0 || high > INTEGER_HIGH_MAX) return false;
  if (high === INTEGER_HIGH_MAX && low > INTEGER_LOW_MAX + (isNegative ? 1 : 0)) return false;
  fields.high[index] = isNegative ? 0 - high : high;
  fields.low[index] = isNegative ? 0 - low : low;
  return true;
}

function readUnsigned(
  payload: Uint8Array,
  start: number,
  end: number,
  fields: Fields,
  index: number,
): boolean {
  const lowStart = Math.max(end - LOW_DIGITS, start);
  const high = readDigits(payload, start, lowStart);
  const low = readDigits(payload, lowStart, end);
  if (start === end || high < 0 || low < 0 || high > UNSIGNED_HIGH_MAX) return false;
  if (high === UNSIGNED_HIGH_MAX && low > UNSIGNED_LOW_MAX) return false;
  fields.high[index] = high;
  fields.low[index] = low;
  return true;
}

function isBoolean(payload: Uint8Array, start: number, end: number): boolean {
  return BOOLEANS.some((text) => {
    if (text.length !== end - start) return false;
    for (let at = 0; at < text.length; at++) if (payload[start + at] !== text[at]) return false;
    return true;
  });
}

function grow(fields: Fields): void {
  const larger = <Column extends Int32Array | Uint8Array | Float64Array>(
    column: Column,
    empty: Column,
  ): Column => {
    empty.set(column);
    return empty;
  };
  const capacity = 2 * fields.kind.length;
  fields.nameStart = larger(fields.nameStart, new Int32Array(capacity));
  fields.nameEnd = larger(fields.nameEnd, new Int32Array(capacity));
  fields.valueStart = larger(fields.valueStart, new Int32Array(capacity));
  fields.valueEnd = larger(fields.valueEnd, new Int32Array(capacity));
  fields.kind = larger(fields.kind, new Uint8Array(capacity));
  fields.high = larger(fields.high, new Float64Array(capacity));
  fields.low = larger(fields.low, new Float64Array(capacity));
}
