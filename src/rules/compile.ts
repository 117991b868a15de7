/** Makes rules out of their declarations. */
import type { LineOffsets } from "../line/scan.ts";
import { BasicRules } from "./basic.ts";
import { expressionProblem, RegexRules } from "./regex.ts";
import type { RuleDeclaration, RuleSet } from "./rule.ts";

/** Why `rule` cannot be compiled, or undefined if it can. */
export function ruleProblem(rule: RuleDeclaration): string | undefined {
  return rule.type === "basic" ? undefined : expressionProblem(rule.match);
}

/** Throws if a rule has a problem: ask {@link ruleProblem} first. */
export function compileRules(rules: readonly RuleDeclaration[]): RuleSet {
  const indexed = rules.map((rule, index) => ({ ...rule, index }));
  const basic = new BasicRules(
    indexed
      .filter(({ type }) => type === "basic")
      .map(({ match, index }) => ({ name: match, index })),
  );
  const regex = new RegexRules(
    indexed
      .filter(({ type }) => type !== "basic")
      .map(({ type, match, index }) => ({
        expression: match,
        isNegated: type === "negregex",
        index,
      })),
  );
  return {
    length: rules.length,
    match(payload: Uint8Array, offsets: LineOffsets): number {
      // Names are the cheap ones: the rule found by name says which expressions stand before it and must be tried.
      const named = basic.find(payload, offsets);
      const matching = regex.find(payload, offsets, named === -1 ? rules.length : named);
      return matching === -1 ? named : matching;
    },
  };
}
