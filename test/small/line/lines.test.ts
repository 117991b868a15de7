/**
 * The lines of a payload. Goal: exactly what is found by looking for newlines and scanning each line by itself, with and
 * without structure. Method: that as the reference, on lines by hand and on random payloads of good lines, of broken ones
 * and of noise, across the places where one piece ends and the next begins.
 */
import { describe, expect, test } from "bun:test";

import { Lines, NO_MORE_LINES } from "../../../src/line/lines.ts";
import {
  LINE_BAD_TIMESTAMP,
  LINE_OK,
  type LineCode,
  type LineOffsets,
  newLineOffsets,
  scanLine,
} from "../../../src/line/scan.ts";
import { findLineEnd, trimLineEnd } from "../../../src/line/split.ts";
import { tagEnd, tagKeyEnd, tagStart } from "../../../src/line/tags.ts";
import { randomBrokenLine, randomBytes, randomLine, seededRandom } from "../../support/random.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** All that is promised of a line with that code. */
function describeLine(code: LineCode, offsets: LineOffsets) {
  const { tagBounds: _, ...others } = offsets;
  const { lineStart, lineEnd, timestampStart, timestampEnd } = offsets;
  if (code === LINE_BAD_TIMESTAMP)
    return { code, lineStart, lineEnd, timestampStart, timestampEnd };
  if (code !== LINE_OK) return { code, lineStart, lineEnd };
  const tags = Array.from({ length: offsets.tagCount }, (_unused, tag) => [
    tagStart(offsets, tag),
    tagKeyEnd(offsets, tag),
    tagEnd(offsets, tag),
  ]);
  return { code, ...others, tags };
}

function linesOf(lines: Lines, payload: Uint8Array) {
  const found: object[] = [];
  lines.open(payload);
  for (let code = lines.next(); code !== NO_MORE_LINES; code = lines.next()) {
    found.push(describeLine(code, lines.offsets));
  }
  expect(lines.next()).toBe(NO_MORE_LINES);
  return found;
}

function oneByOne(payload: Uint8Array) {
  const found: object[] = [];
  const offsets = newLineOffsets();
  for (let start = 0; start < payload.length;) {
    const lineEnd = findLineEnd(payload, start);
    const end = trimLineEnd(payload, start, lineEnd);
    if (end > start) found.push(describeLine(scanLine(payload, start, end, offsets), offsets));
    start = lineEnd + 1;
  }
  return found;
}

const PLAIN = "cpu,host=server0001,region=eu usage=1.5,idle=2i,up=t 1700000000000000000\n";

