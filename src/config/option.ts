/** What can be declared of an option. The options themselves are in options.ts. */
import type { Mode } from "./config.ts";

export type OptionType =
  | "string"
  | "boolean"
  | "integer"
  /** Bytes; text like "10MB" or an integer. */
  | "size"
  /** Nanoseconds; text like "1h30m". */
  | "duration"
  /** A list of strings. */
  | "strings"
  /** `[[rule]]` tables. */
  | "rules"
  /** `[[component]]` tables. */
  | "components";

/** A value as it would stand in a file. */
export type FileValue = string | number | boolean | readonly string[];

export interface OptionDeclaration {
  readonly type: OptionType;
  readonly modes: readonly Mode[];
  /** One for all modes, or one a mode. */
  readonly default: FileValue | Partial<Readonly<Record<Mode, FileValue>>>;
  /** Set where the default is not a fixed value: what documentation says instead. */
  readonly defaultText?: string;
  /** What 0, or an empty text, means; without this, 0 is refused as negative values are. */
  readonly zero?: "default" | "processors" | "off";
  /** The largest value, in the option's base unit (bytes, nanoseconds). */
  readonly max?: bigint;
  /** What knew it first; by mode where that differs. */
  readonly since: Since | Partial<Readonly<Record<Mode, Since>>>;
  /** For versions without it that did not do what its default does: what they did. */
  readonly instead?: Partial<Readonly<Record<Original, Instead>>>;
  /** What 1.x called it, if it was called something else; two if its name differed by mode. */
  readonly olderNames?: readonly OlderName[];
  /** One sentence. */
  readonly doc: string;
}

/** The versions of the original. 1.x is what came before 1.0 as well, 2.x is what it was in the end. */
export const ORIGINALS = ["1.x", "2.x"] as const;
export type Original = (typeof ORIGINALS)[number];

/** 1.x from its beginning, a later release of it, 2.x, or this program. */
export type Since = "1.x" | "1.0" | "1.1" | "2.x" | "3.0";

export interface Instead {
  /** What the version did is what this value does; without it, no value does that. */
  readonly as?: FileValue;
  /** What it did, behind "does not know it: ". */
  readonly doc: string;
}

export interface OlderName {
  readonly name: string;
  /** In 1.x all values were integers: of what. */
  readonly unit: OlderUnit;
  /** Those of the option's modes that knew this name. */
  readonly modes: readonly Mode[];
}

export type OlderUnit = keyof typeof OLDER_UNITS;

/** Base units (bytes, nanoseconds) in one of each. */
export const OLDER_UNITS = { count: 1n, bytes: 1n, MB: 1024n ** 2n, seconds: 10n ** 9n } as const;

/** The modes that are one component each. */
export const COMPONENT_MODES = [
  "listener",
  "listener_http",
  "filter",
  "downsampler",
  "writer",
  "monitor",
] as const;
/** The modes of this version: those, and the one in which any number of components share a process. */
export const MODES = [...COMPONENT_MODES, "standalone"] as const;
