/** What literals tell of an expression, against re2js itself: on expressions and lines made at random, and by hand. */
import { expect, test } from "bun:test";

import { RE2JS } from "re2js";

import { compileRules } from "../../../src/rules/compile.ts";
import { waysToMatch } from "../../../src/rules/ways.ts";
import { type Random, randomLine, seededRandom } from "../../support/random.ts";
import { matchLine, rule } from "./rule-match.ts";

const random = seededRandom("ways");

/** By hand: what the line's text is, for the expression to be found in. */
function textOf(line: Uint8Array): string {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(line);
  return text.replace(/\\([," =])/g, "$1");
}

function expectSame(expression: string, line: Uint8Array): boolean | undefined {
  const found = matchLine(compileRules([rule("regex", expression)]), line);
  if (typeof found === "string") return undefined;
  const expected = RE2JS.compile(expression).test(textOf(line));
  expect([expression, textOf(line), found === 0]).toEqual([expression, textOf(line), expected]);
  return expected;
}

test("judges lines as the expression itself does", () => {
  let matched = 0;
  let judged = 0;
  for (let round = 0; round < 6_000; round++) {
    const line = Buffer.from(randomLine(random));
    // Bytes that are no UTF-8, now and then.
    for (let change = random.int(3); change > 0; change--) {
      if (random.oneIn(3)) line[random.int(line.length)] = 0x80 + random.int(128);
    }
    const result = expectSame(randomExpression(random, line), line);
    if (result !== undefined) judged++;
    if (result === true) matched++;
  }
  expect(judged).toBeGreaterThan(3_000);
  expect(matched).toBeGreaterThan(300);
  expect(judged - matched).toBeGreaterThan(300);
});

/** Of pieces of the line's text and of syntax, in an order that often makes an expression and sometimes a matching one. */
function randomExpression(source: Random, line: Uint8Array): string {
  const text = textOf(line);
  for (;;) {
    const expression = `${source.oneIn(2) ? "^" : ""}${pieces(source, text, 3)}${source.oneIn(4) ? "$" : ""}`;
    try {
      RE2JS.compile(expression);
      return expression;
    } catch {
      // Another one, then.
    }
  }
}

const SYNTAX = [
  ...[".", ".*", ".+", ".*?", ".?", "^", "$", "\\b", "\\z", "(?i)", "(?m)", "(?s)", "(?U)", "x*"],
  ...[
    "[a-z]",
    "[0-9]+",
    "[^,]*",
    "\\d",
    "\\pL",
    "[cd]",
    "[^\\x00-\\x{10FFFF}]",
    "(?:)",
    "\\x{fffd}",
  ],
  ...["a{0}", "=", ",", " ", "|", "i?", "(?m:^|,)", "(?m:$|,)", "k", "s"],
];

function pieces(source: Random, text: string, depth: number): string {
  let from = 0;
  const some = Array.from({ length: 1 + source.int(5) }, () => {
    if (source.oneIn(3)) return source.pick(SYNTAX);
    if (depth > 0 && source.oneIn(4)) {
      const inner = pieces(source, text, depth - 1);
      const others = source.oneIn(2) ? `|${pieces(source, text, depth - 1)}` : "";
      return `(${inner}${others})${source.pick(["", "", "", "?", "*", "+", "{1,2}"])}`;
    }
    from += source.int(6);
    const literal = text.slice(from, (from += 1 + source.int(8)));
    return RE2JS.quote(literal) + source.pick(["", "", "", ".*", ".+", "?"]);
  });
  return some.join("");
}

test("finds exactly what is wholly literal, and needs no expression for it", () => {
  for (const expression of [
    "^cpu,",
    "host=a",
    "^cpu,.*region=eu-",
    "^(cpu|mem|net),.*host=(web|db)",
    ".+smi_count.+",
    "^cpu v=1$",
    "",
    "温度",
    "(?s)a.*b",
    "\\Qv=(1)\\E",
    "[ab]=1",
  ]) {
    const ways = waysToMatch(RE2JS.compile(expression));
    expect([expression, ways.every(({ isExact }) => isExact)]).toEqual([expression, true]);
  }
});

test.each([
  ["^cpu,host=server[0-9]+,", "cpu,host=server7,a=b v=1", "cpu,host=web7,a=b v=1"],
  ["^cpu,.*host=\\w+-eu", "cpu,host=web-eu v=1", "mem,host=web-eu v=1"],
  ["^(cpu|mem),.*[0-9]x", "mem,a=5x v=1", "net,a=5x v=1"],
  ["(?i)CPU,host=(?-i)Web", "cpu,host=Web v=1", "cpu,host=web v=1"],
])("rules out by literals what %s cannot match, and only that", (expression, match, miss) => {
  const ways = waysToMatch(RE2JS.compile(expression));
  const isPossible = (line: string) =>
    ways.some(({ literals }) => literals.areIn(Buffer.from(line), 0, line.length));
  expect([isPossible(match), isPossible(miss)]).toEqual([true, false]);
});

test.each([
  ["v=1.+.+$", "x v=12", false],
  ["v=1.+.+$", "x v=123", true],
  ["v=1..+$", "x v=12", false],
  ["v=1.+$", "x v=1é", true],
  [".+^x", "x v=1", false],
  [".*^x", "x v=1", true],
  ["^^x", "x v=1", true],
  ["1$.*", "x v=1", true],
  ["v=$", "x v=1", false],
  ["(?i)^CPU v", "cpu v=1", true],
  ["^(?i:c)pu v", "CPU v=1", false],
  ["^x(ab)+c", "xababc v=1", true],
  ["^x(ab)+c", "xababd v=1", false],
  ["^x(a|b){40}c", `x${"ab".repeat(20)}c v=1`, true],
  ["^x(a|b){40}c", `x${"ab".repeat(20)}d v=1`, false],
])("finds %s in %j or not, as it reads: %j", (expression, line, isFound) => {
  expect(expectSame(expression, Buffer.from(line))).toBe(isFound);
});
