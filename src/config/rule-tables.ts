/** `[[rule]]` tables as they stand in a file: keys and types are looked at here, what they mean in check-rules.ts. */
import type { Tag } from "../rules/rule.ts";
import { nearestName } from "./nearest-name.ts";
import { type Place, type Problems, show } from "./problems.ts";

/** One table; what is absent is "". */
export interface RuleTable {
  readonly type: string;
  readonly match: string;
  readonly subject: string;
  /** Undefined if there are none, which is not the same as an empty list. */
  readonly tags: readonly Tag[] | undefined;
  /** Something in it has been reported already. */
  readonly isFlawed: boolean;
}

const RULE_KEYS = ["type", "match", "subject", "tags"] as const;
export type RuleKey = (typeof RULE_KEYS)[number];

/** The place of a key in a rule: `rule[2].match`; rules count from 1. */
export function rulePlace(rules: Place, index: number, key: string): Place {
  return { ...rules, option: `${rules.option}[${index + 1}].${key}` };
}

export function readRuleTables(
  tables: readonly Readonly<Record<string, unknown>>[],
  rules: Place,
  problems: Problems,
): readonly RuleTable[] {
  return tables.map((table, index) => {
    const values = new Map<string, unknown>();
    let isFlawed = false;
    for (const [writtenKey, value] of Object.entries(table)) {
      const key = writtenKey.toLowerCase();
      const flaw = flawOf(key, value, values);
      if (flaw === undefined) {
        values.set(key, value);
      } else {
        problems.add(rulePlace(rules, index, writtenKey), flaw.expected, flaw.got);
        isFlawed = true;
      }
    }
    const text = (key: RuleKey) => (values.get(key) as string | undefined) ?? "";
    return {
      type: text("type"),
      match: text("match"),
      subject: text("subject"),
      tags: values.get("tags") as readonly Tag[] | undefined,
      isFlawed,
    };
  });
}

function flawOf(
  key: string,
  value: unknown,
  earlier: ReadonlyMap<string, unknown>,
): { readonly expected: string; readonly got: string } | undefined {
  if (!(RULE_KEYS as readonly string[]).includes(key)) {
    const nearest = nearestName(key, RULE_KEYS);
    return {
      expected: "the name of a rule's key",
      got: `an unknown one; the nearest is ${nearest}`,
    };
  }
  if (earlier.has(key))
    return { expected: `${key} once`, got: "it twice, in upper and lower case" };
  if (key === "tags") {
    return isPairs(value)
      ? undefined
      : { expected: "a list of pairs of strings", got: show(value) };
  }
  return typeof value === "string" ? undefined : { expected: "a string", got: show(value) };
}

function isPairs(raw: unknown): boolean {
  return (
    Array.isArray(raw) &&
    raw.every(
      (item) =>
        Array.isArray(item) && item.length === 2 && item.every((part) => typeof part === "string"),
    )
  );
}
