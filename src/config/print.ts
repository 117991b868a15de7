/** Prints the configuration that is in effect, as TOML that loads to the same again (masked secrets aside). */
import { formatByteSize, formatDuration } from "../platform/units.ts";
import type { RuleDeclaration } from "../rules/rule.ts";
import { maskNatsAddress } from "./check-nats.ts";
import type { Config } from "./config.ts";
import type { LoadedConfig } from "./load.ts";
import { type Option, OPTION_LIST } from "./options.ts";
import type { Settings } from "./settings.ts";

/** Every option of the mode under its 2.x name, rules last; ends in a newline. */
export function printConfig({ config, settings }: LoadedConfig): string {
  const options = OPTION_LIST.filter(
    (option) =>
      option.type !== "rules" && !option.unavailable && option.modes.includes(config.mode),
  );
  const lines = options.map(
    (option) => `${option.name} = ${valueText(option, config, settings)}\n`,
  );
  const rules = "rules" in config ? config.rules.map(ruleText) : [];
  return [...lines, ...rules].join("");
}

function valueText(option: Option, config: Config, settings: Settings): string {
  if (option.name === "name") return quote(config.name);
  if (option.name === "nats_address") return quote(maskNatsAddress(settings.get("nats_address")));
  if (option.name === "nats_subject") {
    const subjects = "subjects" in config ? config.subjects : [config.subject];
    return `[${subjects.map(quote).join(", ")}]`;
  }
  const value = settings.get(option.name);
  if (typeof value === "bigint") {
    if (option.type === "size") return quote(formatByteSize(value));
    return option.type === "duration" ? quote(formatDuration(value)) : String(value);
  }
  return typeof value === "string" ? quote(value) : String(value);
}

function ruleText(rule: RuleDeclaration): string {
  const subject = rule.subject === "" ? "" : `subject = ${quote(rule.subject)}\n`;
  return `\n[[rule]]\ntype = ${quote(rule.type)}\nmatch = ${quote(rule.match)}\n${subject}`;
}

/** A TOML string: JSON's escapes are among TOML's, which also wants DEL escaped. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll("\u007f", "\\u007f");
}
