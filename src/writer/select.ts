/** Which lines of a delivered payload a writer sends: all of them, or those that a rule matches. */
import { Lines, NO_MORE_LINES } from "../line/lines.ts";
import { Refusals } from "../line/refusals.ts";
import { LINE_COMMENT, LINE_OK } from "../line/scan.ts";
import { countLines } from "../line/split.ts";
import type { Drops } from "../platform/drops.ts";
import { costlyRule, NO_RULE, type RuleSet } from "../rules/rule.ts";
import type { WriterCounters } from "./counters.ts";

/** payload[start, end) is to be written and holds `lines` lines; the last may lack its newline. */
export type OnPiece = (payload: Uint8Array, start: number, end: number, lines: number) => void;

/** Is told of each line that the expressions take too long for, and at which rule that was. */
export type OnCostly = (line: Uint8Array, rule: number) => void;

/** Calls `onPiece` for what is to be written, in order, and counts every line received and every line left out. */
export type SelectLines = (payload: Uint8Array, onPiece: OnPiece) => void;

/** `drops` hears of what is no line protocol. What no rule matches is left out as it should be. */
export function createSelect(
  rules: RuleSet,
  counters: WriterCounters,
  drops: Drops,
  onCostly: OnCostly = () => {},
): SelectLines {
  return rules.length === 0
    ? selectAll(counters)
    : selectMatching({ rules, counters, drops, onCostly });
}

/** The bytes pass as they are. A payload of nothing but blank lines is left out: there is nothing in it to write. */
function selectAll(counters: WriterCounters): SelectLines {
  return (payload, onPiece) => {
    const lines = countLines(payload);
    counters.add("received_lines", lines);
    if (lines > 0) onPiece(payload, 0, payload.length, lines);
  };
}

interface Matching {
  readonly rules: RuleSet;
  readonly counters: WriterCounters;
  readonly drops: Drops;
  readonly onCostly: OnCostly;
}

/**
 * Matching lines pass, each with a newline as its whole ending: InfluxDB refuses a carriage return. Neighbours that
 * match are one piece, for a copy a line would cost more than all the rest. Hot: its loop runs once a line.
 */
function selectMatching({ rules, counters, drops, onCostly }: Matching): SelectLines {
  const lines = new Lines();
  const refusals = new Refusals([]);
  return (payload, onPiece) => {
    let [received, comments, invalid, matched, costly] = [0, 0, 0, 0, 0];
    let [runStart, runEnd, runLines] = [0, 0, 0];
    lines.open(payload);
    for (let code = lines.next(); code !== NO_MORE_LINES; code = lines.next()) {
      received++;
      if (code === LINE_COMMENT) {
        comments++;
        continue;
      }
      if (code !== LINE_OK) {
        invalid++;
        refusals.note(code, lines.offsets.lineStart, lines.offsets.lineEnd);
        continue;
      }
      const rule = rules.match(payload, lines.offsets);
      const { lineStart, lineEnd } = lines.offsets;
      if (rule < NO_RULE) {
        costly++;
        onCostly(payload.subarray(lineStart, lineEnd), costlyRule(rule));
      } else if (rule !== NO_RULE) {
        matched++;
        // One byte apart: only a newline stands between the run and this line.
        if (runLines === 0 || lineStart !== runEnd + 1) {
          if (runLines > 0) onPiece(payload, runStart, runEnd, runLines);
          runStart = lineStart;
          runLines = 0;
        }
        runEnd = lineEnd;
        runLines++;
      }
    }
    if (runLines > 0) onPiece(payload, runStart, runEnd, runLines);
    refusals.tell(payload, "in front of the rules", drops);
    counters.add("received_lines", received);
    counters.add("comment_lines", comments);
    counters.add("invalid_lines", invalid);
    counters.add("dropped_costly_lines", costly);
    counters.add("unmatched_lines", received - comments - invalid - matched - costly);
  };
}
