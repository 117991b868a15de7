/** Which lines are shown. Goal: those that match, each Nth of them, whatever payloads they come in. */
import { expect, test } from "bun:test";

import type { LineOffsets } from "../../../src/line/scan.ts";
import { compileRules } from "../../../src/rules/compile.ts";
import { tooCostlyAt } from "../../../src/rules/rule.ts";
import { createSelect } from "../../../src/tap/select-lines.ts";

/** Gives what is selected of payloads, one after the other, and how many lines each of them has. */
function select(options: { match?: string; sampleEvery?: number }, ...payloads: string[]) {
  const { match, sampleEvery = 1 } = options;
  const rules = compileRules(match === undefined ? [] : [{ type: "regex", match, subject: "" }]);
  const shown: string[] = [];
  const selectLines = createSelect({ rules, sampleEvery }, (payload, start, end, subject) => {
    shown.push(`${subject}: ${Buffer.from(payload.subarray(start, end)).toString("latin1")}`);
  });
  const counts = payloads.map((text, index) =>
    selectLines(Buffer.from(text, "latin1"), `s${index}`),
  );
  return { shown, counts };
}

test("every line is shown, without its ending, with its subject; blank ones are left out and not counted", () => {
  expect(select({}, "a v=1\r\n\n\r\nb v=2\n", "c v=3", "", "\n")).toEqual({
    shown: ["s0: a v=1", "s0: b v=2", "s1: c v=3"],
    counts: [2, 1, 0, 0],
  });
});

test("lines that are no line protocol are shown as well", () => {
  expect(select({}, "broken\n# note\n ,x\n\xff\x00\n").shown).toEqual([
    "s0: broken",
    "s0: # note",
    "s0:  ,x",
    "s0: \xff\x00",
  ]);
});

test("an expression sees the line unescaped and without its ending, as that of a rule does", () => {
  const lines = "disk\\ io,host=a v=1\r\ncpu,host=a v=1\nbroken disk io\n";
  expect(select({ match: "^disk io," }, lines).shown).toEqual(["s0: disk\\ io,host=a v=1"]);
  expect(select({ match: "v=1$" }, lines).shown).toHaveLength(2);
  expect(select({ match: "disk io" }, lines)).toEqual({
    shown: ["s0: disk\\ io,host=a v=1", "s0: broken disk io"],
    counts: [3],
  });
});

test("of each N lines the last is shown, however they are divided into payloads", () => {
  expect(select({ sampleEvery: 3 }, "1\n2\n", "3\n4\n5\n6\n7\n", "8\n").shown).toEqual([
    "s1: 3",
    "s1: 6",
  ]);
});

test("the sample is one of the lines that match", () => {
  const lines = "a 1\nb 1\na 2\na 3\nb 2\na 4\n";
  expect(select({ match: "^a", sampleEvery: 2 }, lines)).toEqual({
    shown: ["s0: a 2", "s0: a 4"],
    counts: [6],
  });
});

test("a line that the expression takes too long for is not shown, and told, and the others are as before", () => {
  const shown: number[] = [];
  let costly = 0;
  const rules = {
    length: 1,
    match: (payload: Uint8Array, { lineStart }: LineOffsets) =>
      payload[lineStart] === 0x63 ? tooCostlyAt(0) : 0,
  };
  const selectLines = createSelect(
    { rules, sampleEvery: 1 },
    (_payload, start) => void shown.push(start),
    () => costly++,
  );
  expect(selectLines(Buffer.from("a\nc\nb\n"), "s")).toBe(3);
  expect({ shown, costly }).toEqual({ shown: [0, 4], costly: 1 });
});
