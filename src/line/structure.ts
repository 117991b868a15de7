/**
 * Where the bytes stand that lines are made of: newlines, commas, equals signs, spaces, quotes, backslashes. Whoever has
 * that jumps from one to the next and need not look at the bytes in between.
 *
 * Found sixteen bytes at a time, 12 ns a line of 110 bytes, where the processor can: see `wasm.ts`. Everything up to `"` is
 * among them, control characters and `!` as well, for one comparison finds them all.
 */
import { instantiate } from "./wasm.ts";

export interface Structure {
  /**
   * Looks at payload[start, ...), as much as there is room for, and returns how many bytes that is. From then on `bytes` has
   * them, and one more: a newline behind the payload's end, which ends a line too, else one that is no structure; and
   * `positions` has where among them structure stands, then that one more.
   */
  find(payload: Uint8Array, start: number): number;
  readonly bytes: Uint8Array;
  readonly positions: Uint32Array;
}

const BLOCK_BYTES = 16;
const PIECE_BYTES = 64 * 1024;
/** A piece and the block behind it; then a position, four bytes, for each of their bytes. */
const POSITIONS_START = 2 * PIECE_BYTES;
const PAGES = 2 + 4 + 1;

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;
/** What stands behind a piece, unless the payload ends there. */
export const NO_STRUCTURE = 0x78;

/** Null where WebAssembly has no SIMD instructions. */
export function createStructure(): Structure | null {
  const wasm = instantiate({ parameters: 3, memoryPages: PAGES, body: FIND });
  if (wasm === undefined) return null;
  const bytes = new Uint8Array(wasm.memory, 0, POSITIONS_START);
  const positions = new Uint32Array(wasm.memory, POSITIONS_START);
  return {
    bytes,
    positions,
    find(payload, start) {
      const length = Math.min(PIECE_BYTES, payload.length - start);
      const isWhole = length === payload.length;
      bytes.set(isWhole ? payload : payload.subarray(start, start + length));
      bytes.fill(NO_STRUCTURE, length, length + BLOCK_BYTES);
      const end = wasm.call(0, length, POSITIONS_START);
      positions[(end - POSITIONS_START) / Uint32Array.BYTES_PER_ELEMENT] = length;
      if (start + length === payload.length) bytes[length] = NEWLINE;
      return length;
    },
  };
}

/** i32.const of a number of 7 bits, whose highest would be taken for its sign, and i8x16.splat. */
const splat = (byte: number) => [0x41, byte | 0x80, 0x00, 0xfd, 0x0f];

/**
 * `call(at, end, positions)`: writes where structure stands from `at` on, in whole blocks, until `end` is reached or passed;
 * returns where the last position ends.
 */
const FIND = [
  ...[0x02, 0x01, 0x7f, 0x01, 0x7b], // (local $mask i32) (local $block v128)
  ...[0x03, 0x40], // loop
  ...[0x20, 0, 0xfd, 0x00, 0, 0, 0x22, 4], // local.get $at, v128.load, local.tee $block
  ...splat(QUOTE),
  ...[0xfd, 0x2a], // i8x16.le_u
  ...[COMMA, EQUALS, BACKSLASH].flatMap((byte) => [
    ...[0x20, 4], // local.get $block
    ...splat(byte),
    ...[0xfd, 0x23, 0xfd, 0x50], // i8x16.eq, v128.or
  ]),
  ...[0xfd, 0x64, 0x21, 3], // i8x16.bitmask, local.set $mask
  ...[0x02, 0x40], // block
  ...[0x03, 0x40], // loop
  ...[0x20, 3, 0x45, 0x0d, 1], // local.get $mask, i32.eqz, br_if: out of the block
  ...[0x20, 2], // local.get $positions
  ...[0x20, 0, 0x20, 3, 0x68, 0x6a], // local.get $at, local.get $mask, i32.ctz, i32.add
  ...[0x36, 2, 0], // i32.store
  ...[0x20, 2, 0x41, 4, 0x6a, 0x21, 2], // $positions + 4, local.set $positions
  ...[0x20, 3, 0x20, 3, 0x41, 1, 0x6b, 0x71, 0x21, 3], // $mask & ($mask - 1), local.set $mask: the lowest bit is gone
  ...[0x0c, 0], // br: back to the inner loop
  ...[0x0b, 0x0b], // end, end
  ...[0x20, 0, 0x41, BLOCK_BYTES, 0x6a, 0x22, 0], // $at + BLOCK_BYTES, local.tee $at
  ...[0x20, 1, 0x49, 0x0d, 0], // local.get $end, i32.lt_u, br_if: back to the loop
  0x0b, // end
  ...[0x20, 2], // local.get $positions
  0x0b, // end
];
