/** Turns a value from a file into the type that its option declares. Ranges are not looked at here. */
import { parseByteSize, type Parsed, parseDuration } from "../platform/units.ts";
import { OLDER_UNITS, type OlderUnit, type OptionType } from "./option.ts";
import type { OptionName, OPTIONS } from "./options.ts";
import { type Place, type Problems, show } from "./problems.ts";
import { readRuleTables, type RuleTable } from "./rule-tables.ts";

/** What the values of each type are once read: sizes in bytes, durations in nanoseconds. */
export interface ValueOfType {
  string: string;
  boolean: boolean;
  integer: bigint;
  size: bigint;
  duration: bigint;
  strings: readonly string[];
  rules: readonly RuleTable[];
  components: readonly TomlTable[];
}

/** A table of a parsed file: its integers are bigints. */
export type TomlTable = Readonly<Record<string, unknown>>;

export type Value = ValueOfType[OptionType];
export type ValueOf<Name extends OptionName> = ValueOfType[(typeof OPTIONS)[Name]["type"]];

/** How the values under one name are written. */
export interface Notation {
  readonly type: OptionType;
  /** Set for 1.x names: the value is an integer of these. */
  readonly unit?: OlderUnit;
}

/** Returns undefined, after telling `problems`, if `raw` is not of the notation's type. */
export function readValue(
  raw: unknown,
  notation: Notation,
  place: Place,
  problems: Problems,
): Value | undefined {
  const refuse = (why?: string) => {
    problems.add(
      place,
      describe(notation),
      why === undefined ? show(raw) : `${show(raw)} (${why})`,
    );
    return undefined;
  };
  const take = (parsed: Parsed) => ("value" in parsed ? parsed.value : refuse(parsed.problem));
  if (typeof raw === "bigint" && (raw < INTEGER_MIN || raw > INTEGER_MAX)) {
    return refuse("out of range");
  }
  if (notation.unit !== undefined) {
    return typeof raw === "bigint" ? raw * OLDER_UNITS[notation.unit] : refuse();
  }
  switch (notation.type) {
    case "string":
      return typeof raw === "string" ? raw : refuse();
    case "boolean":
      return typeof raw === "boolean" ? raw : refuse();
    case "integer":
      return typeof raw === "bigint" ? raw : refuse();
    case "size":
      if (typeof raw === "bigint") return raw;
      return typeof raw === "string" ? take(parseByteSize(raw)) : refuse();
    case "duration":
      if (raw === 0n) return raw;
      if (typeof raw === "string") return take(parseDuration(raw));
      return typeof raw === "bigint" ? refuse("missing unit") : refuse();
    case "strings":
      return isStringList(raw) ? raw : refuse();
    case "rules":
      return isTableList(raw) ? readRuleTables(raw, place, problems) : refuse();
    case "components":
      return isTableList(raw) ? raw : refuse();
  }
}

/** What values in this notation are called: "a duration", "an integer (MB)". */
export function nounOf(notation: Notation): string {
  if (notation.unit === undefined) return NOUNS[notation.type];
  return notation.unit === "count" ? "an integer" : `an integer (${notation.unit})`;
}

/** Integers are those of 64 bits, as in TOML. The parser hands them over as bigints, floats as numbers. */
const INTEGER_MAX = 2n ** 63n - 1n;
const INTEGER_MIN = -(2n ** 63n);

const NOUNS: Readonly<Record<OptionType, string>> = {
  string: "a string",
  boolean: "true or false",
  integer: "an integer",
  size: "a byte size",
  duration: "a duration",
  strings: "a list of strings",
  rules: "[[rule]] tables",
  components: "[[component]] tables",
};

function describe(notation: Notation): string {
  if (notation.unit === undefined && notation.type === "size") {
    return `${NOUNS.size} such as "10MB" or 10485760`;
  }
  if (notation.unit === undefined && notation.type === "duration") {
    return `${NOUNS.duration} such as "10s" or "1h30m"`;
  }
  return nounOf(notation);
}

function isStringList(raw: unknown): raw is string[] {
  return Array.isArray(raw) && raw.every((item) => typeof item === "string");
}

function isTableList(raw: unknown): raw is TomlTable[] {
  return (
    Array.isArray(raw) &&
    raw.every((item) => typeof item === "object" && !Array.isArray(item) && !(item instanceof Date))
  );
}
