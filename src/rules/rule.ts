/** What a rule is, as configured and as compiled. */
import type { LineOffsets } from "../line/scan.ts";

export const RULE_TYPES = ["basic", "regex", "negregex", "tags"] as const;
export type RuleType = (typeof RULE_TYPES)[number];
/** The types that have a `match`. */
export type MatchType = Exclude<RuleType, "tags">;

/** Key and value, unescaped. */
export type Tag = readonly [key: string, value: string];

/** A `[[rule]]` table, checked. Plain data: it crosses to the filter's worker threads. */
export type RuleDeclaration = MatchDeclaration | TagsDeclaration;

export interface MatchDeclaration {
  readonly type: MatchType;
  /** basic: the exact measurement name, unescaped. regex, negregex: an expression in RE2 syntax. */
  readonly match: string;
  /** Where matching lines go; empty in a writer. */
  readonly subject: string;
}

export interface TagsDeclaration {
  readonly type: "tags";
  /** A line must have all of these, in any order, and may have others; at least one. */
  readonly tags: readonly Tag[];
  /** As above. */
  readonly subject: string;
}

export const NO_RULE = -1;

/**
 * In place of a rule's index: the expressions had taken too long by the rule `index`, and which rule matches is not known. Less than
 * {@link NO_RULE}.
 */
export function tooCostlyAt(index: number): number {
  return NO_RULE - 1 - index;
}

/** The index that `match`, which is less than {@link NO_RULE}, was made of. */
export function costlyRule(match: number): number {
  return NO_RULE - 1 - match;
}

/** Rules in their order; the first that matches a line has it. */
export interface RuleSet {
  readonly length: number;
  /**
   * Index of the first rule that matches the line whose parts `offsets` gives, {@link NO_RULE}, or what {@link tooCostlyAt} is. Hot: once per line.
   * Valid until the next call only for this line's bytes; keeps nothing of `payload`.
   */
  match(payload: Uint8Array, offsets: LineOffsets): number;
}
