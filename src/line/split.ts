/**
 * What a line is. Whatever cuts or counts lines calls this file, so that all components agree.
 *
 * A line is the text up to a newline; every newline ends one, quotes or not (an open quote in one agent's datagram
 * must not swallow the next agent's lines). A carriage return before the newline belongs to the line ending.
 * A line with nothing else in it is blank: skipped, and not counted.
 */

import { createNewlineCounter } from "./newlines.ts";

export const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

const countNewlines = createNewlineCounter();
/** Below this nothing is gained by it. */
const COUNTED_AT_ONCE_MIN_BYTES = 256;

/** Offset of the newline that ends the line starting at `start`, or `payload.length` if none does. Hot: once per line. */
export function findLineEnd(payload: Uint8Array, start: number): number {
  const newline = payload.indexOf(NEWLINE, start);
  return newline === -1 ? payload.length : newline;
}

/** Where the text of the line [start, end) ends: `end`, or one before it if a carriage return stands there. */
export function trimLineEnd(payload: Uint8Array, start: number, end: number): number {
  return end > start && payload[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
}

/** How many lines `payload` holds between `start` and `end`, blank ones left out; an unfinished last line counts. */
export function countLines(payload: Uint8Array, start = 0, end: number = payload.length): number {
  if (countNewlines === undefined || end - start < COUNTED_AT_ONCE_MIN_BYTES) {
    return countLinesOneByOne(payload, start, end);
  }
  return countNewlines(payload, start, end) + (endsInsideLine(payload, end) ? 1 : 0);
}

/** What {@link countLines} counts, in plain steps. */
export function countLinesOneByOne(payload: Uint8Array, start: number, end: number): number {
  // Where no newline ends the part, a search would go on behind it: through all of the memory that a datagram lies in.
  const part = payload[end - 1] === NEWLINE ? payload : upTo(payload, end);
  let lines = 0;
  for (let at = start; at < end;) {
    const lineEnd = findLineEnd(part, at);
    if (trimLineEnd(part, at, lineEnd) > at) lines++;
    at = lineEnd + 1;
  }
  return lines;
}

function upTo(payload: Uint8Array, end: number): Uint8Array {
  return end === payload.length ? payload : payload.subarray(0, end);
}

/** True if the last line in front of `end`, at least two bytes behind its payload's start, has no newline and is not blank. */
function endsInsideLine(payload: Uint8Array, end: number): boolean {
  const last = payload[end - 1];
  if (last === CARRIAGE_RETURN) return payload[end - 2] !== NEWLINE;
  return last !== NEWLINE;
}

/** True if a non-empty `payload` ends inside a line. */
export function lacksFinalNewline(payload: Uint8Array): boolean {
  return payload.length > 0 && payload[payload.length - 1] !== NEWLINE;
}

/** How many bytes payload[start, end) has with the newline that is added if it ends inside a line. Hot: once per payload. */
export function endedLength(payload: Uint8Array, start: number, end: number): number {
  const length = end - start;
  return length > 0 && payload[end - 1] !== NEWLINE ? length + 1 : length;
}

/** `payload` itself if it ends in a newline or is empty, or a copy with one added. */
export function withFinalNewline(payload: Uint8Array): Uint8Array {
  if (!lacksFinalNewline(payload)) return payload;
  const ended = new Uint8Array(payload.length + 1);
  ended.set(payload);
  ended[payload.length] = NEWLINE;
  return ended;
}
