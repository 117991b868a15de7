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

/** Rules in their order; the first that matches a line has it. */
export interface RuleSet {
  readonly length: number;
  /**
   * Index of the first rule that matches the line whose parts `offsets` gives, or -1. Hot: once per line.
   * Valid until the next call only for this line's bytes; keeps nothing of `payload`.
   */
  match(payload: Uint8Array, offsets: LineOffsets): number;
}
