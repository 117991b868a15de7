/** Prints the configuration that is in effect, as TOML that loads to the same again (masked secrets aside). */
import type { RuleDeclaration, Tag } from "../rules/rule.ts";
import type { Config } from "./config.ts";
import type { LoadedConfig } from "./load.ts";
import type { Original } from "./option.ts";
import { type Part, quote, writeOption, writtenOptions } from "./write-option.ts";

/**
 * Every option of the mode, rules and components last; ends in a newline. Options that the version does not have are
 * among them: it ignores them, and what is read back here is whole.
 */
export function printConfig(loaded: LoadedConfig, as: Original = "2.x"): string {
  return [
    optionLines(loaded, as),
    rulesText(loaded.config, "rule"),
    ...loaded.components.map(
      (component) =>
        `\n[[component]]\n${optionLines(component, as)}` +
        rulesText(component.config, "component.rule"),
    ),
  ].join("");
}

function optionLines(part: Part, as: Original): string {
  return writtenOptions(part.config.mode)
    .map((option) => writeOption(option, part, as))
    .map(({ name, value }) => `${name} = ${value}\n`)
    .join("");
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
