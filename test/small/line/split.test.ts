/** What a line is: every newline ends one, a carriage return before it is part of the ending, blank ones are none. */
import { expect, test } from "bun:test";

import { createNewlineCounter } from "../../../src/line/newlines.ts";
import {
  countLines,
  findLineEnd,
  lacksFinalNewline,
  trimLineEnd,
} from "../../../src/line/split.ts";
import { randomBytes, seededRandom } from "../../support/random.ts";

const encoder = new TextEncoder();

/** The lines of `text`, as all components walk over them: with neither their endings nor blank ones. */
function linesOf(payload: Uint8Array): string[] {
  const lines: string[] = [];
  for (let start = 0; start < payload.length;) {
    const newline = findLineEnd(payload, start);
    const end = trimLineEnd(payload, start, newline);
    if (end > start) lines.push(Buffer.from(payload.subarray(start, end)).toString("latin1"));
    start = newline + 1;
  }
  return lines;
}

/** The same by another way. */
function naiveLinesOf(payload: Uint8Array): string[] {
  const pieces = Buffer.from(payload).toString("latin1").split("\n");
  return pieces.map((piece) => piece.replace(/\r$/, "")).filter((piece) => piece !== "");
}

test.each([
  ["", []],
  ["\n", []],
  ["\r\n", []],
  ["\r", []],
  ["a v=1", ["a v=1"]],
  ["a v=1\n", ["a v=1"]],
  ["a v=1\r\n", ["a v=1"]],
  ["a v=1\r", ["a v=1"]],
  ["a v=1\r\r\n", ["a v=1\r"]],
  ["a\n\nb", ["a", "b"]],
  ["\n\na\r\n\r\nb\n\n", ["a", "b"]],
  ["a\rb\n", ["a\rb"]],
  [' a v="x\ny"\n', [' a v="x', 'y"']],
])("%j has the lines %j", (text, lines) => {
  const payload = encoder.encode(text);
  expect(linesOf(payload)).toEqual(lines);
  expect(countLines(payload)).toBe(lines.length);
});

test("counts the lines of a part of a payload without a look at the rest", () => {
  const payload = encoder.encode("aa\nbb\r\ncc\n");
  expect(countLines(payload, 0, 3)).toBe(1);
  expect(countLines(payload, 3, 7)).toBe(1);
  expect(countLines(payload, 3)).toBe(2);
  // Cut inside of a line or an ending: the rest of a line counts, the rest of an ending does not.
  expect(countLines(payload, 0, 4)).toBe(2);
  expect(countLines(payload, 4, 6)).toBe(1);
  expect(countLines(payload, 5, 7)).toBe(0);
  expect(countLines(payload, 3, 3)).toBe(0);
  expect(countLines(encoder.encode("\rx\n"), 0, 1)).toBe(0);
});

test("agrees with a naive split on any bytes, and loses none of them", () => {
  const random = seededRandom("splitter");
  for (let round = 0; round < 500; round++) {
    const payload = randomBytes(random, random.int(500));
    expect(linesOf(payload)).toEqual(naiveLinesOf(payload));
    expect(countLines(payload)).toBe(naiveLinesOf(payload).length);

    const pieces: Uint8Array[] = [];
    for (let start = 0; start < payload.length;) {
      const next = Math.min(findLineEnd(payload, start) + 1, payload.length);
      pieces.push(payload.subarray(start, next));
      start = next;
    }
    expect(Buffer.concat(pieces)).toEqual(Buffer.from(payload));
  }
});

test("long payloads are counted as short ones are, wherever their blank lines stand and their pieces end", () => {
  const random = seededRandom("long payloads");
  const endings = ["\n", "\n", "\n", "\n", "\r\n", "\n\n", "\t\n", "\n\r\n", "\n\r"];
  for (let round = 0; round < 300; round++) {
    const plainEndings = round % 2 === 0 ? 4 : endings.length;
    const lines = Array.from({ length: random.int(random.oneIn(10) ? 2000 : 100) }, () => {
      return (
        "x".repeat(random.int(200) + (plainEndings === 4 ? 1 : 0)) +
        endings[random.int(plainEndings)]
      );
    });
    const text = lines.join("") + (random.oneIn(3) ? "y" : "");
    const start = random.int(20);
    const payload = encoder.encode("\n".repeat(start) + text + "z\nz");
    const end = start + text.length;
    expect(countLines(payload, start, end)).toBe(naiveLinesOf(encoder.encode(text)).length);
  }
});

test("this machine counts newlines at once, and leaves what may be blank to a closer look", () => {
  const count = createNewlineCounter();
  const pieceBytes = 64 * 1024;
  for (const bytes of [
    16,
    17,
    255,
    pieceBytes - 1,
    pieceBytes,
    pieceBytes + 1,
    3 * pieceBytes + 5,
  ]) {
    for (const place of [1, 14, 15, 16, bytes >> 1, bytes - 1].filter((at) => at < bytes)) {
      const payload = new Uint8Array(bytes + 1).fill(0x61);
      payload[place] = 0x0a;
      expect(count?.(payload, 0, bytes)).toBe(1);
      expect(count?.(payload, place, bytes)).toBe(-1);
      for (const before of [0x0a, 0x0d]) {
        payload[place - 1] = before;
        expect(count?.(payload, 0, bytes)).toBe(-1);
      }
    }
  }
});

test("cut at any byte, a payload's halves count every line once, the torn one twice", () => {
  const payload = encoder.encode("aa v=1\r\n\nb v=2\ncc v=3");
  for (let cut = 0; cut <= payload.length; cut++) {
    const halves = countLines(payload, 0, cut) + countLines(payload, cut);
    const before = naiveLinesOf(payload.subarray(0, cut)).length;
    expect(halves).toBe(before + naiveLinesOf(payload.subarray(cut)).length);
  }
});

test("knows whether a newline is missing at the end", () => {
  expect(lacksFinalNewline(encoder.encode("a"))).toBe(true);
  expect(lacksFinalNewline(encoder.encode("a\r"))).toBe(true);
  expect(lacksFinalNewline(encoder.encode("a\n"))).toBe(false);
  expect(lacksFinalNewline(encoder.encode(""))).toBe(false);
});
