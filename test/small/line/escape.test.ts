/** Backslashes in and out: the vectors measured on the earlier programs, none of them adjusted. */
import { expect, test } from "bun:test";

import {
  compareUnescaped,
  escapeMeasurement,
  escapeString,
  escapeTag,
  unescape,
  unescapeText,
} from "../../../src/line/escape.ts";
import { randomBrokenLine, randomBytes, seededRandom } from "../../support/random.ts";
import vectors from "../../vectors.json";

function unescapeBytes(bytes: Uint8Array): Uint8Array {
  const target = new Uint8Array(bytes.length);
  return target.subarray(0, unescape(bytes, 0, bytes.length, target));
}

test.each(vectors.unescape)("unescapes $input", ({ input, output }) => {
  expect(Buffer.from(unescapeBytes(Buffer.from(input))).toString()).toBe(output);
  expect(unescapeText(input)).toBe(output);
});

/** What the earlier programs printed of these is no line: the backslash at the end escapes what follows it. */
const isBroken = ({ input }: { readonly input: string }) => input.endsWith("\\");

test.each(vectors.escape.filter((vector) => !isBroken(vector)))(
  "escapes $input",
  ({ input, measurement, tag, string }) => {
    expect([escapeMeasurement(input), escapeTag(input), escapeString(input)]).toEqual([
      measurement,
      tag,
      string,
    ]);
  },
);

test("a backslash that would escape what stands behind it is written out in names, and doubled in strings", () => {
  for (const [text, tag, string] of [
    ["a\\", "a\\x5c", '"a\\\\"'],
    ["a\\\\", "a\\\\x5c", '"a\\\\\\\\"'],
    ["a\\ b", "a\\x5c\\ b", '"a\\ b"'],
    ["a\\,b", "a\\x5c\\,b", '"a\\,b"'],
    ["a\\=b", "a\\x5c\\=b", '"a\\=b"'],
    ['a\\"b', 'a\\x5c"b', '"a\\\\\\"b"'],
    ["a\\\\b", "a\\\\b", '"a\\\\\\b"'],
  ] as const) {
    expect([text, escapeTag(text), escapeString(text)]).toEqual([text, tag, string]);
    if (!text.includes("=")) expect(escapeMeasurement(text)).toBe(tag);
  }
});

test("control characters, and what would make a comment of a line, are written out", () => {
  const [text, escaped] = [
    "a\nb\r\u0000\u001b\u007f\u0085\u009b",
    "a\\x0ab\\x0d\\x00\\x1b\\x7f\\x85\\x9b",
  ];
  expect([escapeMeasurement(text), escapeTag(text), escapeString(text)]).toEqual([
    escaped,
    escaped,
    `"${escaped}"`,
  ]);
  expect(escapeMeasurement("#a#")).toBe("\\x23a#");
  expect(escapeTag("#a#")).toBe("#a#");
  expect(escapeMeasurement("\ta\tb")).toBe("\\x09a\tb");
  expect(escapeTag("\ta\tb")).toBe("\ta\tb");
});

test("unescapes a part of a payload without a look at the bytes around it", () => {
  const target = new Uint8Array(8).fill(0x2e);
  const length = unescape(Buffer.from("\\ab\\,c\\, "), 1, 7, target);
  expect(length).toBe(5);
  expect(Buffer.from(target).toString()).toBe("ab,c\\...");
});

test("unescapes bytes that are no UTF-8, and text as it does bytes", () => {
  const random = seededRandom("unescape");
  for (let round = 0; round < 500; round++) {
    const line = randomBrokenLine(random).toWellFormed();
    expect(Buffer.from(unescapeBytes(Buffer.from(line))).toString()).toBe(unescapeText(line));

    const bytes = randomBytes(random, 200);
    const text = unescapeText(Buffer.from(bytes).toString("latin1"));
    expect(Buffer.from(unescapeBytes(bytes)).toString("latin1")).toBe(text);
  }
});

test("compares bytes as they are without their escapes, and looks at none beyond their ends", () => {
  const random = seededRandom("compare");
  const pieces = ["a", "b", "\\", "\\,", "\\ ", "\\=", ",", " "];
  const randomKey = () => Array.from({ length: random.int(4) }, () => random.pick(pieces)).join("");
  for (let round = 0; round < 2000; round++) {
    const [left, right] = [randomKey(), randomKey()];
    const payload = Buffer.from(`${left}, ${right},`);
    const rightStart = left.length + 2;
    const found = compareUnescaped(payload, 0, left.length, rightStart, rightStart + right.length);
    const expected = Buffer.compare(
      unescapeBytes(Buffer.from(left)),
      unescapeBytes(Buffer.from(right)),
    );
    expect([left, right, Math.sign(found)]).toEqual([left, right, expected]);
  }
});

test("what was escaped comes back unescaped, if no backslash was there before", () => {
  const text = 'a b,c=d "e" é';
  expect(unescapeText(escapeTag(text))).toBe(text);
  expect(unescapeText(escapeMeasurement(text))).toBe(text);
  expect(unescapeText(escapeString(text).slice(1, -1))).toBe(text);
});
