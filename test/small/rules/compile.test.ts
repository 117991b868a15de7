/** Which rule a line goes to: the first that matches, in the order of the configuration, across all kinds. */
import { describe, expect, test } from "bun:test";

import { compileRules, ruleProblem } from "../../../src/rules/compile.ts";
import { type MatchType, RULE_TYPES } from "../../../src/rules/rule.ts";
import { seededRandom } from "../../support/random.ts";
import vectors from "../../vectors.json";
import { matchLine, rule, tagsRule } from "./rule-match.ts";

describe("measured rules", () => {
  test.each(vectors.rules)("%j", (row) => {
    const rules = compileRules([rule(row.type as MatchType, row.match)]);
    if (row.refused !== undefined) expect(matchLine(rules, row.line)).toBe(row.refused);
    if (row.matches === undefined) return;
    expect(matchLine(rules, row.completed ?? row.line)).toBe(row.matches ? 0 : -1);
  });
});

test("the first rule that matches has the line, whatever the kinds", () => {
  const rules = compileRules([
    rule("regex", "host=db"),
    rule("basic", "cpu"),
    rule("negregex", "region="),
    rule("basic", "disk"),
    rule("regex", "^cpu|^disk"),
    tagsRule(["region", "us"]),
    rule("basic", "mem"),
  ]);
  expect(rules.length).toBe(7);
  expect(matchLine(rules, "cpu,host=db v=1")).toBe(0);
  expect(matchLine(rules, "cpu,host=web v=1")).toBe(1);
  expect(matchLine(rules, "disk,host=web v=1")).toBe(2);
  expect(matchLine(rules, "disk,host=web,region=eu v=1")).toBe(3);
  expect(matchLine(rules, "disks,region=eu v=1")).toBe(4);
  expect(matchLine(rules, "net,region=eu v=1")).toBe(-1);
  expect(matchLine(rules, "mem,region=us v=1")).toBe(5);
  expect(matchLine(rules, "mem,region=eu v=1")).toBe(6);
  expect(matchLine(rules, "disks,region=us v=1")).toBe(4);
  expect(matchLine(rules, "disk,region=us v=1")).toBe(3);
});

test("a tags rule has the line before a basic rule and an expression behind it, and not before those in front", () => {
  const tagged = tagsRule(["host", "a"]);
  const line = "cpu,host=a v=1";
  for (const other of [rule("basic", "cpu"), rule("regex", "host"), rule("negregex", "mem")]) {
    expect(matchLine(compileRules([tagged, other]), line)).toBe(0);
    expect(matchLine(compileRules([tagged, other]), "cpu,x=host v=1")).toBe(1);
    expect(matchLine(compileRules([other, tagged]), line)).toBe(0);
    expect(matchLine(compileRules([rule("basic", "mem"), tagged, other]), line)).toBe(1);
  }
});

test("no rules match no line", () => {
  const rules = compileRules([]);
  expect([rules.length, matchLine(rules, "cpu v=1")]).toEqual([0, -1]);
});

test("agrees with trying one rule after the other", () => {
  const random = seededRandom("rules");
  const names = ["a", "b", "ab", "c d", "a,b"];
  const lines = names.map((name) => `${name.replace(/[, ]/g, "\\$&")},t=a,u=${name[0]} v=1`);
  const randomRule = () => {
    const type = random.pick(RULE_TYPES);
    const name = random.pick(names);
    return type === "tags" ? tagsRule(["t", "a"], ["u", name]) : rule(type, name);
  };
  for (let round = 0; round < 200; round++) {
    const declarations = Array.from({ length: random.int(8) }, randomRule);
    const together = compileRules(declarations);
    const alone = declarations.map((declaration) => compileRules([declaration]));
    for (const line of lines) {
      const expected = alone.findIndex((rules) => matchLine(rules, line) === 0);
      expect([declarations, line, matchLine(together, line)]).toEqual([
        declarations,
        line,
        expected,
      ]);
    }
  }
});

test("names the problem of an expression in the parser's words, and has none with what RE2 takes", () => {
  expect(ruleProblem(rule("regex", "a(b"))).toContain("missing closing )");
  expect(ruleProblem(rule("negregex", "[z-a]"))).toContain("invalid character class range");
  expect(ruleProblem(rule("regex", "a**"))).toContain("invalid nested repetition operator");
  // Neither is in RE2, for neither can be had in linear time.
  expect(ruleProblem(rule("regex", "(?=a)"))).toBeString();
  expect(ruleProblem(rule("regex", "(a)\\1"))).toBeString();
  expect(ruleProblem(rule("regex", "(?P<host>web)\\d+\\z"))).toBeUndefined();
  expect(ruleProblem(rule("basic", "a(b"))).toBeUndefined();
  expect(ruleProblem(tagsRule(["a(b", "("]))).toBeUndefined();
});
