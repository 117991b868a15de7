/** The units that a client may send its timestamps in, and their conversion to nanoseconds. */
import { LINE_OK, type LineOffsets, newLineOffsets, scanLine } from "./scan.ts";
import { countLines, findLineEnd, trimLineEnd } from "./split.ts";

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

/** InfluxDB keeps the outermost 64-bit integers for itself. */
const TIME_MAX_NS = 2n ** 63n - 2n;

/** A unit's factor has 13 digits at most, so a timestamp grows by no more; a missing newline is one byte. */
const GROWTH_MAX_BYTES = 14;

const NEWLINE = 0x0a;

/** The unit that the `precision` parameter `text` names, or undefined for an unknown one. Names are case-sensitive. */
export function parsePrecision(text: string): Precision | undefined {
  return Object.hasOwn(PRECISIONS, text) ? PRECISIONS[text] : undefined;
}

/**
 * The lines of `body` with their timestamps, which count `precision`, in nanoseconds, exactly. Lines without a
 * timestamp and malformed ones keep their bytes (the filter judges them), blank ones are left out, and each ends with
 * `\n`. A line whose time InfluxDB cannot hold is left out and given to `onOverflow`, without its line ending, as a view.
 * Nanoseconds need nothing: `body` itself comes back, as it is.
 */
export function convertTimestamps(
  body: Uint8Array,
  precision: Precision,
  onOverflow: (line: Uint8Array) => void,
): Uint8Array {
  if (precision === "ns") return body;
  const unitNs = UNIT_NS[precision];
  const converted = Buffer.allocUnsafeSlow(body.length + countLines(body) * GROWTH_MAX_BYTES);
  const offsets = newLineOffsets();
  let length = 0;
  for (let start = 0, next = 0; start < body.length; start = next) {
    next = findLineEnd(body, start) + 1;
    const end = trimLineEnd(body, start, next - 1);
    if (end === start) continue;
    const hasTimestamp = scanLine(body, start, end, offsets) === LINE_OK && isTimed(offsets);
    const timeNs = hasTimestamp ? timestampOf(offsets) * unitNs : 0n;
    if (timeNs > TIME_MAX_NS || timeNs < -TIME_MAX_NS) {
      onOverflow(body.subarray(start, end));
      continue;
    }
    const kept = body.subarray(start, hasTimestamp ? offsets.timestampStart : end);
    converted.set(kept, length);
    length += kept.length;
    if (hasTimestamp) length += converted.write(timeNs.toString(), length, "latin1");
    converted[length++] = NEWLINE;
  }
  return converted.subarray(0, length);
}

function isTimed(offsets: LineOffsets): boolean {
  return offsets.timestampEnd > offsets.timestampStart;
}

function timestampOf(offsets: LineOffsets): bigint {
  return BigInt(offsets.timestampHigh) * 1_000_000_000n + BigInt(offsets.timestampLow);
}
