/**
 * Rules that look at the whole line as text: unescaped, without its line ending, bytes that are no UTF-8 as U+FFFD.
 * The expressions run on re2js, as operators wrote them for RE2: another syntax than JavaScript's, and in linear time.
 */
import { RE2JS } from "re2js";

import { unescapeText } from "../line/escape.ts";
import type { LineOffsets } from "../line/scan.ts";

/** An expression, whether lines that it finds nothing in are wanted instead, and the index of the rule. */
export interface ExpressionRule {
  readonly expression: string;
  readonly isNegated: boolean;
  readonly index: number;
}

/** Why `expression` cannot be compiled, in the parser's words, or undefined if it can. */
export function expressionProblem(expression: string): string | undefined {
  try {
    RE2JS.compile(expression);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** In their order. Throws if an expression cannot be compiled: the configuration has refused it before. */
export class RegexRules {
  readonly #indexes: readonly number[];
  readonly #expressions: readonly RE2JS[];
  readonly #isNegated: readonly boolean[];
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  constructor(rules: readonly ExpressionRule[]) {
    this.#indexes = rules.map(({ index }) => index);
    this.#expressions = rules.map(({ expression }) => RE2JS.compile(expression));
    this.#isNegated = rules.map(({ isNegated }) => isNegated);
  }

  /**
   * Index of the first of these rules that matches the line and stands before the rule `before`, or `before`. The line is
   * decoded once, and not at all if no rule stands before. Hot: once per line.
   */
  find(payload: Uint8Array, offsets: LineOffsets, before: number): number {
    const indexes = this.#indexes;
    if (indexes.length === 0 || (indexes[0] as number) >= before) return before;
    const line = payload.subarray(offsets.lineStart, offsets.lineEnd);
    const text = unescapeText(this.#decoder.decode(line));
    for (let i = 0; i < indexes.length; i++) {
      const index = indexes[i] as number;
      if (index >= before) return before;
      if (this.#expressions[i]?.test(text) !== this.#isNegated[i]) return index;
    }
    return before;
  }
}
