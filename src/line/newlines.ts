/**
 * Counts lines sixteen bytes at a time, where the processor can: every line of every component is counted, and for
 * lines of 110 bytes this takes 8 ns a line instead of 17 to 24, copying included (`bun test/bench/line.ts`).
 *
 * The runtime has no such instructions but in WebAssembly, which reads nothing but its own memory, so the payload is
 * copied there piece by piece. `countLines` in split.ts is what it must agree with, and what counts where it cannot.
 */

import { instantiate } from "./wasm.ts";

/** The newlines in payload[start, end) that end a line with something in it: a blank line's are left out. */
export type CountNewlines = (payload: Uint8Array, start: number, end: number) => number;

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

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
      // What stands in front of the first line is as good as newlines.
      memory[BLOCK_BYTES - 1] = at > start ? (payload[at - 1] as number) : NEWLINE;
      memory[BLOCK_BYTES - 2] = at > start + 1 ? (payload[at - 2] as number) : NEWLINE;
      memory.set(isWhole ? payload : payload.subarray(at, at + length), BLOCK_BYTES);
      const pieceEnd = BLOCK_BYTES + length;
      memory.fill(0, pieceEnd, pieceEnd + BLOCK_BYTES);
      newlines += count(BLOCK_BYTES, pieceEnd);
    }
    return newlines;
  };
}

/** i32.const of a byte below 64, and i8x16.splat. */
const splat = (byte: number) => [0x41, byte, 0xfd, 0x0f];
/** v128.load of the block that starts so many bytes in front of `at`. */
const loadBefore = (bytes: number) => [0x20, 0, 0x41, bytes, 0x6b, 0xfd, 0x00, 0, 0];
const EQ = [0xfd, 0x23]; // i8x16.eq: 255 where both are the same
const AND = [0xfd, 0x4e];
const OR = [0xfd, 0x50];
const AND_NOT = [0xfd, 0x4f];

/**
 * `count(at, end)`, both at least 16: the newlines that end no blank line from `at` on, in whole blocks, until `end` is
 * reached or passed. One ends a blank line behind a newline, or behind a carriage return that stands behind one.
 */
const COUNT = [
  ...[0x02, 0x01, 0x7f, 0x01, 0x7b], // (local $count i32) (local $before v128)
  ...[0x03, 0x40], // loop
  ...[0x20, 2], // local.get $count
  ...[...loadBefore(0), ...splat(NEWLINE), ...EQ],
  ...[...loadBefore(1), 0x22, 3], // local.tee $before
  ...[...splat(NEWLINE), ...EQ],
  ...[0x20, 3, ...splat(CARRIAGE_RETURN), ...EQ],
  ...[...loadBefore(2), ...splat(NEWLINE), ...EQ],
  ...[...AND, ...OR], // 255 where a newline would end a blank line
  ...AND_NOT,
  ...[0xfd, 0x64, 0x69], // i8x16.bitmask, i32.popcnt: how many
  ...[0x6a, 0x21, 2], // i32.add, local.set $count
  ...[0x20, 0, 0x41, BLOCK_BYTES, 0x6a, 0x22, 0], // local.get $at, i32.const BLOCK_BYTES, i32.add, local.tee $at
  ...[0x20, 1, 0x49, 0x0d, 0], // local.get $end, i32.lt_u, br_if: back to the loop
  0x0b, // end
  ...[0x20, 2], // local.get $count
  0x0b, // end
];
