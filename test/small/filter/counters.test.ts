/** The filter's counters as lines for the monitor subject. Goal: 1.x dashboards go on working. */
import { expect, test } from "bun:test";
import { hostname } from "node:os";

import {
  addTotals,
  FILTER_COUNTERS,
  filterMetrics,
  type FilterTotals,
  noTotals,
} from "../../../src/filter/counters.ts";
import { printMetrics } from "../../../src/metrics/print.ts";
import { STARTED_MS } from "../../../src/platform/host.ts";
import type { RuleDeclaration } from "../../../src/rules/rule.ts";

const rule = (subject: string): RuleDeclaration => ({ type: "basic", match: "m", subject });

const HOST = `host=${hostname()}`;
const STARTED = `started_ms=${STARTED_MS}`;

const linesOf = (...told: Parameters<typeof filterMetrics>) =>
  printMetrics(filterMetrics(...told), "line", 0);

function totals(counts: Partial<FilterTotals["counters"]>, triggered: number[] = []) {
  return { counters: { ...noTotals(0).counters, ...counts }, triggered };
}

test("the fields of 1.x come first, in its order and with its names", () => {
  expect(Object.keys(FILTER_COUNTERS).slice(0, 4)).toEqual([
    "passed",
    "processed",
    "rejected",
    "invalid-time",
  ]);
});

test("prints one line for the filter and one for each rule, with the measurements and tags of 1.x", () => {
  const counts = { passed: 2, processed: 3, rejected: 1 };
  const [filterLine, ...ruleLines] = linesOf(
    "spout filter,1",
    [rule("hello-subject"), rule("bye")],
    totals(counts, [2, 0]),
  );
  expect(filterLine).toStartWith(
    `spout_stat_filter,filter=spout\\ filter\\,1,${HOST} passed=2,processed=3,rejected=1,invalid-time=0,`,
  );
  expect(filterLine).toEndWith(`,worker_restarts=0,${STARTED}\n`);
  expect(ruleLines).toEqual([
    `spout_stat_filter_rule,filter=spout\\ filter\\,1,rule=hello-subject,${HOST} triggered=2,${STARTED}\n`,
    `spout_stat_filter_rule,filter=spout\\ filter\\,1,rule=bye,${HOST} triggered=0,${STARTED}\n`,
  ]);
});

test("tells rules that share a subject apart by their place in the configuration", () => {
  const rules = [rule("a"), rule("shared"), rule("b"), rule("shared")];
  const [, ...ruleLines] = linesOf("f", rules, totals({}, [1, 2, 3, 4]));
  expect(ruleLines).toEqual([
    `spout_stat_filter_rule,filter=f,rule=a,${HOST} triggered=1,${STARTED}\n`,
    `spout_stat_filter_rule,filter=f,rule=shared,index=2,${HOST} triggered=2,${STARTED}\n`,
    `spout_stat_filter_rule,filter=f,rule=b,${HOST} triggered=3,${STARTED}\n`,
    `spout_stat_filter_rule,filter=f,rule=shared,index=4,${HOST} triggered=4,${STARTED}\n`,
  ]);
});

test("adds the counts of threads name by name and rule by rule", () => {
  const sum = addTotals(
    totals({ passed: 1, "invalid-time": 5 }, [1, 0]),
    totals({ passed: 10, nats_dropped: 7 }, [3, 4]),
  );
  expect(sum).toEqual(totals({ passed: 11, "invalid-time": 5, nats_dropped: 7 }, [4, 4]));
});
