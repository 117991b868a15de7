/**
 * Where the parts of one line stand. Nothing is unescaped and nothing is copied: bytes in, offsets out.
 *
 * What is refused here is what InfluxDB could not store either, or what would harm the lines around it: a part that
 * is missing, a string that is not closed, a timestamp that is no integer. Values, duplicate tags and lengths are
 * InfluxDB's to judge, so that a router does not refuse what another version of the database takes.
 */
import { spillsOver } from "./spill.ts";
import { readTimestamp } from "./timestamp.ts";

/** Offsets into the payload; start inclusive, end exclusive. Filled by {@link scanLine}, made once, used for every line. */
export interface LineOffsets {
  /** The line's text, its line ending left out; leading blanks are before measurementStart. */
  lineStart: number;
  lineEnd: number;
  measurementStart: number;
  measurementEnd: number;
  /** True if the measurement holds a backslash, so that it may differ from what a rule compares. */
  measurementEscaped: boolean;
  /** True if the measurement, a tag or a field key holds a backslash. */
  keysEscaped: boolean;
  /** True if a string holds a backslash. */
  stringsEscaped: boolean;
  /** measurementEnd to here: `,key=value,...`, empty if there are no tags. */
  tagsEnd: number;
  /** How many tags; `tags.ts` says where each stands. */
  tagCount: number;
  /** Two numbers a tag and one behind the last; only `tags.ts` knows what they mean. Replaced by a larger one at need. */
  tagBounds: Int32Array;
  fieldsStart: number;
  fieldsEnd: number;
  /** Both equal lineEnd if the line has no timestamp. */
  timestampStart: number;
  timestampEnd: number;
  /** The timestamp is timestampHigh * 10^9 + timestampLow, exactly; both carry its sign. Both 0 without a timestamp. */
  timestampHigh: number;
  timestampLow: number;
}

/** Why a line is refused. A number, so that the hot path compares and counts without strings. */
export type LineCode = number;

export const LINE_OK = 0;
/** Not an error: InfluxDB skips lines that begin with `#`, blanks before it or not, and lines of blanks alone. */
export const LINE_COMMENT = 1;
export const LINE_NO_MEASUREMENT = 2;
export const LINE_NO_TAG_KEY = 3;
export const LINE_NO_TAG_VALUE = 4;
export const LINE_NO_FIELDS = 5;
export const LINE_NO_FIELD_KEY = 6;
export const LINE_NO_FIELD_VALUE = 7;
export const LINE_BAD_FIELD_VALUE = 8;
export const LINE_OPEN_STRING = 9;
export const LINE_BAD_TIMESTAMP = 10;
export const LINE_SPILLS_OVER = 11;

/** By code. */
export const LINE_CODE_TEXTS: readonly string[] = [
  "ok",
  "comment",
  "missing measurement",
  "missing tag key",
  "missing tag value",
  "missing fields",
  "missing field key",
  "missing field value",
  "bad field value",
  "string without closing quote",
  "timestamp that is no 64-bit integer",
  "would swallow the next line",
];

/** The reason in words, for a log. */
export function lineCodeText(code: LineCode): string {
  return LINE_CODE_TEXTS[code] ?? `code ${code}`;
}

export function newLineOffsets(): LineOffsets {
  return {
    lineStart: 0,
    lineEnd: 0,
    measurementStart: 0,
    measurementEnd: 0,
    measurementEscaped: false,
    keysEscaped: false,
    stringsEscaped: false,
    tagsEnd: 0,
    tagCount: 0,
    tagBounds: new Int32Array(FIRST_TAG_BOUNDS),
    fieldsStart: 0,
    fieldsEnd: 0,
    timestampStart: 0,
    timestampEnd: 0,
    timestampHigh: 0,
    timestampLow: 0,
  };
}

/** Room for 32 tags, more than nearly every line has. */
const FIRST_TAG_BOUNDS = 65;

const TAB = 0x09;
const SPACE = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** What a byte may end: bits of {@link ENDS}. A backslash ends everything, so that its escape is looked at. */
const NAME = 1;
const KEY = 2;
const VALUE = 4;
const STRING = 8;

const ENDS = new Uint8Array(256);
ENDS[SPACE] = NAME | KEY | VALUE;
ENDS[COMMA] = NAME | KEY | VALUE;
ENDS[EQUALS] = KEY | VALUE;
ENDS[QUOTE] = VALUE | STRING;
ENDS[BACKSLASH] = NAME | KEY | VALUE | STRING;

/**
 * Finds the parts of the line payload[start, end), its line ending left out, and says whether it can be passed on.
 * `offsets` is complete only after LINE_OK. Hot: once per line.
 */
