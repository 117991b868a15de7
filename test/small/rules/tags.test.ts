/**
 * Tags rules: all of a rule's tags are among the line's, as bytes without their escapes. Method: the measured vectors,
 * lines worked out by hand, and random rules against a plain comparison of text.
 */
import { describe, expect, test } from "bun:test";

import { escapeTag } from "../../../src/line/escape.ts";
import { compileRules } from "../../../src/rules/compile.ts";
import type { Tag } from "../../../src/rules/rule.ts";
import { seededRandom } from "../../support/random.ts";
import vectors from "../../vectors.json";
import { matchLine, rule, tagsRule } from "./rule-match.ts";

const pairs = (tags: readonly string[][]) =>
  tags.map(([key = "", value = ""]): Tag => [key, value]);

describe("measured rules", () => {
  test.each(vectors.tagRules)("%j", (row) => {
    const rules = compileRules([tagsRule(...pairs(row.tags))]);
    if (row.refused !== undefined) expect(matchLine(rules, row.line)).toBe(row.refused);
    expect(matchLine(rules, row.completed ?? row.line)).toBe(row.matches ? 0 : -1);
  });
});

test("looks at tags alone: not at the name, the fields or the lines around", () => {
  const rules = compileRules([
    tagsRule(["a", "1"]),
    tagsRule(["v", "1"]),
    tagsRule(["before v", "1"]),
  ]);
  expect(matchLine(rules, "m,b=2 a=1,v=1")).toBe(-1);
  expect(matchLine(rules, "a\\=1,b=2 w=1")).toBe(-1);
  expect(matchLine(rules, 'm s=",a=1"')).toBe(-1);
  expect(matchLine(rules, "m,v=1 a=1")).toBe(1);
});

test("compares whole keys and whole values", () => {
  const rules = compileRules([tagsRule(["room", "kitchen"])]);
  for (const tag of [
    "roo=kitchen",
    "rooms=kitchen",
    "room=kitche",
    "room=kitchens",
    "kitchen=room",
    "Room=kitchen",
    "room=Kitchen",
  ]) {
    expect([tag, matchLine(rules, `m,${tag} v=1`)]).toEqual([tag, -1]);
    expect(matchLine(rules, `m,${tag},room=kitchen v=1`)).toBe(0);
  }
});

test("tells where a key ends and its value begins, if both hold equals signs", () => {
  const rules = compileRules([tagsRule(["a", "b=c"]), tagsRule(["a=b", "c"])]);
  expect(matchLine(rules, "m,a=b\\=c v=1")).toBe(0);
  expect(matchLine(rules, "m,a=b=c v=1")).toBe(0);
  expect(matchLine(rules, "m,a\\=b=c v=1")).toBe(1);
  expect(matchLine(rules, "m,a\\=b\\=c=d v=1")).toBe(-1);
});

test("takes a newline in a rule for what no line can have, and for nothing else", () => {
  const rules = compileRules([
    tagsRule(["a", "b\nc"]),
    tagsRule(["a\nb", "c"]),
    tagsRule(["x", "1"], ["y", "\n"]),
    tagsRule(["a=b", "c"]),
  ]);
  expect(matchLine(rules, "m,x=1,a\\=b=c v=1")).toBe(3);
  expect(matchLine(rules, "m,x=1,a=b=c v=1")).toBe(-1);
});

test("tells two hundred tags apart that differ in nothing but where the key ends", () => {
  const tagCutAt = (place: number): Tag => [
    "a=".repeat(place) + "a",
    "a" + "=a".repeat(400 - place),
  ];
  const lineWith = ([key, value]: Tag) => `m,${escapeTag(key)}=${escapeTag(value)} v=1`;
  const places = Array.from({ length: 200 }, (_, place) => place);
  const rules = compileRules(places.map((place) => tagsRule(tagCutAt(2 * place))));
  for (const place of places) {
    expect(matchLine(rules, lineWith(tagCutAt(2 * place)))).toBe(place);
    expect(matchLine(rules, lineWith(tagCutAt(2 * place + 1)))).toBe(-1);
  }
});

test("unescapes the line's tags and takes the rule's literally", () => {
  const rules = compileRules([
    tagsRule(["a b", 'c,d="e"']),
    tagsRule(["a\\ b", "c"]),
    tagsRule(["path", "C:\\dir"]),
    tagsRule(["部屋", "台所"]),
  ]);
  expect(matchLine(rules, 'm,x=\\y,a\\ b=c\\,d\\=\\"e\\" v=1')).toBe(0);
  expect(matchLine(rules, 'm,a\\ b=c\\,d="e" v=1')).toBe(0);
  expect(matchLine(rules, "m,a\\\\ b=c v=1")).toBe(1);
  expect(matchLine(rules, "m,a\\ b=c v=1")).toBe(-1);
  expect(matchLine(rules, "m,path=C:\\dir v=1")).toBe(2);
  expect(matchLine(rules, "m,部屋=台所 v=1")).toBe(3);
  // A backslash elsewhere in the line changes nothing for a tag without one.
  expect(matchLine(rules, "m\\ n,部屋=台所 v\\ w=1")).toBe(3);
});

