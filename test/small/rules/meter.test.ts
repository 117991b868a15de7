/**
 * Goal: no line holds up the others for longer than a second, whatever the expressions, and what they say of all other lines stays as it is.
 * Method: a clock that the test moves while an expression reads; re2js itself where its answers count.
 */
import { describe, expect, test } from "bun:test";

import { RE2JS } from "re2js";

import { compileRules } from "../../../src/rules/compile.ts";
import { costlyLineText, Meter } from "../../../src/rules/meter.ts";
import { costlyRule, NO_RULE } from "../../../src/rules/rule.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { matchLine, rule } from "./rule-match.ts";

/** A program of so many instructions makes any text a long one. */
const HUGE = 2 ** 32;

function setUp() {
  const clock = new ManualClock();
  let signs = 0;
  const meter = new Meter({ clock, onWorking: () => signs++ });
  meter.startLine();
  return { clock, meter, signs: () => signs };
}

/** An expression that needs `msEach` for each character of a text that has no end. */
const slow = (clock: ManualClock, msEach: number) => (text: string) => {
  for (let at = 0; at < 10_000_000; at++) {
    text.charCodeAt(at % text.length);
    clock.advance(msEach);
  }
  return true;
};

describe("a line that an expression takes long for", () => {
  test("is given up after a second", () => {
    const { clock, meter } = setUp();
    expect(meter.run(slow(clock, 0.1), HUGE, "text")).toBeUndefined();
    // It is looked at the clock every 256 characters.
    expect(clock.monotonicMs()).toBeWithin(1000, 1000 + 2 * 25.6);
  });

  test("is given up after a second that several expressions have taken together", () => {
    const { clock, meter } = setUp();
    expect(meter.run((text) => slowly(clock, 900, text), HUGE, "text")).toBe(false);
    expect(meter.run((text) => slowly(clock, 900, text), HUGE, "text")).toBeUndefined();
    expect(clock.monotonicMs()).toBeWithin(1000, 1200);
    // The next line has a second of its own.
    meter.startLine();
    expect(meter.run((text) => slowly(clock, 900, text), HUGE, "text")).toBe(false);
  });

  test("is not given up for time in which the process did not run", () => {
    const { clock, meter } = setUp();
    const stopped = (text: string) => {
      for (let at = 0; at < 256; at++) text.charCodeAt(0);
      clock.advance(60_000);
      for (let at = 0; at < 256; at++) text.charCodeAt(0);
      return true;
    };
    expect(meter.run(stopped, HUGE, "text")).toBe(true);
  });

  test("gives signs of life, as do many lines that take long together", () => {
    const { clock, meter, signs } = setUp();
    meter.run(() => true, HUGE, "text");
    expect(signs()).toBe(1);
    for (let line = 0; line < 1000; line++) {
      meter.startLine();
      meter.run(() => true, 10_000, "text of 15 bytes");
    }
    expect(signs()).toBeWithin(30, 50);
    expect(clock.timerCount).toBe(0);
  });

  /** Takes so many milliseconds, and finds nothing. */
  function slowly(clock: ManualClock, ms: number, text: string): boolean {
    for (let at = 0; at < 256 * 10; at++) {
      text.charCodeAt(0);
      clock.advance(ms / 2560);
    }
    return false;
  }
});

test("a short line is read as the string that it is, and nobody looks at the clock", () => {
  const { clock, meter } = setUp();
  const types: string[] = [];
  const noteType = (text: string) => types.push(typeof text) > 0;
  clock.monotonicMs = () => {
    throw new Error("somebody looks");
  };
  // A kilobyte with an expression of a thousand instructions, ten of them.
  for (let times = 0; times < 4; times++) meter.run(noteType, 1000, "x".repeat(1000));
  expect(types).toEqual(["string", "string", "string", "string"]);
});

test("an error of an expression's own is none of time", () => {
  const { meter } = setUp();
  const broken = () => {
    throw new Error("BUG: test");
  };
  expect(() => meter.run(broken, HUGE, "text")).toThrow("BUG: test");
});

describe("what an expression finds in a text that is measured is what it finds in the string", () => {
  const texts = [
    "",
    "cpu,host=web usage=1",
    "CPU,Host=WEB usage=1\n",
    "été,ville=Zürich température=21",
    "m,emoji=😀 v=1",
    "m,half=\ud83d v=1",
    `m,k=${"ab".repeat(3000)} v=1`,
    `m,k=${"xyz".repeat(1000)}needle v=1`,
  ];
  test.each([
    "(?i)host=web",
    "^cpu",
    "v=1$",
    "\\busage\\b",
    "^[^,]+,k=(a|b)+ ",
    "(a|b)*a(a|b){10}c",
    "a.{900}b",
    "needle|nadel|aiguille",
    "(?i)needle|NADEL",
    "(foo|bar).*(v=1|v=2)",
    "^m,emoji=. v",
    "\\pL{5}=2",
    "^$",
    "",
    "(a?){50}a{50}",
    "^(?:m|cpu),[a-z]+=",
  ])("%s", (expression) => {
    const compiled = RE2JS.compile(expression);
    const { meter } = setUp();
    for (const text of texts) {
      const find = (read: string) => compiled.test(read);
      expect(meter.run(find, HUGE, text)).toBe(compiled.test(text));
    }
  });
});

describe("rules", () => {
  /** Each look at it takes a tenth of a second. */
  class TiredClock extends ManualClock {
    override monotonicMs(): number {
      this.advance(100);
      return super.monotonicMs();
    }
  }
  const hostile = `m,k=${"ab".repeat(20_000)} v=1`;

  test("do not judge a line that is too costly, say where it was, and judge all others as ever", () => {
    const rules = compileRules(
      [rule("regex", "(?i)^cpu"), rule("negregex", "a.{900}[^a-z ]"), rule("basic", "m")],
      { clock: new TiredClock() },
    );
    for (let times = 0; times < 3; times++) {
      const found = matchLine(rules, hostile);
      expect(Number(found)).toBeLessThan(NO_RULE);
      expect(costlyRule(Number(found))).toBe(1);
      expect(matchLine(rules, "CPU v=1")).toBe(0);
      expect(matchLine(rules, "m v=1")).toBe(1);
    }
  });

  test("that stand in front of the costly one still have their lines", () => {
    const rules = compileRules([rule("basic", "m"), rule("regex", "a.{900}[^a-z ]")], {
      clock: new TiredClock(),
    });
    expect(matchLine(rules, hostile)).toBe(0);
  });
});

test("the log is told how long the line is, where it was given up, and how it begins, in harmless words", () => {
  const line = new TextEncoder().encode(`m,k=\u001b[31m${"a".repeat(1000)} v=1`);
  const text = costlyLineText(line, 4);
  expect(text).toStartWith(
    "dropped a line of 1013 bytes: the expressions of the rules had not judged it within 1 s (rule 5 should be simpler): ",
  );
  expect(text).toContain("[31maaaa");
  expect(text).not.toContain("\u001b");
  expect(text.length).toBeLessThan(500);
});
