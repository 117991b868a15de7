/** Runs the scanner on text and gives back the parts as text, so that a test reads as line protocol does. */
import {
  LINE_OK,
  type LineCode,
  lineCodeText,
  newLineOffsets,
  scanLine,
} from "../../../src/line/scan.ts";
import { trimLineEnd } from "../../../src/line/split.ts";

/** The parts of a line as they are written, nothing unescaped. */
export interface LineParts {
  readonly measurement: string;
  /** With the comma in front, empty if there are none. */
  readonly tags: string;
  readonly fields: string;
  readonly timestamp: string;
  /** What the digits were read as. */
  readonly timestampNs: bigint;
}

/** The reason for which `line` is refused, or its parts. One line ending may be there, and is cut off. */
export function scanText(line: string): string | LineParts {
  return scanBytes(new TextEncoder().encode(line));
}

/** The same for bytes; parts come back with one character a byte if `encoding` is latin1. */
export function scanBytes(
  line: Uint8Array,
  encoding: "utf8" | "latin1" = "utf8",
): string | LineParts {
  // Bytes around the line show whether the scanner looks beyond its end.
  const payload = Buffer.concat([Buffer.from('x="'), line, Buffer.from('\n",=\\ 5')]);
  const start = 3;
  const newline = line.at(-1) === 0x0a ? 1 : 0;
  const end = trimLineEnd(payload, start, start + line.length - newline);
  if (end === start) return "blank";
  const offsets = newLineOffsets();
  const code: LineCode = scanLine(payload, start, end, offsets);
  if (code !== LINE_OK) return lineCodeText(code);
  const text = (from: number, to: number) => payload.toString(encoding, from, to);
  return {
    measurement: text(offsets.measurementStart, offsets.measurementEnd),
    tags: text(offsets.measurementEnd, offsets.tagsEnd),
    fields: text(offsets.fieldsStart, offsets.fieldsEnd),
    timestamp: text(offsets.timestampStart, offsets.timestampEnd),
    timestampNs: BigInt(offsets.timestampHigh) * 1_000_000_000n + BigInt(offsets.timestampLow),
  };
}
