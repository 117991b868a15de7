/** Which lines of what passes are shown: of those that match, every so many. */
import { newLineOffsets } from "../line/scan.ts";
import { findLineEnd, trimLineEnd } from "../line/split.ts";
import { NO_RULE, type RuleSet } from "../rules/rule.ts";

export interface Selection {
  /** The lines that one of them matches; empty: all lines. Only such rules that look at the whole line. */
  readonly rules: RuleSet;
  /** Of so many lines that match, the last is taken; at least 1. */
  readonly sampleEvery: number;
}

/** payload[start, end) is the line without its ending. */
export type OnLine = (payload: Uint8Array, start: number, end: number, subject: string) => void;

/** A line that the expression takes too long for is not shown, whatever the expression would have said. */
export type OnCostly = () => void;

/** Calls `onLine` for the lines that are taken and returns how many lines there are; blank lines are none. */
export type SelectLines = (payload: Uint8Array, subject: string) => number;

/** The lines need not be line protocol. Hot: the loop runs once a line. */
export function createSelect(
  { rules, sampleEvery }: Selection,
  onLine: OnLine,
  onCostly: OnCostly = () => {},
): SelectLines {
  const offsets = newLineOffsets();
  // Nobody scans these lines: any of them may hold backslashes.
  offsets.keysEscaped = true;
  const takesAll = rules.length === 0;
  let untilNext = sampleEvery;

  /** A whole-line rule asks where the line is and whether it may hold backslashes, and not where its parts are. */
  function isMatch(payload: Uint8Array, start: number, end: number): boolean {
    if (takesAll) return true;
    offsets.lineStart = start;
    offsets.lineEnd = end;
    const rule = rules.match(payload, offsets);
    if (rule < NO_RULE) onCostly();
    return rule > NO_RULE;
  }

  return (payload, subject) => {
    let lines = 0;
    for (let start = 0; start < payload.length;) {
      const lineEnd = findLineEnd(payload, start);
      const end = trimLineEnd(payload, start, lineEnd);
      if (end > start) {
        lines++;
        if (isMatch(payload, start, end) && --untilNext === 0) {
          untilNext = sampleEvery;
          onLine(payload, start, end, subject);
        }
      }
      start = lineEnd + 1;
    }
    return lines;
  };
}