export function scanLine(
  payload: Uint8Array,
  start: number,
  end: number,
  offsets: LineOffsets,
): LineCode {
  offsets.lineStart = start;
  offsets.lineEnd = end;
  offsets.keysEscaped = false;
  offsets.stringsEscaped = false;
  const measurementStart = skipBlanks(payload, start, end);
  if (measurementStart === end || payload[measurementStart] === HASH) return LINE_COMMENT;
  if (payload[measurementStart] === COMMA) return LINE_NO_MEASUREMENT;
  const measurementEnd = findUnescaped(payload, measurementStart, end, NAME, offsets);
  offsets.measurementStart = measurementStart;
  offsets.measurementEnd = measurementEnd;
  offsets.measurementEscaped = offsets.keysEscaped;

  const tagsEnd = scanTags(payload, measurementEnd, end, offsets);
  if (tagsEnd < 0) return -tagsEnd;
  const fieldsStart = skipBlanks(payload, tagsEnd, end);
  if (fieldsStart === end) return LINE_NO_FIELDS;
  const fieldsEnd = scanFields(payload, fieldsStart, end, offsets);
  if (fieldsEnd < 0) return -fieldsEnd;
  offsets.tagsEnd = tagsEnd;
  offsets.fieldsStart = fieldsStart;
  offsets.fieldsEnd = fieldsEnd;
  if ((offsets.keysEscaped || measurementStart > start) && spillsOver(payload, start, end)) {
    return LINE_SPILLS_OVER;
  }
  const timestampStart = skipBlanks(payload, fieldsEnd, end);
  return readTimestamp(payload, timestampStart, end, offsets) ? LINE_OK : LINE_BAD_TIMESTAMP;
}

/**
 * Where the tags, which begin at `start` with a comma, end; or a code, negative. Where each of them stands is noted here
 * and not found a second time: that takes a nanosecond or two a line, and walking over the tags again takes fifty.
 */
function scanTags(payload: Uint8Array, start: number, end: number, offsets: LineOffsets): number {
  let at = start;
  let bounds = offsets.tagBounds;
  let count = 0;
  while (at < end && payload[at] === COMMA) {
    const keyStart = at + 1;
    at = findUnescaped(payload, keyStart, end, KEY, offsets);
    if (at === keyStart) return -LINE_NO_TAG_KEY;
    if (at === end || payload[at] !== EQUALS) return -LINE_NO_TAG_VALUE;
    if (count + 2 >= bounds.length) bounds = offsets.tagBounds = doubled(bounds);
    bounds[count++] = keyStart;
    bounds[count++] = at;
    const valueStart = at + 1;
    at = findUnescaped(payload, valueStart, end, NAME, offsets);
    if (at === valueStart) return -LINE_NO_TAG_VALUE;
  }
  bounds[count] = at + 1;
  offsets.tagCount = count / 2;
  return at;
}

function doubled(bounds: Int32Array): Int32Array {
  const larger = new Int32Array(2 * bounds.length);
  larger.set(bounds);
  return larger;
}

/** Where the fields, which begin at `start`, end; or a code, negative. */
function scanFields(payload: Uint8Array, start: number, end: number, offsets: LineOffsets): number {
  let at = start;
  for (;;) {
    const keyStart = at;
    at = findUnescaped(payload, keyStart, end, KEY, offsets);
    if (at === keyStart) return -LINE_NO_FIELD_KEY;
    if (at === end || payload[at] !== EQUALS) return -LINE_NO_FIELD_VALUE;
    const valueStart = at + 1;
    if (valueStart < end && payload[valueStart] === QUOTE) {
      at = findClosingQuote(payload, valueStart + 1, end, offsets) + 1;
      if (at > end) return -LINE_OPEN_STRING;
    } else {
      at = valueStart;
      while (at < end && ((ENDS[payload[at] as number] as number) & VALUE) === 0) at++;
      if (at === valueStart) return -LINE_NO_FIELD_VALUE;
    }
    if (at === end || payload[at] === SPACE) return at;
    if (payload[at] !== COMMA) return -LINE_BAD_FIELD_VALUE;
    at++;
  }
}

/** Tabs and NULs count as blanks where InfluxDB takes them for such: in front of a part, never behind or inside. */
function skipBlanks(payload: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (payload[at] === SPACE || payload[at] === TAB || payload[at] === 0)) at++;
  return at;
}

/**
 * The first byte from `start` on that ends a part of kind `part`, or `end`. One directly behind a backslash does not,
 * whatever stands in front of that backslash.
 */
function findUnescaped(
  payload: Uint8Array,
  start: number,
  end: number,
  part: number,
  offsets: LineOffsets,
): number {
  let at = start;
  for (;;) {
    while (at < end && ((ENDS[payload[at] as number] as number) & part) === 0) at++;
    if (at === end || payload[at] !== BACKSLASH) return at;
    offsets.keysEscaped = true;
    at++;
    if (at < end && payload[at] !== BACKSLASH) at++;
  }
}

/** The quote that ends a string, or `end` or more. In a string a backslash escapes any byte, another backslash too. */
function findClosingQuote(
  payload: Uint8Array,
  start: number,
  end: number,
  offsets: LineOffsets,
): number {
  let at = start;
  for (;;) {
    while (at < end && ((ENDS[payload[at] as number] as number) & STRING) === 0) at++;
    if (at >= end || payload[at] === QUOTE) return at;
    offsets.stringsEscaped = true;
    at += 2;
  }
}
