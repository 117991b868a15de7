/**
 * Throws at the scanner what agents, accidents and enemies send. Method: compare with a second scanner that is plain
 * and slow, on good lines, on lines broken at random, on every beginning of a line, on any bytes.
 */
import { expect, test } from "bun:test";

import { LINE_OK, type LineOffsets, newLineOffsets, scanLine } from "../../../src/line/scan.ts";
import { findLineEnd, trimLineEnd } from "../../../src/line/split.ts";
import { randomBrokenLine, randomBytes, randomLine, seededRandom } from "../../support/random.ts";
import { cutAsInfluxDb, referenceScan } from "./reference-scan.ts";
import { scanBytes } from "./scan-text.ts";

const random = seededRandom("scanner");
const encoder = new TextEncoder();

/** Compares both scanners; the result is undefined where both refuse. */
function scanBoth(line: Uint8Array): string | undefined {
  const text = Buffer.from(line).toString("latin1");
  const ours = scanBytes(line, "latin1");
  const expected = referenceScan(text.replace(/\r?\n$|\r$/, ""));
  expect([text, typeof ours === "string" ? undefined : ours]).toEqual([text, expected]);
  return expected === undefined ? undefined : text;
}

function expectOrdered(offsets: LineOffsets, start: number, end: number): void {
  const places = [
    start,
    offsets.measurementStart,
    offsets.measurementEnd,
    offsets.tagsEnd,
    offsets.fieldsStart,
    offsets.fieldsEnd,
    offsets.timestampStart,
    offsets.timestampEnd,
    end,
  ];
  expect(places).toEqual(places.toSorted((left, right) => left - right));
  expect([offsets.lineStart, offsets.lineEnd]).toEqual([start, end]);
}

test("takes good lines as the reference does, wherever they are cut off", () => {
  for (let round = 0; round < 150; round++) {
    const line = encoder.encode(randomLine(random));
    expect(scanBoth(line)).toBeDefined();
    for (let length = 0; length < line.length; length++) scanBoth(line.subarray(0, length));
  }
});

test("judges broken lines as the reference does, and lets none through that swallows the next", () => {
  const taken: string[] = [];
  for (let round = 0; round < 20_000; round++) {
    const line = scanBoth(encoder.encode(randomBrokenLine(random)));
    if (line !== undefined) taken.push(line.replace(/\r$/, ""));
  }
  // Or the comparison was one of refusals alone.
  expect(taken.length).toBeGreaterThan(1000);
  expect(cutAsInfluxDb(taken.join("\n"))).toEqual(taken);
});

test("survives any bytes, and gives places in order and inside the line", () => {
  const offsets = newLineOffsets();
  for (let round = 0; round < 300; round++) {
    const payload = randomBytes(random, random.int(2000));
    for (let start = 0; start < payload.length;) {
      const newline = findLineEnd(payload, start);
      const end = trimLineEnd(payload, start, newline);
      if (scanLine(payload, start, end, offsets) === LINE_OK) expectOrdered(offsets, start, end);
      if (end > start) scanBoth(payload.subarray(start, end));
      start = newline + 1;
    }
  }
});

test("scans lines of 64 KB, whichever part is the long one", () => {
  const long = "x".repeat(65_536);
  expect(scanBytes(encoder.encode(`${long} v=1 5`))).toMatchObject({ measurement: long });
  expect(scanBytes(encoder.encode(`m,a=${long} v=1 5`))).toMatchObject({ tags: `,a=${long}` });
  expect(scanBytes(encoder.encode(`m v="${long}" 5`))).toMatchObject({ fields: `v="${long}"` });
  expect(scanBytes(encoder.encode(`m v=1 ${"0".repeat(65_536)}5`))).toMatchObject({
    timestampNs: 5n,
  });
  expect(scanBytes(encoder.encode(`m v=1${" ".repeat(65_536)}5`))).toMatchObject({
    timestampNs: 5n,
  });
  expect(scanBytes(encoder.encode(`m v="${long}`))).toBe("string without closing quote");
  expect(scanBytes(encoder.encode("\\".repeat(65_536)))).toBe("missing fields");
});
