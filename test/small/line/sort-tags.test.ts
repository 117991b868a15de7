/**
 * Tags in the order of their keys. Goal: a line whose tags are sorted is not touched, and in another one nothing but the
 * order of its tags changes. Method: the measured vectors, and random lines against a stable sort of strings.
 */
import { describe, expect, test } from "bun:test";

import { unescapeText } from "../../../src/line/escape.ts";
import {
  LINE_OK,
  lineCodeText,
  type LineOffsets,
  newLineOffsets,
  scanLine,
} from "../../../src/line/scan.ts";
import { TagSorter } from "../../../src/line/sort-tags.ts";
import { findLineEnd, trimLineEnd } from "../../../src/line/split.ts";
import { tagEnd, tagKeyEnd, tagStart } from "../../../src/line/tags.ts";
import { randomBrokenLine, randomLine, seededRandom } from "../../support/random.ts";
import vectors from "../../vectors.json";
import { cutAsInfluxDb } from "./reference-scan.ts";

/** What the numbers in `offsets` say, those of tags that are not there left out. */
function placesOf(offsets: LineOffsets) {
  const tags = Array.from({ length: offsets.tagCount }, (_, tag) => [
    tagStart(offsets, tag),
    tagKeyEnd(offsets, tag),
    tagEnd(offsets, tag),
  ]);
  return { ...offsets, tagBounds: tags };
}

/** Sorts all good lines of a payload with one sorter, which must leave the payload itself alone. */
function sortPayload(payload: Uint8Array, sorter = new TagSorter()): Uint8Array {
  const before = Uint8Array.from(payload);
  const offsets = newLineOffsets();
  for (let start = 0; start < payload.length;) {
    const lineEnd = findLineEnd(payload, start);
    const end = trimLineEnd(payload, start, lineEnd);
    if (scanLine(payload, start, end, offsets) === LINE_OK) {
      const sorted = sorter.sort(payload, offsets);
      const rescanned = newLineOffsets();
      expect(scanLine(sorted, start, end, rescanned)).toBe(LINE_OK);
      expect(placesOf(offsets)).toEqual(placesOf(rescanned));
    }
    start = lineEnd + 1;
  }
  expect(payload).toEqual(before);
  return sorter.take(payload);
}

/** One line among others; or why it is refused. */
function sortLine(line: string): string {
  const [before, after] = ["x,a=1 v=1\n", '\ny,b="1,a=2 v=1'];
  const text = line.replace(/\r?\n$/, "");
  const payload = Buffer.from(before + text + after);
  const [start, end] = [before.length, payload.length - after.length];
  const code = scanLine(payload, start, end, newLineOffsets());
  if (code !== LINE_OK) return lineCodeText(code);
  return Buffer.from(sortPayload(payload).subarray(start, end)).toString();
}

describe("measured lines", () => {
  test.each(vectors.sortTags)("%j", (row) => {
    if (row.refused !== undefined) expect(sortLine(row.line)).toBe(row.refused);
    expect(sortLine(row.completed ?? row.line)).toBe(row.output.replace(/\r?\n$/, ""));
  });
});

test("gives a payload back as it is, not as a copy, if nothing in it is to be sorted", () => {
  const payload = Buffer.from("m v=1\nm,a=1 v=1\nm,a=1,a=0,b=1,c\\ d=5 v=1\n");
  const offsets = newLineOffsets();
  scanLine(payload, 16, 44, offsets);
  const sorter = new TagSorter();
  expect(sorter.sort(payload, offsets)).toBe(payload);
  expect(sorter.take(payload)).toBe(payload);
});

test("sorts the lines that need it among lines that do not, and touches nothing else", () => {
  const text =
    'm,a=1 v=1\nm,b=1,a=2 v="x,b=1,a=2"\r\n\nm,b=1,a v=1\n# m,b=1,a=2 v=1\n m,c=3,b=2,a=1  v=1  5 \nm,b=1,a=2 v=1';
  expect(Buffer.from(sortPayload(Buffer.from(text))).toString()).toBe(
    'm,a=1 v=1\nm,a=2,b=1 v="x,b=1,a=2"\r\n\nm,b=1,a v=1\n# m,b=1,a=2 v=1\n m,a=1,b=2,c=3  v=1  5 \nm,a=2,b=1 v=1',
  );
});

test("keeps nothing of one payload for the next", () => {
  const sorter = new TagSorter();
  const first = sortPayload(Buffer.from("m,b=1,a=2 v=1\nm v=1\n"), sorter);
  const second = sortPayload(Buffer.from("m,d=1,c=2 v=2\nn v=2\n"), sorter);
  const third = Buffer.from("m,f=1 v=3\n");
  expect(sortPayload(third, sorter)).toBe(third);
  expect(Buffer.from(first).toString()).toBe("m,a=2,b=1 v=1\nm v=1\n");
  expect(Buffer.from(second).toString()).toBe("m,c=2,d=1 v=2\nn v=2\n");
});

