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

/** Undefined if the lines take more than `sizeMaxBytes`. */
export async function linesOf(
  body: Uint8Array,
  precision: Precision,
  sizeMaxBytes: number,
): Promise<BodyLines | undefined> {
  const pieceBytes = precision === "ns" ? PIECE_BYTES : CONVERTED_PIECE_BYTES;
  const pieces: { payload: Uint8Array; lines: number }[] = [];
  let sizeBytes = 0;
  let overflowLines = 0;
  let overflowing: Uint8Array | undefined;
  for (let start = 0, end = 0; start < body.length; start = end) {
    if (start > 0) await new Promise((resolve) => setImmediate(resolve));
    end = pieceEnd(body, start, pieceBytes);
    const piece = end - start === body.length ? body : body.subarray(start, end);
    const payload = convertTimestamps(piece, precision, (line) => {
      overflowLines++;
      overflowing ??= line;
    });
    if (payload.length === 0) continue;
    pieces.push({ payload, lines: countLines(payload) });
    sizeBytes += payload.length;
    if (sizeBytes > sizeMaxBytes) return undefined;
  }
  return { pieces, sizeBytes, overflowing, overflowLines };
}

/** Behind the last line that ends within `pieceBytes`, or behind a line that is longer than that. */
function pieceEnd(body: Uint8Array, start: number, pieceBytes: number): number {
  if (body.length - start <= pieceBytes) return body.length;
  const newline = body.lastIndexOf(NEWLINE, start + pieceBytes - 1);
  return newline >= start ? newline + 1 : Math.min(findLineEnd(body, start) + 1, body.length);
}
