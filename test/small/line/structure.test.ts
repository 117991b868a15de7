/** Where structure stands. Method: every byte by itself, and random payloads against a plain search. */
import { expect, test } from "bun:test";

import { createStructure, type Structure } from "../../../src/line/structure.ts";
import { randomBytes, seededRandom } from "../../support/random.ts";

const PIECE_BYTES = 65_536;

function create(): Structure {
  const structure = createStructure();
  if (structure === null)
    throw new Error("this processor has no SIMD instructions for WebAssembly");
  return structure;
}

/** The positions up to and with the one behind the piece. */
function find(structure: Structure, payload: Uint8Array, start = 0): number[] {
  const length = structure.find(payload, start);
  expect(structure.bytes.subarray(0, length)).toEqual(payload.subarray(start, start + length));
  const isLast = start + length === payload.length;
  expect(String.fromCharCode(structure.bytes[length] ?? 0)).toBe(isLast ? "\n" : "x");
  return [...structure.positions.subarray(0, structure.positions.indexOf(length) + 1)];
}

function isStructure(byte: number): boolean {
  return byte <= 0x22 || [0x2c, 0x3d, 0x5c].includes(byte);
}

function expected(payload: Uint8Array, start = 0): number[] {
  const piece = payload.subarray(start, start + PIECE_BYTES);
  const positions = Array.from(piece, (byte, at) => (isStructure(byte) ? at : -1));
  return [...positions.filter((at) => at >= 0), piece.length];
}

test("finds the bytes that lines are made of, and no others", () => {
  const structure = create();
  for (let byte = 0; byte < 256; byte++) {
    const payload = Uint8Array.of(0x61, byte, 0x61);
    expect(find(structure, payload)).toEqual(isStructure(byte) ? [1, 3] : [3]);
  }
});

test("finds all of them at any length and from any start, whatever the piece before held", () => {
  const random = seededRandom("structure");
  const structure = create();
  for (let round = 0; round < 500; round++) {
    const payload = randomBytes(random, random.int(200));
    const start = random.int(payload.length + 1);
    expect(find(structure, payload, start)).toEqual(expected(payload, start));
  }
});

test("takes 64 KiB at a time, be all of it structure", () => {
  const structure = create();
  const payload = new Uint8Array(PIECE_BYTES + 1000).fill(0x2c);
  expect(find(structure, payload)).toEqual(expected(payload));
  expect(find(structure, payload, 1000)).toEqual(expected(payload, 1000));
  expect(find(structure, payload, 1001)).toHaveLength(PIECE_BYTES);
});