test("compares keys as bytes, without their escapes, a key before the longer one that starts with it", () => {
  expect(sortLine("m,ab=1,a=2,a\\=c=3,a\\ b=4 v=1")).toBe("m,a=2,a\\ b=4,a\\=c=3,ab=1 v=1");
  // A backslash that escapes nothing is a byte of the key.
  expect(sortLine("m,a\\c=1,aZ=2,a]=3 v=1")).toBe("m,aZ=2,a\\c=1,a]=3 v=1");
  expect(sortLine("m,\\,=1,+=2,-=3 v=1")).toBe("m,+=2,\\,=1,-=3 v=1");
  expect(sortLine("m,a\\ =1,a=2 v=1")).toBe("m,a=2,a\\ =1 v=1");
});

test("leaves tags of one key in the order in which they came, however many tags there are", () => {
  for (const count of [3, 32, 33, 500]) {
    const tags = Array.from({ length: count }, (_, tag) => `,${"zyx"[tag % 3]}=${tag}`);
    const of = (key: string) => tags.filter((tag) => tag.startsWith(`,${key}`)).join("");
    expect(sortLine(`m${tags.join("")} v=1`)).toBe(`m${of("x")}${of("y")}${of("z")} v=1`);
  }
});

test("sorts a line of 200,000 tags that stand the wrong way round", () => {
  const tags = Array.from({ length: 200_000 }, (_, tag) => `,k${String(tag).padStart(6, "0")}=1`);
  expect(sortLine(`m${tags.toReversed().join("")} v=1`) === `m${tags.join("")} v=1`).toBe(true);
});

test("leaves a line alone that, with its tags in order, would swallow the next line in InfluxDB", () => {
  // The two lines hold the same tags. Behind `2\\ ` influxd looks for strings, and finds one to open only in the second.
  const good = 'm,c=\\\\=\\\\=\\\\="x,a=1\\\\ 2 v=1';
  const bad = 'm,a=1\\\\ 2,c=\\\\=\\\\=\\\\="x v=1';
  expect(cutAsInfluxDb(`${good}\nn v=1\n`)).toEqual([good, "n v=1"]);
  expect(cutAsInfluxDb(`${bad}\nn v=1\n`)).toEqual([`${bad}\nn v=1\n`]);
  expect(sortLine(bad)).toBe("would swallow the next line");
  expect(sortLine(good)).toBe(good);
  // The same with blanks in front, behind which influxd looks for strings from the start, and sorted without them.
  const blank = ' m,b="x,a===1 v=1';
  expect(cutAsInfluxDb(`${blank}\nn v=1\n`)).toEqual([blank, "n v=1"]);
  expect(sortLine(blank)).toBe(blank);
  expect(sortLine(blank.slice(1))).toBe('m,a===1,b="x v=1');
});

test("agrees with a stable sort of the unescaped keys, for random lines", () => {
  const random = seededRandom("sort-tags");
  let changed = 0;
  for (let round = 0; round < 5000; round++) {
    const line = (random.oneIn(2) ? randomLine(random) : randomBrokenLine(random)).toWellFormed();
    // Keys come numbered: without the numbers they repeat, and are in any order.
    const text = Buffer.from(line.replace(/,\d/g, ",")).toString("latin1");
    const payload = Buffer.from(text, "latin1");
    const offsets = newLineOffsets();
    if (scanLine(payload, 0, payload.length, offsets) !== LINE_OK) continue;
    const tags = Array.from({ length: offsets.tagCount }, (_, tag) => ({
      key: unescapeText(
        payload.toString("latin1", tagStart(offsets, tag), tagKeyEnd(offsets, tag)),
      ),
      text: payload.toString("latin1", tagStart(offsets, tag), tagEnd(offsets, tag)),
    }));
    const byKey = tags.toSorted(
      (left, right) => Number(left.key > right.key) || -Number(left.key < right.key),
    );
    const expected =
      text.slice(0, offsets.measurementEnd) +
      byKey.map((tag) => `,${tag.text}`).join("") +
      text.slice(offsets.tagsEnd);
    const isCutAlike = cutAsInfluxDb(`${expected}\nn v=1\n`)[0] === expected;
    const sorted = Buffer.from(sortPayload(payload)).toString("latin1");
    expect(sorted).toBe(isCutAlike ? expected : text);
    if (sorted !== text) changed++;
  }
  expect(changed).toBeGreaterThan(300);
});
