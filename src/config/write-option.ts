/** How an option in effect is written in a file, in the spelling of either version of the original. */
import { replaceUnsafe } from "../platform/harmless-text.ts";
import { formatByteSize, formatDuration } from "../platform/units.ts";
import { maskNatsAddress } from "./check-nats.ts";
import type { Config, Mode } from "./config.ts";
import { OLDER_UNITS, type OlderName, type Original } from "./option.ts";
import { type Option, OPTION_LIST, sinceOf } from "./options.ts";
import type { Settings } from "./settings.ts";
import type { Value } from "./values.ts";

/** A component or the whole process, and what it was made of. */
export interface Part {
  readonly config: Config;
  readonly settings: Settings;
}

export interface Written {
  readonly name: string;
  /** TOML, secrets masked. */
  readonly value: string;
}

/** What is written of each part: the options of its mode, rules and components aside. */
export function writtenOptions(mode: Mode): readonly Option[] {
  return OPTION_LIST.filter(
    ({ modes, type }) => type !== "rules" && type !== "components" && modes.includes(mode),
  );
}

/** In 1.x's spelling only if 1.x has the option in this mode, and its unit suits the value; else in that of 2.x. */
export function writeOption(option: Option, { config, settings }: Part, as: Original): Written {
  const value = valueInEffect(option, config, settings);
  const older = as === "1.x" ? olderNameOf(option, config.mode) : undefined;
  if (older !== undefined && typeof value === "bigint") {
    const unit = OLDER_UNITS[older.unit];
    if (value % unit === 0n) return { name: older.name, value: String(value / unit) };
  }
  return { name: option.name, value: valueText(option, value) };
}

/** What 1.x calls the option, if it has it in `mode`, and by another name. */
export function olderNameOf(option: Option, mode: Mode): OlderName | undefined {
  if (!sinceOf(option, mode).startsWith("1.")) return undefined;
  return option.olderNames?.find(({ modes }) => modes.includes(mode));
}

/** `value` as TOML under the option's 2.x name. */
export function valueText(option: Option, value: Value): string {
  if (typeof value === "bigint") {
    if (option.type === "size") return quote(formatByteSize(value));
    return option.type === "duration" ? quote(formatDuration(value)) : String(value);
  }
  if (option.type === "strings") return `[${(value as readonly string[]).map(quote).join(", ")}]`;
  return typeof value === "string" ? quote(value) : String(value);
}

/** A TOML string that a terminal may be given. JSON's escapes are among TOML's, where one stands for a whole code point. */
export function quote(text: string): string {
  return replaceUnsafe(JSON.stringify(text.toWellFormed()), (code) => {
    const digits = code.toString(16);
    return code > 0xffff ? `\\U${digits.padStart(8, "0")}` : `\\u${digits.padStart(4, "0")}`;
  });
}

function valueInEffect(option: Option, config: Config, settings: Settings): Value {
  if (option.name === "name") return config.name;
  if (option.name === "nats_address") return maskNatsAddress(settings.get("nats_address"));
  return option.name === "nats_subject" ? subjectsOf(config) : settings.get(option.name);
}

function subjectsOf(config: Config): readonly string[] {
  if ("subjects" in config) return config.subjects;
  return "subject" in config ? [config.subject] : [];
}