test("wants all of a rule's tags, in whatever order and among others", () => {
  const rules = compileRules([tagsRule(["a", "1"], ["b", "2"], ["c", "3"])]);
  expect(matchLine(rules, "m,a=1,b=2,c=3 v=1")).toBe(0);
  expect(matchLine(rules, "m,c=3,x=0,a=1,b=9,b=2 v=1")).toBe(0);
  for (const tags of ["a=1,b=2", "b=2,c=3", "a=1,c=3", "a=1,b=2,c=2", "a=1,a=1,b=2"]) {
    expect([tags, matchLine(rules, `m,${tags} v=1`)]).toEqual([tags, -1]);
  }
});

test("remembers nothing of the line before", () => {
  const rules = compileRules([tagsRule(["a", "1"], ["b", "2"]), tagsRule(["c", "3"])]);
  expect(matchLine(rules, "m,a=1 v=1")).toBe(-1);
  expect(matchLine(rules, "m,b=2 v=1")).toBe(-1);
  expect(matchLine(rules, "m,a=1,c=3 v=1")).toBe(1);
  expect(matchLine(rules, "m,b=2 v=1")).toBe(-1);
  expect(matchLine(rules, "m,b=2,a=1 v=1")).toBe(0);
  expect(matchLine(rules, "m v=1")).toBe(-1);
});

test("of several rules that match the first has the line, whichever of their tags the line names first", () => {
  const rules = compileRules([
    rule("basic", "never"),
    tagsRule(["a", "1"], ["b", "2"]),
    tagsRule(["c", "3"]),
    tagsRule(["a", "1"]),
    tagsRule(["c", "3"], ["a", "1"]),
  ]);
  expect(matchLine(rules, "m,c=3,b=2,a=1 v=1")).toBe(1);
  expect(matchLine(rules, "m,c=3,a=1 v=1")).toBe(2);
  expect(matchLine(rules, "m,a=1 v=1")).toBe(3);
});

test("finds each of five thousand rules that share a tag, and of five thousand alike the first", () => {
  const apart = Array.from({ length: 5000 }, (_, place) =>
    tagsRule(["env", "prod"], ["host", `web ${place}`]),
  );
  const rules = compileRules(apart);
  apart.forEach((_, place) => {
    expect(matchLine(rules, `m,env=prod,host=web\\ ${place} v=1`)).toBe(place);
  });
  expect(matchLine(rules, "m,env=prod,host=web\\ 5000 v=1")).toBe(-1);
  expect(matchLine(rules, "m,env=test,host=web\\ 1 v=1")).toBe(-1);
  const alike = compileRules(apart.map(() => tagsRule(["env", "prod"])));
  expect(matchLine(alike, "m,env=prod v=1")).toBe(0);
});

test("takes lines of ten thousand tags, tags of 64 KB, and bytes that are no UTF-8", () => {
  const long = "a,b ".repeat(16_384);
  const rules = compileRules([
    tagsRule(["k9999", "x"], ["k0", "x"]),
    tagsRule([long, long]),
    tagsRule(["k", "\ufffd"]),
  ]);
  const tags = Array.from({ length: 10_000 }, (_, tag) => `,k${tag}=x`).join("");
  expect(matchLine(rules, `m${tags} v=1`)).toBe(0);
  expect(matchLine(rules, `m,k0=x,${escapeTag(long)}=${escapeTag(long)} v=1`)).toBe(1);
  expect(matchLine(rules, Buffer.from("m,k=\xff v=1", "latin1"))).toBe(-1);
  expect(matchLine(rules, "m,k=\ufffd v=1")).toBe(2);
});

test("agrees with a plain comparison of each rule with each line", () => {
  const random = seededRandom("tags rules");
  const keys = ["a", "b", "a=b", "a b", "a\\b"];
  const values = ["1", "b=1", "1,2", "x\\y"];
  const randomTags = (count: number) =>
    Array.from({ length: count }, (): Tag => [random.pick(keys), random.pick(values)]);
  let matched = 0;
  for (let round = 0; round < 2000; round++) {
    const wanted = Array.from({ length: random.int(8) }, () => randomTags(1 + random.int(3)));
    const rules = compileRules(wanted.map((tags) => tagsRule(...tags)));
    for (let line = 0; line < 5; line++) {
      const tags = randomTags(random.int(6));
      const text = tags.map(([key, value]) => `,${escapeTag(key)}=${escapeTag(value)}`).join("");
      const expected = wanted.findIndex((all) =>
        all.every(([key, value]) => tags.some((tag) => tag[0] === key && tag[1] === value)),
      );
      expect([wanted, text, matchLine(rules, `m${text} v=1`)]).toEqual([wanted, text, expected]);
      if (expected !== -1) matched++;
    }
  }
  expect(matched).toBeGreaterThan(500);
});
