/** What a body holds, ready for the intake: its lines in nanoseconds, in pieces, so that other requests get their turn. */
import { convertTimestamps, type Precision } from "../line/precision.ts";
import { countLines, findLineEnd, NEWLINE } from "../line/split.ts";
import { giveBack } from "../platform/memory.ts";

export interface BodyLines {
  /** Consecutive parts, cut at line ends; none is empty. Views of the body if they came in nanoseconds. */
  readonly pieces: readonly { readonly payload: Uint8Array; readonly lines: number }[];
  readonly sizeBytes: number;
  /** The first of the lines left out because no nanosecond timestamp holds their time. */
  readonly overflowing: Uint8Array | undefined;
  readonly overflowLines: number;
}

/** Why there are no lines: there are more than may be published at once, or more than there is room for now. */
export type NoLines = "too_large" | "no_room";

export interface LinesOptions {
  readonly precision: Precision;
  /** The lines of a body take no more. */
  readonly sizeMaxBytes: number;
  /** Takes room for so many bytes that the lines take beside the body, or instead of it; false if there is none. */
  readonly hold: (bytes: number) => boolean;
}

/**
 * Takes over `body`. One of a single piece, as most are, is answered at once: a promise would cost a tenth of what a
 * small body does.
 */
export type LinesOf = (
  body: Uint8Array,
  options: LinesOptions,
) => BodyLines | NoLines | Promise<BodyLines | NoLines>;

/** Some milliseconds of work, a few times that if the lines are tiny: converting timestamps takes longer than counting lines. */
const PIECE_BYTES = 1024 * 1024;
const CONVERTED_PIECE_BYTES = 256 * 1024;

const USED_MIN_SHARE = 3 / 4;

/** What an answer can show of a line. */
const SHOWN_LINE_MAX_BYTES = 512;

/** Large bodies whose times are converted are so one after the other: while that lasts they are there twice. */
export function createLinesOf(): LinesOf {
  let converting: Promise<unknown> = Promise.resolve();
  return (body, options) => {
    const isConverted = options.precision !== "ns";
    const pieceBytes = isConverted ? CONVERTED_PIECE_BYTES : PIECE_BYTES;
    if (body.length <= pieceBytes) {
      const gathering = new Gathering(options, 0);
      return gathering.add(body) ?? gathering;
    }
    if (!isConverted) return gatherPieces(new Gathering(options, 0), body, pieceBytes);
    const turn = converting.then(async () => {
      const gathered = await gatherPieces(new Gathering(options, body.length), body, pieceBytes);
      giveBack(body);
      return gathered;
    });
    converting = turn;
    return turn;
  };
}

async function gatherPieces(
  gathering: Gathering,
  body: Uint8Array,
  pieceBytes: number,
): Promise<BodyLines | NoLines> {
  for (let start = 0, end = 0; start < body.length; start = end) {
    if (start > 0) await new Promise((resolve) => setImmediate(resolve));
    end = pieceEnd(body, start, pieceBytes);
    const problem = gathering.add(body.subarray(start, end));
    if (problem !== undefined) return problem;
  }
  return gathering;
}

class Gathering implements BodyLines {
  readonly pieces: { readonly payload: Uint8Array; readonly lines: number }[] = [];
  sizeBytes = 0;
  overflowing: Uint8Array | undefined;
  overflowLines = 0;
  readonly #options: LinesOptions;
  /** Room that the body has and leaves to the lines, because it is gone when they are gathered. */
  #leftBytes: number;

  constructor(options: LinesOptions, leftBytes: number) {
    this.#options = options;
    this.#leftBytes = leftBytes;
  }

  /** Adds the next part of the body, or tells why it cannot. */
  add(part: Uint8Array): NoLines | undefined {
    const { precision, sizeMaxBytes } = this.#options;
    const payload = trimmed(convertTimestamps(part, precision, this.#onOverflow));
    if (payload.length === 0) return undefined;
    this.pieces.push({ payload, lines: countLines(payload) });
    this.sizeBytes += payload.length;
    if (this.sizeBytes > sizeMaxBytes) return "too_large";
    return precision === "ns" || this.#hold(payload.length) ? undefined : "no_room";
  }

  #hold(bytes: number): boolean {
    const moreBytes = Math.max(0, bytes - this.#leftBytes);
    this.#leftBytes -= bytes - moreBytes;
    return moreBytes === 0 || this.#options.hold(moreBytes);
  }

  readonly #onOverflow = (line: Uint8Array): void => {
    this.overflowLines++;
    this.overflowing ??= line.slice(0, SHOWN_LINE_MAX_BYTES);
  };
}

/** What keeps a payload keeps its whole buffer, and short lines with room for long times leave much of it unused. */
function trimmed(payload: Uint8Array): Uint8Array {
  const isUsed = payload.length >= USED_MIN_SHARE * payload.buffer.byteLength;
  return isUsed ? payload : payload.slice();
}

/** Behind the last line that ends within `pieceBytes`, or behind a line that is longer than that. */
function pieceEnd(body: Uint8Array, start: number, pieceBytes: number): number {
  if (body.length - start <= pieceBytes) return body.length;
  const newline = body.lastIndexOf(NEWLINE, start + pieceBytes - 1);
  return newline >= start ? newline + 1 : Math.min(findLineEnd(body, start) + 1, body.length);
}
