/** The units that a client may send its timestamps in, and their conversion to nanoseconds. */
import { LINE_BAD_TIMESTAMP, LINE_OK, type LineOffsets, newLineOffsets, scanLine } from "./scan.ts";
import { countLines, findLineEnd, NEWLINE, trimLineEnd } from "./split.ts";

export type Precision = "ns" | "us" | "ms" | "s" | "m" | "h";

/** The names that InfluxDB's versions and clients use; the micro sign comes in two encodings. */
const PRECISIONS: Readonly<Record<string, Precision>> = {
  "": "ns",
  n: "ns",
  ns: "ns",
  u: "us",
  us: "us",
  "\u00b5": "us",
  "\u00b5s": "us",
  "\u03bc": "us",
  "\u03bcs": "us",
  ms: "ms",
  s: "s",
  m: "m",
  h: "h",
};

const UNIT_NS: Readonly<Record<Precision, bigint>> = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** Behind a timestamp of these units so many zeros make nanoseconds of it. */
const ZEROS: Readonly<Partial<Record<Precision, number>>> = { us: 3, ms: 6, s: 9 };
/** With so many digits, the first of them no nine, a time is not too large. */
const DIGITS_MAX = 19;

/** InfluxDB keeps the outermost 64-bit integers for itself. */
const TIME_MAX_NS = 2n ** 63n - 2n;

/** A unit's factor has 13 digits at most, so a timestamp grows by no more; a missing newline is one byte. */
const GROWTH_MAX_BYTES = 14;

const MINUS = 0x2d;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/** The unit that the `precision` parameter `text` names, or undefined for an unknown one. Names are case-sensitive. */
export function parsePrecision(text: string): Precision | undefined {
  return Object.hasOwn(PRECISIONS, text) ? PRECISIONS[text] : undefined;
}

/**
 * The lines of `body` with their timestamps, which count `precision`, in nanoseconds, exactly. Lines without a
 * timestamp and malformed ones keep their bytes (the filter judges them), blank ones are left out, and each ends with
 * `\n`. A line whose time InfluxDB cannot hold, integers of any length included, is left out and given to `onOverflow`,
 * without its line ending, as a view. Nanoseconds need nothing: `body` itself comes back, as it is.
 */
export function convertTimestamps(
  body: Uint8Array,
  precision: Precision,
  onOverflow: (line: Uint8Array) => void,
): Uint8Array {
  if (precision === "ns") return body;
  const unitNs = UNIT_NS[precision];
  const zeros = ZEROS[precision] ?? 0;
  const converted = Buffer.allocUnsafeSlow(body.length + countLines(body) * GROWTH_MAX_BYTES);
  const source = Buffer.from(body.buffer, body.byteOffset, body.length);
  const offsets = newLineOffsets();
  let length = 0;
  for (let start = 0, next = 0; start < body.length; start = next) {
    next = findLineEnd(body, start) + 1;
    const end = trimLineEnd(body, start, next - 1);
    if (end === start) continue;
    const code = scanLine(body, start, end, offsets);
    if (code === LINE_OK && zeros > 0 && takesZeros(body, offsets, zeros)) {
      length += source.copy(converted, length, start, offsets.timestampEnd);
      for (let zero = 0; zero < zeros; zero++) converted[length++] = DIGIT_0;
      converted[length++] = NEWLINE;
      continue;
    }
    const hasTimestamp = code === LINE_OK && isTimed(offsets);
    const timeNs = hasTimestamp ? timestampOf(offsets) * unitNs : 0n;
    const isBeyond = code === LINE_BAD_TIMESTAMP && isInteger(body, offsets);
    if (isBeyond || timeNs > TIME_MAX_NS || timeNs < -TIME_MAX_NS) {
      onOverflow(body.subarray(start, end));
      continue;
    }
    length += source.copy(converted, length, start, hasTimestamp ? offsets.timestampStart : end);
    if (hasTimestamp) length += converted.write(timeNs.toString(), length, "latin1");
    converted[length++] = NEWLINE;
  }
  return converted.subarray(0, length);
}

/** True if the line has a timestamp to which so many zeros are all that is missing, as nearly all have: big integers are slow. */
function takesZeros(
  body: Uint8Array,
  { timestampStart, timestampEnd }: LineOffsets,
  zeros: number,
): boolean {
  const first = body[timestampStart] ?? 0;
  const digits = timestampEnd - timestampStart;
  return digits > 0 && digits + zeros <= DIGITS_MAX && first > DIGIT_0 && first < DIGIT_9;
}

function isTimed(offsets: LineOffsets): boolean {
  return offsets.timestampEnd > offsets.timestampStart;
}

/** True if a timestamp that does not fit 64 bits is an integer all the same. */
function isInteger(body: Uint8Array, { timestampStart, timestampEnd }: LineOffsets): boolean {
  const digitsStart = body[timestampStart] === MINUS ? timestampStart + 1 : timestampStart;
  for (let at = digitsStart; at < timestampEnd; at++) {
    const byte = body[at] ?? 0;
    if (byte < DIGIT_0 || byte > DIGIT_9) return false;
  }
  return digitsStart < timestampEnd;
}

function timestampOf(offsets: LineOffsets): bigint {
  return BigInt(offsets.timestampHigh) * 1_000_000_000n + BigInt(offsets.timestampLow);
}
