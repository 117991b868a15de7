/** Asks rules about one line of text. */
import { LINE_OK, lineCodeText, newLineOffsets, scanLine } from "../../../src/line/scan.ts";
import { trimLineEnd } from "../../../src/line/split.ts";
import type { MatchType, RuleDeclaration, RuleSet, Tag } from "../../../src/rules/rule.ts";

/** Index of the first rule that matches, or the reason for which the line is refused before any rule sees it. */
export function matchLine(rules: RuleSet, line: string | Uint8Array): number | string {
  const payload = Buffer.concat([Buffer.from("before v=1\n"), Buffer.from(line)]);
  const start = "before v=1\n".length;
  const end = payload.at(-1) === 0x0a ? payload.length - 1 : payload.length;
  const offsets = newLineOffsets();
  const code = scanLine(payload, start, trimLineEnd(payload, start, end), offsets);
  return code === LINE_OK ? rules.match(payload, offsets) : lineCodeText(code);
}

export function rule(type: MatchType, match: string): RuleDeclaration {
  return { type, match, subject: "" };
}

export function tagsRule(...tags: readonly Tag[]): RuleDeclaration {
  return { type: "tags", tags, subject: "" };
}
