/** What the `[[rule]]` tables of a filter and of a writer must say. */
import { ruleProblem } from "../rules/compile.ts";
import { type MatchType, RULE_TYPES, type RuleDeclaration, type RuleType } from "../rules/rule.ts";
import { checkOutput } from "./check-subjects.ts";
import { type Place, type Problems, show } from "./problems.ts";
import { type RuleKey, rulePlace, type RuleTable } from "./rule-tables.ts";
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
  const { type, match, tags } = table;
  const placeOf = (key: RuleKey) => rulePlace(rules, index, key);
  if (!isRuleType(type)) {
    problems.add(placeOf("type"), '"basic", "regex", "negregex" or "tags"', show(type));
    if (match === "" && tags === undefined) {
      problems.add(placeOf("match"), "what to match", show(match));
    }
    return [];
  }
  return type === "tags"
    ? declareTags(table, placeOf, problems)
    : declareMatch({ ...table, type }, placeOf, problems);
}

type PlaceOf = (key: RuleKey) => Place;

function declareMatch(
  table: RuleTable & { readonly type: MatchType },
  placeOf: PlaceOf,
  problems: Problems,
): readonly RuleDeclaration[] {
  const { type, match, subject } = table;
  if (table.tags !== undefined) {
    problems.add(placeOf("tags"), `no tags in a ${type} rule`, "some");
  }
  if (match === "") {
    problems.add(placeOf("match"), MATCH_NOUNS[type], show(match));
    return [];
  }
  const declaration = { type, match, subject };
  const problem = ruleProblem(declaration);
  if (problem !== undefined) {
    problems.add(placeOf("match"), MATCH_NOUNS[type], `${show(match)} (${problem})`);
  }
  return [declaration];
}

function declareTags(
  { match, tags = [], subject }: RuleTable,
  placeOf: PlaceOf,
  problems: Problems,
): readonly RuleDeclaration[] {
  if (match !== "") problems.add(placeOf("match"), "no match in a tags rule", show(match));
  if (tags.length === 0) {
    problems.add(placeOf("tags"), 'the tags to match, such as [["host", "a"]]', "none");
    return [];
  }
  if (tags.some((tag) => tag.includes(""))) {
    problems.warn(placeOf("tags"), "no line has a tag without key or value: matches nothing");
  }
  return [{ type: "tags", tags, subject }];
}

const MATCH_NOUNS: Readonly<Record<MatchType, string>> = {
  basic: "the name of a measurement",
  regex: "a regular expression in RE2 syntax",
  negregex: "a regular expression in RE2 syntax",
};

function isRuleType(type: string): type is RuleType {
  return (RULE_TYPES as readonly string[]).includes(type);
}