describe.each([
  ["with structure", () => new Lines()],
  ["without", () => new Lines(null)],
])("%s, lines are found as one by one", (_, create) => {
  const lines = create();
  const check = (payload: Uint8Array) => expect(linesOf(lines, payload)).toEqual(oneByOne(payload));

  test.each([
    ["of the plain form", PLAIN],
    ["with carriage returns", PLAIN.replace("\n", "\r\n")],
    ["without timestamps or tags", "m v=1\nm v=1\r\nm,a=b v=1 \n"],
    ["with strings", `m s="a b,c=d",t="" 17\nm s="x"\nm s="x"\r\n`],
    ["with strings that are not closed, or too early", `m s="a\nm s="a"b\nm s=a"b"\nm s=""" 1\n`],
    ["with escapes", `m\\ n,a\\,b=c\\=d v\\ w=1 17\nm s="a\\"b" 17\nm,a=b\\\nm v=1\\ 17\n`],
    [
      "with escapes at the edges of names",
      "\\ m\\ ,\\,a\\==\\ b\\, \\=v\\ =1 17\n\\\\,a=b v=1\nm\\\\\\ n,a=\\\\ v=1\nm\\,a=b v=1\nm,a=b\\ v=1\n",
    ],
    [
      "with backslashes that escape nothing",
      "C:\\dir,a=\\b,c=d\\ v\\w=1 17\n\\,m v=1\n\\=m v=1\n\\m v=\\1\nm v=1\\,w=2\n",
    ],
    [
      "with backslashes and quotes in names",
      `m\\"n,a=b v=1\nm\\\\"n v=1\nm,a=\\"b v="c"\nm\\\\" v="a b"\nm\\ n,a=\\\\"b" s="c" 17\n`,
    ],
    [
      "with escapes in strings",
      `m s="\\\\",t="\\"",u="a\\,b\\=c\\ d\\e" 17\nm s="a\\\\\\"b" 1\nm\\ n s="\\"a b" 1\nm s="!\t;\r\0"\r\n`,
    ],
    [
      "with backslashes in front of an ending",
      `m\\\nm v=1\nm,\n\\ m v=1\nm,a\n\\,m v=1\nm,a=\n\\\\ v=1\nm s="a\\\nm v=1\nm s="a\\\r\nm s="a"\\\r\nm,a=b\\\r\n`,
    ],
    ["with controls behind a backslash", `m\\\t,a\\\0=b v\\\r=1 17\nm s="\\\t\\\r" 17\n`],
    ["with blanks too many", " m v=1\nm  v=1\nm v=1  17\nm v=1 17 \n\tm v=1\nm\tv=1\n"],
    ["that are comments or blank", "#x v=1\n\n\r\n \n# a\nm v=1\n\n"],
    [
      "with parts missing",
      "m\nm \nm,\nm,a\nm,a=\nm,a= v=1\nm,=b v=1\nm =1\nm v\nm v=\nm v=1,\n,m v=1\n",
    ],
    ["with more equals signs and quotes", `m,a=b=c v=1\nm=n v=1\nm v=1=2\nm"n,a"b="c" d"e=1\n`],
    ["with bad timestamps", "m v=1 x\nm v=1 9223372036854775808\nm v=1 -\nm v=1 1 2\n"],
    [
      "with carriage returns and other control characters inside",
      "m v=1\rx\nm\0,a=b v=1\nm v=\x011\n",
    ],
    ["with 40 tags", `m${Array.from({ length: 40 }, (_u, tag) => `,k${tag}=v`).join("")} v=1 17\n`],
  ])("%s", (_name, text) => {
    // Long enough for structure to be looked for, in front of other lines and behind them, and each at the end.
    check(bytes(text + PLAIN.repeat(5)));
    check(bytes(PLAIN.repeat(5) + text));
    check(bytes(PLAIN.repeat(5) + text.slice(0, -1)));
    check(bytes(text));
  });

  test("random payloads", () => {
    const random = seededRandom("lines");
    for (let round = 0; round < 400; round++) {
      const payload = Array.from({ length: random.int(60) }, () => {
        if (random.oneIn(2)) return PLAIN;
        const line = random.oneIn(3) ? randomBrokenLine(random) : randomLine(random);
        return line + (random.oneIn(4) ? "\r\n" : "\n");
      }).join("");
      check(bytes(payload));
      check(bytes(payload).subarray(random.int(100)));
      check(randomBytes(random, random.int(2000)));
    }
  });

  test("random payloads of escapes", () => {
    const random = seededRandom("escapes");
    const pieces = [
      "\\",
      "\\",
      ",",
      "=",
      " ",
      '"',
      "\n",
      "\r\n",
      "a",
      "m",
      "v=1",
      ' s="',
      '" 17\n',
      "!",
      "\t",
    ];
    for (let round = 0; round < 1000; round++) {
      const text = Array.from({ length: random.int(60) }, () => random.pick(pieces)).join("");
      check(bytes(text + PLAIN.repeat(5) + text));
    }
  });

  test("escapes and endings where one piece ends and the next begins", () => {
    const line = `m\\ n\\,,a\\==b\\\\\\ ,c=d v\\ w=1,s="x\\"y\\\\",t="x y" 17\r\n`;
    for (let shift = 0; shift <= line.length; shift++) {
      const first = `m s="${"x".repeat(65_536 - shift - 7)}"\n`;
      expect(first).toHaveLength(65_536 - shift);
      check(bytes(first + line.repeat(3)));
      check(bytes(first + line.repeat(3)).subarray(0, 65_536));
    }
  });

  test("payloads of several pieces, and lines longer than one", () => {
    const random = seededRandom("lines in pieces");
    for (let round = 0; round < 10; round++) {
      const long = `m s="${"x,y=z ".repeat(random.int(30_000))}" 17\n`;
      check(bytes(PLAIN.repeat(random.int(2000)) + long + PLAIN.repeat(random.int(2000))));
      check(bytes(randomLine(random).repeat(random.int(3)) + PLAIN.repeat(3000)));
    }
    const noise = randomBytes(random, 300_000);
    check(noise);
    check(noise.fill(0x61));
    check(noise.fill(0x0a));
  });
});

test("can be opened again, for less and for nothing", () => {
  const lines = new Lines();
  linesOf(lines, bytes(PLAIN.repeat(10)));
  expect(linesOf(lines, bytes("m v=1\n"))).toHaveLength(1);
  expect(linesOf(lines, new Uint8Array(0))).toEqual([]);
});

/** Bytes that tell how often they are searched. */
class Watched extends Uint8Array {
  searches = 0;

  override indexOf(byte: number, from?: number): number {
    this.searches++;
    return super.indexOf(byte, from);
  }
}

test.each([
  ["as hosts send them", PLAIN],
  ["with CRLF", PLAIN.replace("\n", "\r\n")],
  ["without a timestamp", "cpu,host=server0001 usage=1.5,idle=2i\n"],
  ["with 30 tags", `m${Array.from({ length: 30 }, (_, tag) => `,k${tag}=v`).join("")} v=1 17\n`],
  ["with UTF-8", "größe,städte=Zürich v=1 17\n"],
  ["with escapes in names", "c\\ pu,ho\\,st=a\\ b,c\\=d=C:\\dir us\\ age=1.5 17\n"],
  ["with blanks and escapes in strings", `m s="a b, c=d!",t="say \\"hi\\"",u="C:\\\\" 17\n`],
  ["with both", `c\\ pu,ho\\,st=a\\ b s="a \\"b\\" c" 17\n`],
])("lines %s are read from their structure, not looked at byte by byte", (_, line) => {
  const payload = new Watched(bytes(line.repeat(20)));
  expect(linesOf(new Lines(), payload)).toHaveLength(20);
  expect(payload.searches).toBe(0);
  // The last one without its ending, or with a half of it.
  for (const ending of ["", "\r"]) {
    const torn = new Watched(bytes(line.repeat(20).trimEnd() + ending));
    expect(linesOf(new Lines(), torn)).toEqual(oneByOne(bytes(line.repeat(20).trimEnd() + ending)));
    expect(torn.searches).toBe(0);
  }
});
