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

test("this machine counts newlines at once, a blank line's left out", () => {
  const count = createNewlineCounter();
  const pieceBytes = 64 * 1024;
  for (const bytes of [16, 17, 255, pieceBytes - 1, pieceBytes, pieceBytes + 1, 200_000]) {
    const places = [3, 14, 15, 16, 17, 18, bytes >> 1, pieceBytes, pieceBytes + 1, bytes - 1];
    for (const place of places.filter((at) => at < bytes)) {
      const payload = new Uint8Array(bytes + 1).fill(0x61);
      /** The bytes in front of a newline at `place`, and the newline itself. */
      const put = (...before: number[]) => payload.set([...before, 0x0a], place - before.length);
      put();
      expect(count?.(payload, 0, bytes)).toBe(1);
      expect(count?.(payload, place, bytes)).toBe(0);
      put(0x0d);
      expect(count?.(payload, 0, bytes)).toBe(1);
      expect(count?.(payload, place - 1, bytes)).toBe(0);
      put(0x0d, 0x0d);
      expect(count?.(payload, 0, bytes)).toBe(1);
      put(0x0a, 0x0d);
      expect(count?.(payload, 0, bytes)).toBe(1);
      put(0x0a, 0x61);
      expect(count?.(payload, 0, bytes)).toBe(2);
      put(0x61, 0x0a);
      expect(count?.(payload, 0, bytes)).toBe(1);
    }
  }
});

/** What may stand in a datagram, and where it may be cut. */
const SHAPES: Readonly<Record<string, string>> = {
  "a final newline": "cpu,host=a v=1 17\n",
  "no final newline": "cpu,host=a v=1 17",
  CRLF: "cpu,host=a v=1 17\r\n",
  "a CR at the end": "cpu,host=a v=1 17\r",
  "ten lines": "m v=1\n".repeat(10),
  "ten lines with CRLF": "m v=1\r\n".repeat(10),
  "ten lines, the last without an ending": `${"m v=1\n".repeat(9)}m v=1`,
  "blank lines of every kind": "\n\r\n\n\r\r\nm v=1\n\n\r\n\r\nm v=1\r\n\n\r",
  "a string with a newline": 'm s="a\nb" 17\n',
  "escapes and quotes": 'm\\ n,a\\,b=c s="x y,\\"z\\"" 17\n',
  "UTF-8": "größe,städte=Zürich v=1 17\n",
  comments: "# a\n#\n# b",
};
/** What may stand behind it in the same memory: what an earlier datagram left. */
const AROUND = ["\n", "\r", "\r\n", "a", "a\n", "\n\r"];

test.each(Object.entries(SHAPES))(
  "%s: cut anywhere, it is counted by its own bytes alone, whatever stands around it",
  (_, text) => {
    /** `payload` stands in a memory between repetitions of `around`. */
    const check = (payload: Uint8Array, around: string, start: number, end: number) => {
      const fill = encoder.encode(around.repeat(30));
      const memory = Buffer.concat([fill, payload, fill]);
      const counted = countLines(memory, fill.length + start, fill.length + end);
      const expected = naiveLinesOf(payload.subarray(start, end)).length;
      expect({ around, start, end, counted }).toEqual({ around, start, end, counted: expected });
    };
    const short = encoder.encode(text);
    // Long enough to be counted at once.
    const long = encoder.encode(text.repeat(Math.ceil(600 / text.length)));
    for (const around of AROUND) {
      for (let start = 0; start <= short.length; start++) check(short, around, start, short.length);
      for (let end = 0; end <= short.length; end++) check(short, around, end >> 1, end);
      for (let start = 0; start <= 300; start++) check(long, around, start, long.length);
      for (let end = 256; end <= long.length; end++) check(long, around, 0, end);
    }
  },
);

/** In one process and by the best of many rounds, so that it holds on a busy machine. */
function bestMs(work: () => void): number {
  let best = Infinity;
  for (let round = 0; round < 40; round++) {
    const startMs = performance.now();
    for (let count = 0; count < 50; count++) work();
    best = Math.min(best, performance.now() - startMs);
  }
  return best;
}

test.each(["\n", "", "\r\n", "\r"])(
  "counting lines that end in %j takes as long in a large memory as in one of their own",
  (ending) => {
    // Of the datagram reader's size, with no newline behind the part.
    const memory = new Uint8Array(4 * 1024 * 1024).fill(0x61);
    for (const bytes of [20, 100, 1000, 60_000]) {
      const text = "x".repeat(bytes - ending.length) + ending;
      const own = encoder.encode(text);
      memory.set(own, 1000);
      const alone = bestMs(() => void countLines(own, 0, bytes));
      const within = bestMs(() => void countLines(memory, 1000, 1000 + bytes));
      memory.fill(0x61, 1000, 1000 + bytes);
      // A view costs some 20 ns more; searching all of the memory costs a thousand times as much.
      expect(within / alone).toBeLessThan(20);
    }
  },
);

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
