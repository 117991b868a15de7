/** The filter's counters as lines for the monitor subject. Goal: 1.x dashboards go on working. */
import { expect, test } from "bun:test";

import {
  addTotals,
  FILTER_COUNTERS,
  type FilterTotals,
  noTotals,
  printTotals,
} from "../../../src/filter/counters.ts";
import type { RuleDeclaration } from "../../../src/rules/rule.ts";

const rule = (subject: string): RuleDeclaration => ({ type: "basic", match: "m", subject });

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
  const [filterLine, ...ruleLines] = printTotals(
    "spout filter,1",
    [rule("hello-subject"), rule("bye")],
    totals(counts, [2, 0]),
  );
  expect(filterLine).toStartWith(
    "spout_stat_filter,filter=spout\\ filter\\,1 passed=2,processed=3,rejected=1,invalid-time=0,",
  );
  expect(filterLine).toEndWith("\n");
  expect(ruleLines).toEqual([
    "spout_stat_filter_rule,filter=spout\\ filter\\,1,rule=hello-subject triggered=2\n",
    "spout_stat_filter_rule,filter=spout\\ filter\\,1,rule=bye triggered=0\n",
  ]);
});

test("tells rules that share a subject apart by their place in the configuration", () => {
  const rules = [rule("a"), rule("shared"), rule("b"), rule("shared")];
  const [, ...ruleLines] = printTotals("f", rules, totals({}, [1, 2, 3, 4]));
  expect(ruleLines).toEqual([
    "spout_stat_filter_rule,filter=f,rule=a triggered=1\n",
    "spout_stat_filter_rule,filter=f,rule=shared,index=2 triggered=2\n",
    "spout_stat_filter_rule,filter=f,rule=b triggered=3\n",
    "spout_stat_filter_rule,filter=f,rule=shared,index=4 triggered=4\n",
  ]);
});

test("adds the counts of threads name by name and rule by rule", () => {
  const sum = addTotals(
    totals({ passed: 1, "invalid-time": 5 }, [1, 0]),
    totals({ passed: 10, nats_dropped: 7 }, [3, 4]),
  );
  expect(sum).toEqual(totals({ passed: 11, "invalid-time": 5, nats_dropped: 7 }, [4, 4]));
});
