/** Basic rules: exactly the unescaped bytes of the measurement's name. */
import { expect, test } from "bun:test";

import { escapeMeasurement } from "../../../src/line/escape.ts";
import { compileRules } from "../../../src/rules/compile.ts";
import { matchLine, rule } from "./rule-match.ts";

test("compares whole names, byte for byte", () => {
  const rules = compileRules([rule("basic", "disk")]);
  expect(matchLine(rules, "disk v=1")).toBe(0);
  expect(matchLine(rules, " \tdisk v=1")).toBe(0);
  for (const name of ["dis", "disks", "Disk", "xdisk", "disk\\,", "d\u0131sk", "isk"]) {
    expect(matchLine(rules, `${name} v=1`)).toBe(-1);
  }
});

test("takes `match` literally and unescapes the line's name", () => {
  const rules = compileRules([
    rule("basic", "a b,c"),
    rule("basic", "a\\ b"),
    rule("basic", "温度"),
  ]);
  expect(matchLine(rules, "a\\ b\\,c v=1")).toBe(0);
  expect(matchLine(rules, "a\\\\ b v=1")).toBe(1);
  expect(matchLine(rules, "温度 v=1")).toBe(2);
});

test("of two rules with one name the first has the line", () => {
  const rules = compileRules([rule("basic", "x"), rule("basic", "cpu"), rule("basic", "cpu")]);
  expect(matchLine(rules, "cpu v=1")).toBe(1);
});

test("finds each of five thousand names and none of their neighbours", () => {
  const names = Array.from({ length: 5000 }, (_, place) => `service ${place} latency`);
  const rules = compileRules(names.map((name) => rule("basic", name)));
  names.forEach((name, place) => {
    expect(matchLine(rules, `${escapeMeasurement(name)} v=1`)).toBe(place);
  });
  expect(matchLine(rules, "service\\ 5000\\ latency v=1")).toBe(-1);
});

test("takes names of 64 KB, and names that are no UTF-8", () => {
  const long = "a ".repeat(32_768);
  const rules = compileRules([rule("basic", long), rule("basic", "a")]);
  expect(matchLine(rules, `${escapeMeasurement(long)} v=1`)).toBe(0);
  expect(matchLine(rules, `${escapeMeasurement(`${long}b`)} v=1`)).toBe(-1);
  expect(matchLine(rules, "a v=1")).toBe(1);
  expect(matchLine(rules, Uint8Array.of(0xff, 0x20, 0x76, 0x3d, 0x31))).toBe(-1);
});
