/** What a body holds, ready for the intake: its lines in nanoseconds, in pieces, so that other requests get their turn. */
import { convertTimestamps, type Precision } from "../line/precision.ts";
import { countLines, findLineEnd, NEWLINE } from "../line/split.ts";

export interface BodyLines {
  /** Consecutive parts, cut at line ends; none is empty. Views of the body where nothing had to be converted. */
  readonly pieces: readonly { readonly payload: Uint8Array; readonly lines: number }[];
  readonly sizeBytes: number;
  /** The first of the lines left out because no nanosecond timestamp holds their time; a view of the body. */
  readonly overflowing: Uint8Array | undefined;
  readonly overflowLines: number;
}

/** Some milliseconds of work, a few times that if the lines are tiny: converting timestamps takes longer than counting lines. */
const PIECE_BYTES = 1024 * 1024;
const CONVERTED_PIECE_BYTES = 256 * 1024;

/**
 * Undefined if the lines take more than `sizeMaxBytes`. A body of one piece, as most are, is answered at once: a promise
 * would cost a tenth of what a small body does.
 */
export function linesOf(
  body: Uint8Array,
  precision: Precision,
  sizeMaxBytes: number,
): BodyLines | undefined | Promise<BodyLines | undefined> {
  const gathering = new Gathering(precision, sizeMaxBytes);
  const pieceBytes = precision === "ns" ? PIECE_BYTES : CONVERTED_PIECE_BYTES;
  if (body.length > pieceBytes) return gatherPieces(gathering, body, pieceBytes);
  return gathering.add(body) ? gathering : undefined;
}

async function gatherPieces(
  gathering: Gathering,
  body: Uint8Array,
  pieceBytes: number,
): Promise<BodyLines | undefined> {
  for (let start = 0, end = 0; start < body.length; start = end) {
    if (start > 0) await new Promise((resolve) => setImmediate(resolve));
    end = pieceEnd(body, start, pieceBytes);
    if (!gathering.add(body.subarray(start, end))) return undefined;
  }
  return gathering;
}

class Gathering implements BodyLines {
  readonly pieces: { readonly payload: Uint8Array; readonly lines: number }[] = [];
  sizeBytes = 0;
  overflowing: Uint8Array | undefined;
  overflowLines = 0;
  readonly #precision: Precision;
  readonly #sizeMaxBytes: number;

  constructor(precision: Precision, sizeMaxBytes: number) {
    this.#precision = precision;
    this.#sizeMaxBytes = sizeMaxBytes;
  }

  /** Adds the next part of the body; false if that is too much. */
  add(part: Uint8Array): boolean {
    const payload = convertTimestamps(part, this.#precision, this.#onOverflow);
    if (payload.length === 0) return true;
    this.pieces.push({ payload, lines: countLines(payload) });
    this.sizeBytes += payload.length;
    return this.sizeBytes <= this.#sizeMaxBytes;
  }

  readonly #onOverflow = (line: Uint8Array): void => {
    this.overflowLines++;
    this.overflowing ??= line;
  };
}

/** Behind the last line that ends within `pieceBytes`, or behind a line that is longer than that. */
function pieceEnd(body: Uint8Array, start: number, pieceBytes: number): number {
  if (body.length - start <= pieceBytes) return body.length;
  const newline = body.lastIndexOf(NEWLINE, start + pieceBytes - 1);
  return newline >= start ? newline + 1 : Math.min(findLineEnd(body, start) + 1, body.length);
}
