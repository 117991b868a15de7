/**
 * Counts newlines sixteen bytes at a time, where the processor can: every line of every component is counted, and for
 * lines of 110 bytes this takes 8 ns a line instead of 17 to 24, copying included (`bun test/bench/line.ts`).
 *
 * The runtime has no such instructions but in WebAssembly, which reads nothing but its own memory, so the payload is
 * copied there piece by piece. `countLines` in split.ts is what it must agree with, and what counts where it cannot.
 */

import { instantiate } from "./wasm.ts";

/** Newlines in payload[start, end), or -1 if one of them may end a blank line: then it must be looked at closely. */
export type CountNewlines = (payload: Uint8Array, start: number, end: number) => number;

const NEWLINE = 0x0a;
/** A newline behind a byte below this may end a blank line: LF and CR are among them, and the others are rare there. */
const FIRST_PLAIN_BYTE = 0x0e;

const BLOCK_BYTES = 16;
const PIECE_BYTES = 64 * 1024;
/** Memory comes in pages of 64 KiB: one for the piece, one for a block in front of it and one behind it. */
const PAGES = 2;

/** Undefined where WebAssembly has no SIMD instructions. */
export function createNewlineCounter(): CountNewlines | undefined {
  const wasm = instantiate({ parameters: 2, memoryPages: PAGES, body: COUNT });
  if (wasm === undefined) return undefined;
  const count = wasm.call;
  const memory = new Uint8Array(wasm.memory);

  return (payload, start, end) => {
    let newlines = 0;
    for (let at = start; at < end; at += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, end - at);
      const isWhole = length === payload.length;
      // What stands in front of the first line is as good as a newline.
      memory[BLOCK_BYTES - 1] = at === start ? NEWLINE : (payload[at - 1] as number);
      memory.set(isWhole ? payload : payload.subarray(at, at + length), BLOCK_BYTES);
      const pieceEnd = BLOCK_BYTES + length;
      memory.fill(0, pieceEnd, pieceEnd + BLOCK_BYTES);
      const inPiece = count(BLOCK_BYTES, pieceEnd);
      if (inPiece < 0) return -1;
      newlines += inPiece;
    }
    return newlines;
  };
}

/** `count(at, end)`, both at least 16: the newlines from `at` on, in whole blocks, until `end` is reached or passed. */
const COUNT = [
  ...[0x02, 0x02, 0x7b, 0x01, 0x7f], // (local $newlines v128) (local $blank v128) (local $count i32)
  ...[0x03, 0x40], // loop
  ...[0x20, 4], // local.get $count
  ...[0x20, 0], // local.get $at
  ...[0xfd, 0x00, 0, 0], // v128.load
  ...[0x41, NEWLINE, 0xfd, 0x0f], // i32.const NEWLINE, i8x16.splat
  ...[0xfd, 0x23], // i8x16.eq: 255 where a newline stands
  ...[0x22, 2], // local.tee $newlines
  ...[0xfd, 0x64, 0x69], // i8x16.bitmask, i32.popcnt: how many
  ...[0x6a, 0x21, 4], // i32.add, local.set $count
  ...[0x20, 3], // local.get $blank
  ...[0x20, 2], // local.get $newlines
  ...[0x20, 0, 0x41, 1, 0x6b], // local.get $at, i32.const 1, i32.sub
  ...[0xfd, 0x00, 0, 0], // v128.load: the byte in front of each
  ...[0x41, FIRST_PLAIN_BYTE, 0xfd, 0x0f], // i32.const FIRST_PLAIN_BYTE, i8x16.splat
  ...[0xfd, 0x26], // i8x16.lt_u
  ...[0xfd, 0x4e, 0xfd, 0x50, 0x21, 3], // v128.and, v128.or, local.set $blank
  ...[0x20, 0, 0x41, BLOCK_BYTES, 0x6a, 0x22, 0], // local.get $at, i32.const BLOCK_BYTES, i32.add, local.tee $at
  ...[0x20, 1, 0x49, 0x0d, 0], // local.get $end, i32.lt_u, br_if: back to the loop
  0x0b, // end
  ...[0x41, 0x7f], // i32.const -1
  ...[0x20, 4], // local.get $count
  ...[0x20, 3, 0xfd, 0x53], // local.get $blank, v128.any_true
  0x1b, // select
  0x0b, // end
];
