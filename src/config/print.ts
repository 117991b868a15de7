/** Prints the configuration that is in effect, as TOML that loads to the same again (masked secrets aside). */
import { formatByteSize, formatDuration } from "../platform/units.ts";
import type { RuleDeclaration, Tag } from "../rules/rule.ts";
import { maskNatsAddress } from "./check-nats.ts";
import type { Config } from "./config.ts";
import type { LoadedConfig } from "./load.ts";
import { type Option, OPTION_LIST } from "./options.ts";
import type { Settings } from "./settings.ts";

/** Every option of the mode under its 2.x name, rules and components last; ends in a newline. */
export function printConfig({ config, settings, components }: LoadedConfig): string {
  return [
    optionLines(config, settings),
    rulesText(config, "rule"),
    ...components.map(
      (component) =>
        `\n[[component]]\n${optionLines(component.config, component.settings)}` +
        rulesText(component.config, "component.rule"),
    ),
  ].join("");
}

function optionLines(config: Config, settings: Settings): string {
  return OPTION_LIST.filter(
    ({ modes, type }) => type !== "rules" && type !== "components" && modes.includes(config.mode),
  )
    .map((option) => `${option.name} = ${valueText(option, config, settings)}\n`)
    .join("");
}

function valueText(option: Option, config: Config, settings: Settings): string {
  if (option.name === "name") return quote(config.name);
  if (option.name === "nats_address") return quote(maskNatsAddress(settings.get("nats_address")));
  if (option.name === "nats_subject") {
    return `[${subjectsOf(config).map(quote).join(", ")}]`;
  }
  const value = settings.get(option.name);
  if (option.type === "strings") return `[${(value as readonly string[]).map(quote).join(", ")}]`;
  if (typeof value === "bigint") {
    if (option.type === "size") return quote(formatByteSize(value));
    return option.type === "duration" ? quote(formatDuration(value)) : String(value);
  }
  return typeof value === "string" ? quote(value) : String(value);
}

function subjectsOf(config: Config): readonly string[] {
  if ("subjects" in config) return config.subjects;
  return "subject" in config ? [config.subject] : [];
}

/** `key` is what the tables are called where they stand. */
function rulesText(config: Config, key: string): string {
  const rules = "rules" in config ? config.rules : [];
  return rules.map((rule) => ruleText(rule, key)).join("");
}

function ruleText(rule: RuleDeclaration, key: string): string {
  const subject = rule.subject === "" ? "" : `subject = ${quote(rule.subject)}\n`;
  const wanted =
    rule.type === "tags" ? `tags = ${tagsText(rule.tags)}` : `match = ${quote(rule.match)}`;
  return `\n[[${key}]]\ntype = ${quote(rule.type)}\n${wanted}\n${subject}`;
}

function tagsText(tags: readonly Tag[]): string {
  return `[${tags.map((tag) => `[${tag.map(quote).join(", ")}]`).join(", ")}]`;
}

/** A TOML string: JSON's escapes are among TOML's, which also wants DEL escaped. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll("\u007f", "\\u007f");
}
