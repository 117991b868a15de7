/**
 * What a filter counts, and how it is told to the monitor subject.
 *
 * Two sums hold in every set of totals:
 * - processed = passed + rejected + invalid-time + invalid_lines + comment_lines + dropped_costly_lines
 * - passed + rejected = sent_lines + dropped_long_lines + dropped_nats_lines, once nothing is being published
 * and of the lines published to the filter, each is in processed or in nats_dropped_lines, but for those of nats_uncounted_breaks.
 */
import { Counters, type CounterSnapshot } from "../metrics/counters.ts";
import type { MetricSet } from "../platform/metric-set.ts";
import type { RuleDeclaration } from "../rules/rule.ts";

/** Field of `spout_stat_filter` -> what it counts. In the order of publication: those of 1.x, then ours. */
export const FILTER_COUNTERS = {
  passed: "Lines that a rule matched.",
  processed: "Lines received, blank ones left out.",
  rejected: "Lines that no rule matched: they go to the junkyard subject.",
  "invalid-time": "Lines dropped because their timestamp is too far from now.",
  invalid_lines: "Lines dropped because they are not line protocol.",
  comment_lines: "Lines dropped because they are comments.",
  received: "Messages received.",
  sent: "Messages published.",
  sent_lines: "Lines in the messages published.",
  failed_nats_publish: "Messages that NATS had no room for (nats_max_outbound_size): dropped.",
  dropped_nats_lines: "Lines in the messages that NATS had no room for.",
  lost_nats_lines: "Lines published and then lost with a broken connection or at a stop.",
  refused_nats_lines:
    "Lines published that NATS does not allow on their subject (permissions): lost.",
  dropped_long_lines: "Lines dropped because one alone exceeds the NATS server's max_payload.",
  dropped_costly_lines:
    "Lines dropped because the expressions of the rules had not judged them within a second each.",
  nats_dropped:
    "Messages dropped before they were looked at: more than nats_max_pending_size waited, or a stop took too long.",
  nats_dropped_lines: "Lines in the messages dropped before they were looked at.",
  nats_uncounted_breaks:
    "Broken connections to NATS with which messages may have been lost whose lines nobody can count.",
  worker_restarts: "Threads that died and were started again.",
} as const;

export type FilterCounter = keyof typeof FILTER_COUNTERS;

/** Field of `spout_stat_filter_rule` -> what it counts. */
export const FILTER_RULE_COUNTERS = {
  triggered: "Lines that this rule was the first to match.",
} as const;

/** Counts of one thread or of all. Plain data: it crosses between threads. Cumulative. */
export interface FilterTotals {
  readonly counters: CounterSnapshot<FilterCounter>;
  /** Lines that each rule matched, in the order of the rules. */
  readonly triggered: readonly number[];
}

export function noTotals(ruleCount: number): FilterTotals {
  return {
    counters: new Counters<FilterCounter>(FILTER_COUNTERS).snapshot(),
    triggered: new Array<number>(ruleCount).fill(0),
  };
}

/** The sum of two sets of counts with the same rules. */
export function addTotals(left: FilterTotals, right: FilterTotals): FilterTotals {
  const counters = { ...left.counters };
  for (const name of Object.keys(FILTER_COUNTERS) as FilterCounter[]) {
    counters[name] += right.counters[name];
  }
  return {
    counters,
    triggered: left.triggered.map((count, rule) => count + (right.triggered[rule] ?? 0)),
  };
}

/** Lines that were taken in and then neither sent on nor dropped for what is in them. */
export function lostLines(totals: FilterTotals): number {
  const { counters } = totals;
  return (
    counters.dropped_nats_lines +
    counters.lost_nats_lines +
    counters.refused_nats_lines +
    counters.nats_dropped_lines
  );
}

/** True if there may have been more, of which nobody knows how many. */
export function hasUncounted(totals: FilterTotals): boolean {
  return totals.counters.nats_uncounted_breaks > 0;
}

/**
 * What is told of them: one set for the filter and one for each rule, in order. Measurements, tags and the counters
 * in front are those of 1.x. There, rules that share a subject wrote to the same series and overwrote
 * each other: such rules (only those) get a tag `index` more, their place in the configuration, from 1.
 */
export function filterMetrics(
  name: string,
  rules: readonly RuleDeclaration[],
  totals: FilterTotals,
): MetricSet[] {
  const subjectUses = new Map<string, number>();
  for (const { subject } of rules) subjectUses.set(subject, (subjectUses.get(subject) ?? 0) + 1);

  const ofRules = rules.map(({ subject }, rule) => {
    const index = subjectUses.get(subject) === 1 ? "" : String(rule + 1);
    const tags = { filter: name, rule: subject, index };
    const counts = { triggered: totals.triggered[rule] ?? 0 };
    return { measurement: "spout_stat_filter_rule", tags, counts };
  });
  const tags = { filter: name };
  return [{ measurement: "spout_stat_filter", tags, counts: totals.counters }, ...ofRules];
}
