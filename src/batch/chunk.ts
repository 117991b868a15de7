/** Cuts a payload that is too long to publish, at line ends only. */
import { findLineEnd, NEWLINE } from "../line/split.ts";

/**
 * Calls `onChunk` with consecutive views of `payload`, each at most `limitBytes` long and ending behind a newline,
 * and `onTooLong` with each line that alone (newline included) exceeds the limit: those are in no chunk.
 * A missing final newline must have been added before. The views share the payload's bytes.
 */
export function cutAtLineEnds(
  payload: Uint8Array,
  limitBytes: number,
  onChunk: (chunk: Uint8Array) => void,
  onTooLong: (line: Uint8Array) => void,
): void {
  let start = 0;
  while (payload.length - start > limitBytes) {
    const newline = payload.lastIndexOf(NEWLINE, start + limitBytes - 1);
    if (newline >= start) {
      onChunk(payload.subarray(start, newline + 1));
      start = newline + 1;
    } else {
      const end = Math.min(findLineEnd(payload, start) + 1, payload.length);
      onTooLong(payload.subarray(start, end));
      start = end;
    }
  }
  if (start < payload.length) onChunk(payload.subarray(start));
}
