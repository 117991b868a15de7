/** Goal: nothing that a terminal obeys, and nothing that hides or moves other text, gets through; all else does. */
import { describe, expect, test } from "bun:test";

import { harmless, harmlessJson, sampleOf } from "../../../src/platform/harmless-text.ts";

/** By their names in Unicode, each with what is shown instead. */
const UNSAFE: readonly (readonly [string, number, string])[] = [
  ["NULL", 0x00, "\\x00"],
  ["TAB", 0x09, "\\x09"],
  ["LINE FEED", 0x0a, "\\n"],
  ["CARRIAGE RETURN", 0x0d, "\\x0d"],
  ["ESCAPE", 0x1b, "\\x1b"],
  ["DELETE", 0x7f, "\\x7f"],
  ["NEXT LINE", 0x85, "\\u{85}"],
  ["CONTROL SEQUENCE INTRODUCER", 0x9b, "\\u{9b}"],
  ["OPERATING SYSTEM COMMAND", 0x9d, "\\u{9d}"],
  ["SOFT HYPHEN", 0xad, "\\u{ad}"],
  ["ARABIC LETTER MARK", 0x61c, "\\u{61c}"],
  ["ZERO WIDTH SPACE", 0x200b, "\\u{200b}"],
  ["ZERO WIDTH JOINER", 0x200d, "\\u{200d}"],
  ["RIGHT-TO-LEFT MARK", 0x200f, "\\u{200f}"],
  ["LINE SEPARATOR", 0x2028, "\\u{2028}"],
  ["PARAGRAPH SEPARATOR", 0x2029, "\\u{2029}"],
  ["RIGHT-TO-LEFT EMBEDDING", 0x202b, "\\u{202b}"],
  ["RIGHT-TO-LEFT OVERRIDE", 0x202e, "\\u{202e}"],
  ["WORD JOINER", 0x2060, "\\u{2060}"],
  ["RIGHT-TO-LEFT ISOLATE", 0x2067, "\\u{2067}"],
  ["POP DIRECTIONAL ISOLATE", 0x2069, "\\u{2069}"],
  ["HANGUL FILLER", 0x3164, "\\u{3164}"],
  ["VARIATION SELECTOR-16", 0xfe0f, "\\u{fe0f}"],
  ["ZERO WIDTH NO-BREAK SPACE", 0xfeff, "\\u{feff}"],
  ["a half of a surrogate pair", 0xd800, "\\u{d800}"],
  ["the other half", 0xdfff, "\\u{dfff}"],
  ["TAG LATIN SMALL LETTER A", 0xe0061, "\\u{e0061}"],
];

test.each(UNSAFE)("%s becomes an escape", (_name, code, escape) => {
  const character = String.fromCodePoint(code);
  expect(harmless(`a${character}b${character}`)).toBe(`a${escape}b${escape}`);
});

test("text of any script, and whatever else is seen, stays as it is", () => {
  const text = 'cpu,host=db\\ 1 "v"=1 é 温度 Ω עברית عربي 😀 \ufffd ~\u00a0|';
  expect(harmless(text)).toBe(text);
});

test("what was made harmless stays the same", () => {
  const once = harmless("\u001b[31m\u202e\n");
  expect(harmless(once)).toBe(once);
});

describe("in quotes", () => {
  test.each(UNSAFE)("%s is an escape that says the same", (_name, code) => {
    const text = `a${String.fromCodePoint(code)}"b\\`;
    const quoted = harmlessJson({ error: text });
    expect(quoted).toMatch(/^[\x20-\x7e]*$/);
    expect(JSON.parse(quoted)).toEqual({ error: text });
  });

  test("a sample of bytes is bounded, and shows what is no UTF-8", () => {
    expect(sampleOf(Buffer.from('m,a="x\u009b v=1\xff', "latin1"))).toBe(
      '"m,a=\\"x\ufffd v=1\ufffd"',
    );
    expect(sampleOf(Buffer.from("m,a=\u202ex v=1"))).toBe('"m,a=\\u202ex v=1"');
    expect(sampleOf(Buffer.from("x".repeat(200)))).toBe(`"${"x".repeat(200)}"`);
    expect(sampleOf(Buffer.from("x".repeat(100_000)))).toBe(`"${"x".repeat(200)}"...`);
  });
});
