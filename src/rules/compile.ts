/** Makes rules out of their declarations. */
import type { LineOffsets } from "../line/scan.ts";
import { systemClock } from "../platform/clock.ts";
import { BasicRules, type NamedRule } from "./basic.ts";
import { Meter, type MeterDeps } from "./meter.ts";
import { expressionProblem, type ExpressionRule, RegexRules } from "./regex.ts";
import { NO_RULE, type RuleDeclaration, type RuleSet } from "./rule.ts";
import { type TaggedRule, TagRules } from "./tags.ts";

/** Why `rule` cannot be compiled, or undefined if it can. */
export function ruleProblem(rule: RuleDeclaration): string | undefined {
  const isExpression = rule.type === "regex" || rule.type === "negregex";
  return isExpression ? expressionProblem(rule.match) : undefined;
}

/** Throws if a rule has a problem: ask {@link ruleProblem} first. */
export function compileRules(
  rules: readonly RuleDeclaration[],
  { clock = systemClock, onWorking = () => {} }: Partial<MeterDeps> = {},
): RuleSet {
  const names: NamedRule[] = [];
  const tagged: TaggedRule[] = [];
  const expressions: ExpressionRule[] = [];
  rules.forEach((rule, index) => {
    if (rule.type === "basic") names.push({ name: rule.match, index });
    else if (rule.type === "tags") tagged.push({ tags: rule.tags, index });
    else expressions.push({ expression: rule.match, isNegated: rule.type === "negregex", index });
  });
  const basic = new BasicRules(names);
  const tags = new TagRules(tagged);
  const regex = new RegexRules(expressions, new Meter({ clock, onWorking }));
  return {
    length: rules.length,
    match(payload: Uint8Array, offsets: LineOffsets): number {
      // The cheap kinds come first: what they find says which of the others stand before it and must be tried.
      const named = basic.find(payload, offsets);
      let first = named === -1 ? rules.length : named;
      if (tagged.length > 0) first = tags.find(payload, offsets, first);
      if (expressions.length > 0) first = regex.find(payload, offsets, first);
      return first === rules.length ? NO_RULE : first;
    },
  };
}
