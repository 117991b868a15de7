/** What the `[[rule]]` tables of a filter and of a writer must say. */
import { ruleProblem } from "../rules/compile.ts";
import { RULE_TYPES, type RuleDeclaration, type RuleType } from "../rules/rule.ts";
import { checkOutput } from "./check-subjects.ts";
import { type Place, type Problems, show } from "./problems.ts";
import { rulePlace, type RuleTable } from "./rule-tables.ts";
import type { Settings } from "./settings.ts";

/** Each rule has a subject, which must not be matched by `input`, the subject that the filter reads. */
export function filterRules(
  settings: Settings,
  input: string,
  problems: Problems,
): readonly RuleDeclaration[] {
  const tables = settings.get("rule");
  const rules = settings.place("rule");
  if (tables.length === 0) {
    problems.warn(rules, "there is none: every line goes to nats_subject_junkyard");
  }
  return tables.flatMap((table, index) => {
    if (table.isFlawed) return [];
    checkOutput(table.subject, rulePlace(rules, index, "subject"), problems, input);
    return declare(table, index, rules, problems);
  });
}

/** Rules only choose lines here; a subject is ignored, as 1.x did. */
export function writerRules(settings: Settings, problems: Problems): readonly RuleDeclaration[] {
  const rules = settings.place("rule");
  return settings.get("rule").flatMap((table, index) => {
    if (table.isFlawed) return [];
    if (table.subject !== "") {
      problems.warn(rulePlace(rules, index, "subject"), "a writer's rules need none: ignored");
    }
    return declare({ ...table, subject: "" }, index, rules, problems);
  });
}

/** The declaration in a list, or an empty list after telling `problems`. */
function declare(
  table: RuleTable,
  index: number,
  rules: Place,
  problems: Problems,
): readonly RuleDeclaration[] {
  const { type, match, subject } = table;
  const place = rulePlace(rules, index, "match");
  if (!isRuleType(type)) {
    const got = type === "tags" ? '"tags", which is not available in this version' : show(type);
    problems.add(rulePlace(rules, index, "type"), '"basic", "regex" or "negregex"', got);
    if (match === "" && type !== "tags") problems.add(place, "what to match", show(match));
    return [];
  }
  if (table.hasTags) {
    problems.add(rulePlace(rules, index, "tags"), `no tags in a ${type} rule`, "some");
  }
  if (match === "") {
    problems.add(place, MATCH_NOUNS[type], show(match));
    return [];
  }
  const declaration = { type, match, subject };
  const problem = ruleProblem(declaration);
  if (problem !== undefined) problems.add(place, MATCH_NOUNS[type], `${show(match)} (${problem})`);
  return [declaration];
}

const MATCH_NOUNS: Readonly<Record<RuleType, string>> = {
  basic: "the name of a measurement",
  regex: "a regular expression in RE2 syntax",
  negregex: "a regular expression in RE2 syntax",
};

function isRuleType(type: string): type is RuleType {
  return (RULE_TYPES as readonly string[]).includes(type);
}
