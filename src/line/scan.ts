/**
 * Where the parts of one line stand. Nothing is unescaped and nothing is copied: bytes in, offsets out.
 */

/** Offsets into the payload; start inclusive, end exclusive. Filled by {@link scanLine}, made once, used for every line. */
export interface LineOffsets {
  /** The line's text, its line ending left out; leading blanks are before measurementStart. */
  lineStart: number;
  lineEnd: number;
  measurementStart: number;
  measurementEnd: number;
  /** True if the measurement holds a backslash, so that it may differ from what a rule compares. */
  measurementEscaped: boolean;
  /** measurementEnd to here: `,key=value,...`, empty if there are no tags. */
  tagsEnd: number;
  fieldsStart: number;
  fieldsEnd: number;
  /** Both equal lineEnd if the line has no timestamp. */
  timestampStart: number;
  timestampEnd: number;
}

/** Why a line is refused. A number, so that the hot path compares and counts without strings. */
export type LineCode = number;
