/**
 * What one line costs, part by part, in nanoseconds: bun test/bench/line.ts
 *
 * Each figure is the best of many short rounds, as the machine is never quiet, and includes the cutting into lines.
 * The native search for a newline is printed first: on a slower machine it grows as the others do.
 */
import assert from "node:assert/strict";

import { convertTimestamps } from "../../src/line/precision.ts";
import { LINE_OK, newLineOffsets, scanLine } from "../../src/line/scan.ts";
import { countLines, countLinesOneByOne, findLineEnd, trimLineEnd } from "../../src/line/split.ts";
import { timestampInWindow, timeWindow } from "../../src/line/timestamp.ts";
import { compileRules } from "../../src/rules/compile.ts";
import type { MatchType, RuleSet } from "../../src/rules/rule.ts";
import { randomFrom } from "../support/random.ts";
import { printCost } from "./cost.ts";
import { hostLines, measurementNames } from "./host-lines.ts";

const ROUND_LINES = 5000;
const BUDGET_MS = 1000;
const DELTA_NS = 600_000_000_000n;

const offsets = newLineOffsets();
const window = timeWindow(Date.now(), DELTA_NS);

const names = measurementNames().map((name) => rule("basic", name));
const others = Array.from({ length: 990 }, (_, place) => rule("basic", `service_${place}`));
const ten = compileRules(names);
const thousand = compileRules([...others, ...names]);
const literal = compileRules([rule("regex", "region=eu-")]);
const five = compileRules(
  measurementNames(5).map((name) => rule("regex", `^${name},.*region=eu-`)),
);
const folded = compileRules([rule("regex", "(?i)REGION=EU-")]);
const anchored = compileRules([rule("regex", "^(cpu|mem|net|dsk|sys|swp|ker|pro|dio|hdd),")]);

const payloads = {
  "host, 110 bytes": new TextEncoder().encode(hostLines(ROUND_LINES)),
  "disk, about 160 bytes": new TextEncoder().encode(diskLines(ROUND_LINES)),
};

let allNs = 0;
for (const [name, payload] of Object.entries(payloads)) {
  assert.equal(countLines(payload), ROUND_LINES);
  console.log(`${name}:`);
  measure("count lines", () => countLines(payload), ROUND_LINES);
  measure("cut into lines", () => countLinesOneByOne(payload, 0, payload.length), ROUND_LINES);
  measure("+ scan", () => walk(payload, isGood), ROUND_LINES);
  measure("+ time window", () => walk(payload, isCurrent), ROUND_LINES);
  if (!name.startsWith("host")) continue;
  const matches = (rules: RuleSet) => () =>
    walk(
      payload,
      (start, end) => isCurrent(start, end, payload) && rules.match(payload, offsets) !== -1,
    );
  measure("+ 10 basic rules", matches(ten), ROUND_LINES);
  measure("+ 1,000 basic rules", matches(thousand), ROUND_LINES);
  measure("+ 1 regex, a literal", matches(literal), ROUND_LINES);
  measure("+ 1 regex, anchored alternatives", matches(anchored), ROUND_LINES);
  measure("+ 1 regex, not told by literals", matches(folded), ROUND_LINES);
  measure("+ 5 regexes, name and tag", matches(five), ROUND_LINES / 2);
  const seconds = new TextEncoder().encode(hostLines(ROUND_LINES).replaceAll("000000000\n", "\n"));
  const convert = () => convertTimestamps(seconds, "s", () => assert.fail()).length;
  measure("precision, s to ns", convert, payload.length);
}

printCost(allNs, "ns a line, all parts together");

/** Prints the best time for one line; `round` handles ROUND_LINES of them and must return `expected`. */
function measure(name: string, round: () => number, expected: number): void {
  let bestMs = Infinity;
  for (const endMs = performance.now() + BUDGET_MS; performance.now() < endMs;) {
    const startMs = performance.now();
    const result = round();
    bestMs = Math.min(bestMs, performance.now() - startMs);
    assert.equal(result, expected, name);
  }
  const ns = (bestMs * 1e6) / ROUND_LINES;
  console.log(`  ${name.padEnd(34)} ${ns.toFixed(0).padStart(5)} ns a line`);
  allNs += ns;
}

/** How many lines `isWanted`. */
function walk(
  payload: Uint8Array,
  isWanted: (start: number, end: number, payload: Uint8Array) => boolean,
): number {
  let count = 0;
  for (let start = 0; start < payload.length;) {
    const newline = findLineEnd(payload, start);
    if (isWanted(start, trimLineEnd(payload, start, newline), payload)) count++;
    start = newline + 1;
  }
  return count;
}

function isGood(start: number, end: number, payload: Uint8Array): boolean {
  return scanLine(payload, start, end, offsets) === LINE_OK;
}

function isCurrent(start: number, end: number, payload: Uint8Array): boolean {
  return isGood(start, end, payload) && timestampInWindow(offsets, window);
}

function rule(type: MatchType, match: string) {
  return { type, match, subject: "" };
}

/** Lines of varying length, as Telegraf's disk input sends them. */
function diskLines(count: number): string {
  const random = randomFrom(1);
  const lines = Array.from({ length: count }, () => {
    const device = `sd${random.pick(["a", "b", "c"])}${random.int(20)}`;
    const tags = `device=${device},fstype=ext4,host=web-${random.int(300)},mode=rw,path=/srv`;
    const sizes = `free=${random.int(1e9)}i,total=${random.int(1e9)}i,used=${random.int(1e9)}i`;
    const inodes = `inodes_free=${random.int(1e6)}i,used_percent=${random.int(1000) / 10}`;
    const timestamp = `${Date.now()}${String(random.int(1e6)).padStart(6, "0")}`;
    return `disk,${tags} ${sizes},${inodes} ${timestamp}\n`;
  });
  return lines.join("");
}
