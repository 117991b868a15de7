/** Cutting at line ends: the vectors measured on the earlier programs, adjusted where their rows say so. */
import { expect, test } from "bun:test";

import { cutAtLineEnds } from "../../../src/batch/chunk.ts";
import { randomBytes, seededRandom } from "../../support/random.ts";
import vectors from "../../vectors.json";

function cut(payload: Uint8Array, limitBytes: number): { chunks: string[]; tooLong: string[] } {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
  const chunks: string[] = [];
  const tooLong: string[] = [];
  cutAtLineEnds(
    payload,
    limitBytes,
    (chunk) => chunks.push(text(chunk)),
    (line) => tooLong.push(text(line)),
  );
  return { chunks, tooLong };
}

test.each(vectors.split)("cuts as measured: %j", ({ input, limit, chunks, tooLong }) => {
  expect(cut(Buffer.from(input), limit)).toEqual({ chunks, tooLong });
});

test("goes on behind a line that is too long, wherever it stands", () => {
  expect(cut(Buffer.from("a\nlonglong\nb\nc\n"), 4)).toEqual({
    chunks: ["a\n", "b\nc\n"],
    tooLong: ["longlong\n"],
  });
  expect(cut(Buffer.from("a\nlonglong\n"), 4)).toEqual({
    chunks: ["a\n"],
    tooLong: ["longlong\n"],
  });
  expect(cut(Buffer.from("longlong\nlonger\n"), 4)).toEqual({
    chunks: [],
    tooLong: ["longlong\n", "longer\n"],
  });
});

test("gives views of the payload, not copies", () => {
  const payload = Buffer.from("aaaa\nbbbb\n");
  cutAtLineEnds(
    payload,
    5,
    (chunk) => expect(chunk.buffer).toBe(payload.buffer),
    () => expect.unreachable(),
  );
});

test("loses no byte, exceeds no limit and tears no line, at any limit", () => {
  const random = seededRandom("chunks");
  for (let round = 0; round < 500; round++) {
    const payload = Buffer.concat([randomBytes(random, random.int(300)), Buffer.from("\n")]);
    const limit = 1 + random.int(40);
    const { chunks, tooLong } = cut(payload, limit);
    expect(chunks.filter((chunk) => chunk.length > limit || !chunk.endsWith("\n"))).toEqual([]);
    expect(
      tooLong.filter((line) => line.length <= limit || line.indexOf("\n") !== line.length - 1),
    ).toEqual([]);

    const lines = payload.toString("latin1").match(/[^\n]*\n/g) ?? [];
    expect(chunks.join("")).toBe(lines.filter((line) => line.length <= limit).join(""));
    expect(tooLong).toEqual(lines.filter((line) => line.length > limit));
  }
});
