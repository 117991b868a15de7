/** What a rule is, as configured and as compiled. */
import type { LineOffsets } from "../line/scan.ts";

export const RULE_TYPES = ["basic", "regex", "negregex"] as const;
export type RuleType = (typeof RULE_TYPES)[number];

/** A `[[rule]]` table, checked. Plain data: it crosses to the filter's worker threads. */
export interface RuleDeclaration {
  readonly type: RuleType;
  /** basic: the exact measurement name, unescaped. regex, negregex: an expression in RE2 syntax. */
  readonly match: string;
  /** Where matching lines go; empty in a writer. */
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
