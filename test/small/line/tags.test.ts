/** Where tags stand. Method: the text between the places that are given, for lines cut by hand and for random ones. */
import { expect, test } from "bun:test";

import { LINE_OK, newLineOffsets, scanLine } from "../../../src/line/scan.ts";
import { tagEnd, tagKeyEnd, tagStart } from "../../../src/line/tags.ts";
import { randomBrokenLine, seededRandom } from "../../support/random.ts";
import { referenceScan } from "./reference-scan.ts";

const offsets = newLineOffsets();

/** Keys and values as they are written, one character a byte; undefined if the line is refused. */
function tagsOf(line: string): [key: string, value: string][] | undefined {
  const payload = Buffer.from(`x,y=z v=1\n${line}\n,a=b v=1`, "latin1");
  const start = "x,y=z v=1\n".length;
  if (scanLine(payload, start, start + line.length, offsets) !== LINE_OK) return undefined;
  return Array.from({ length: offsets.tagCount }, (_, tag) => {
    const keyEnd = tagKeyEnd(offsets, tag);
    expect(payload[keyEnd]).toBe(0x3d);
    return [
      payload.toString("latin1", tagStart(offsets, tag), keyEnd),
      payload.toString("latin1", keyEnd + 1, tagEnd(offsets, tag)),
    ];
  });
}

test("gives each tag's key and value, whatever stands around the tags", () => {
  expect(tagsOf("m v=1,w=2 5")).toEqual([]);
  expect(tagsOf("m,a=1 v=1")).toEqual([["a", "1"]]);
  expect(tagsOf(" m,b=1,a=2  v=1,w=2")).toEqual([
    ["b", "1"],
    ["a", "2"],
  ]);
  expect(tagsOf("m v=1")).toEqual([]);
});

test("parts a tag at its first equals sign that is not escaped, and leaves escapes alone", () => {
  expect(tagsOf("m\\,k=l,a=b=c,d\\=e\\,f=\\ g v=1")).toEqual([
    ["a", "b=c"],
    ["d\\=e\\,f", "\\ g"],
  ]);
  expect(tagsOf("m,a\\\\=b=c v=1")).toEqual([["a\\\\=b", "c"]]);
});

test("takes any number of tags, and few again after many", () => {
  for (const count of [31, 32, 33, 1, 64, 65, 10_000, 2]) {
    const tags = Array.from({ length: count }, (_, tag): [string, string] => [`k${tag}`, `${tag}`]);
    expect(tagsOf(`m${tags.map(([key, value]) => `,${key}=${value}`).join("")} v=1`)).toEqual(tags);
  }
});

test("agrees with an expression for the tags of random lines", () => {
  const random = seededRandom("tags");
  let seen = 0;
  for (let round = 0; round < 10_000; round++) {
    const line = randomBrokenLine(random).toWellFormed();
    const bytes = Buffer.from(line).toString("latin1");
    const expected = referenceScan(bytes)?.tags.matchAll(
      /,((?:[^,= ]|(?<=\\)[,= ])+)=((?:[^, ]|(?<=\\)[, ])+)/g,
    );
    const tags = expected && Array.from(expected, ([, key = "", value = ""]) => [key, value]);
    expect([bytes, tagsOf(bytes)] as unknown).toEqual([bytes, tags]);
    seen += tags?.length ?? 0;
  }
  expect(seen).toBeGreaterThan(1000);
});
