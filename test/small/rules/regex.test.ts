/** Regular expressions: RE2's syntax, on the unescaped line without its ending, found anywhere in it. */
import { expect, spyOn, test } from "bun:test";

import { newLineOffsets, scanLine } from "../../../src/line/scan.ts";
import { compileRules } from "../../../src/rules/compile.ts";
import type { RuleSet } from "../../../src/rules/rule.ts";
import { matchLine, rule } from "./rule-match.ts";

function isFound(expression: string, line: string | Uint8Array): boolean {
  const found = matchLine(compileRules([rule("regex", expression)]), line) === 0;
  const missed = matchLine(compileRules([rule("negregex", expression)]), line) === 0;
  expect(missed).toBe(!found);
  return found;
}

// Each of these means something else in JavaScript, or nothing.
test.each([
  ["(?i)^CPU,HOST", "cpu,host=a v=1"],
  ["(?P<name>cpu),", "cpu,host=a v=1"],
  ["\\Acpu", "cpu v=1"],
  ["v=1\\z", "cpu v=1"],
  ["^[[:alpha:]]+,", "cpu,host=a v=1"],
  ["host=[[:^digit:]]", "cpu,host=a v=1"],
  ["^\\pL+ ", "été v=1"],
  ["\\p{Greek}", "cpu,unit=μ v=1"],
  ["\\Qv=(1)\\E", 'cpu s="v=(1)"'],
  ["(?U)a+$", "cpu,b=aa v=1,w=aa"],
  ["(?s)a.b", "cpu,x=a\tb v=1"],
  ["^\\x{6e29}", "温度 v=1"],
])("finds %s in %j", (expression, line) => {
  expect(isFound(expression, line)).toBe(true);
});

test.each([
  ["\\Adisk", "cpu,host=disk v=1"],
  ["cpu\\z", "cpu v=1"],
  ["^[[:digit:]]", "cpu v=1"],
  ["\\p{Greek}", "cpu,unit=u v=1"],
])("does not find %s in %j", (expression, line) => {
  expect(isFound(expression, line)).toBe(false);
});

test("sees the line without its ending", () => {
  for (const ending of ["", "\n", "\r\n"]) {
    expect(isFound("^x v=1$", `x v=1${ending}`)).toBe(true);
    expect(isFound("\\s$", `x v=1${ending}`)).toBe(false);
  }
});

test("sees the whole line, the blanks around it as well", () => {
  expect(isFound("^ +cpu v=1 5 +$", "  cpu v=1 5 ")).toBe(true);
  expect(isFound("^cpu", " cpu v=1")).toBe(false);
});

test("sees only the line, not the payload around it", () => {
  expect(isFound("before", "x v=1")).toBe(false);
});

test("sees what is escaped without its backslashes, strings too", () => {
  expect(isFound("^a b,c=d,e=f g", "a\\ b\\,c\\=d,e=f\\ g v=1")).toBe(true);
  expect(isFound('s="say "hi""$', 'x s="say \\"hi\\""')).toBe(true);
  expect(isFound("C:\\\\dir", 'x s="C:\\dir"')).toBe(true);
});

test("sees bytes that are no UTF-8 as U+FFFD, and keeps a byte-order mark", () => {
  const bytes = Uint8Array.of(0x6d, 0xff, 0x78, 0x20, 0x76, 0x3d, 0x31);
  expect(isFound("^m\\x{fffd}x v=1$", bytes)).toBe(true);
  expect(isFound("^\\x{feff}m", "\ufeffm v=1")).toBe(true);
});

test("makes a string of a line once, and only if an expression needs it that stands before the rule found by name", () => {
  const decode = spyOn(Buffer.prototype, "toString");
  const decoded = (rules: RuleSet, line: string) => {
    const before = decode.mock.calls.length;
    return [matchLine(rules, line), decode.mock.calls.length - before];
  };
  try {
    const rules = compileRules([
      rule("basic", "cpu"),
      rule("regex", "(?i)host=db"),
      rule("regex", "(?i)host=web"),
      rule("basic", "disk"),
    ]);
    expect(decoded(rules, "cpu,host=web v=1")).toEqual([0, 0]);
    expect(decoded(rules, "disk,host=web v=1")).toEqual([2, 1]);
    const literals = compileRules([
      rule("regex", "^mem,.*host=web"),
      rule("negregex", "(net|cpu)$"),
    ]);
    expect(decoded(literals, "cpu,host=web v=1")).toEqual([1, 0]);
  } finally {
    decode.mockRestore();
  }
});

test("takes linear time where a backtracking engine would take for ever", () => {
  expect(isFound("^(a+)+$", `m,k=${"a".repeat(50_000)} v=1`)).toBe(false);
  expect(isFound("(a|aa)+\\z", `m v="${"a".repeat(50_000)}!"`)).toBe(false);
});

test("finds a long literal in a text that was made to hold up the search for it", () => {
  const literal = `${"a".repeat(30)}b${"a".repeat(30)}`;
  const expression = "a{30}ba{30}";
  const nearly = "a".repeat(5000);
  expect(isFound(expression, `m,k=${nearly} v=1`)).toBe(false);
  expect(isFound(expression, `m,k=${nearly}b${nearly} v=1`)).toBe(true);
  expect(isFound(expression, `m,k=${nearly}x${literal} v=1`)).toBe(true);
  expect(isFound(`${expression}.*${expression}`, `m,k=${nearly}b${nearly}x${literal} v=1`)).toBe(
    true,
  );
  expect(isFound(`${expression}.*${expression}`, `m,k=${nearly}b${nearly} v=1`)).toBe(false);
});

test("does not find a literal behind the line's end, however long the search was", () => {
  const expression = "a{30}ba{30}";
  const first = `m,k=${"a".repeat(5000)} v=1\n`;
  const payload = new TextEncoder().encode(`${first}m,k=${"a".repeat(30)}b${"a".repeat(30)} v=1\n`);
  const offsets = newLineOffsets();
  scanLine(payload, 0, first.length - 1, offsets);
  expect(compileRules([rule("regex", expression)]).match(payload, offsets)).toBe(-1);
});
