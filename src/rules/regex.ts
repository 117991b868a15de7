/**
 * Rules that look at the whole line as text: unescaped, without its line ending, bytes that are no UTF-8 as U+FFFD.
 * The expressions run on re2js, as operators wrote them for RE2: another syntax than JavaScript's, and in linear time, of
 * which `meter.ts` allows so much for one line.
 * They run, that is, where the literals in them do not tell: a line then costs a tenth of what a string of it costs.
 */
import { RE2JS } from "re2js";

import { unescape } from "../line/escape.ts";
import type { LineOffsets } from "../line/scan.ts";
import type { Meter } from "./meter.ts";
import { tooCostlyAt } from "./rule.ts";
import { type Way, waysToMatch } from "./ways.ts";

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
  readonly #expressions: readonly Expression[];
  readonly #isNegated: readonly boolean[];
  readonly #meter: Meter;
  /** Where a line with escapes is unescaped to. */
  #scratch: Uint8Array = new Uint8Array(1024);

  constructor(rules: readonly ExpressionRule[], meter: Meter) {
    this.#meter = meter;
    this.#indexes = rules.map(({ index }) => index);
    this.#expressions = rules.map(({ expression }) => new Expression(expression));
    this.#isNegated = rules.map(({ isNegated }) => isNegated);
  }

  /**
   * Index of the first of these rules that matches the line and stands before the rule `before`, or `before`; or what
   * {@link tooCostlyAt} is. A string of the line is made once, if an expression needs it. Hot: once per line.
   */
  find(payload: Uint8Array, offsets: LineOffsets, before: number): number {
    const indexes = this.#indexes;
    if (indexes.length === 0 || (indexes[0] as number) >= before) return before;
    const { lineStart, lineEnd, keysEscaped, stringsEscaped } = offsets;
    if (!keysEscaped && !stringsEscaped) return this.#findText(payload, lineStart, lineEnd, before);
    const sizeBytes = lineEnd - lineStart;
    if (sizeBytes > this.#scratch.length) this.#scratch = new Uint8Array(sizeBytes);
    const length = unescape(payload, lineStart, lineEnd, this.#scratch);
    return this.#findText(this.#scratch, 0, length, before);
  }

  #findText(bytes: Uint8Array, start: number, end: number, before: number): number {
    const indexes = this.#indexes;
    let text: string | undefined;
    for (let i = 0; i < indexes.length; i++) {
      const index = indexes[i] as number;
      if (index >= before) return before;
      const expression = this.#expressions[i] as Expression;
      let isFound = expression.byLiterals(bytes, start, end);
      if (isFound === undefined) {
        if (text === undefined) {
          text = textOf(bytes, start, end);
          this.#meter.startLine();
        }
        isFound = this.#meter.run(expression.isIn, expression.size, text);
        if (isFound === undefined) return tooCostlyAt(index);
      }
      if (isFound !== this.#isNegated[i]) return index;
    }
    return before;
  }
}

class Expression {
  readonly #compiled: RE2JS;
  readonly #ways: readonly Way[];
  /** Instructions of its program. */
  readonly size: number;

  constructor(expression: string) {
    this.#compiled = RE2JS.compile(expression);
    this.size = this.#compiled.programSize();
    this.#ways = waysToMatch(this.#compiled);
  }

  /** Whether it is found in the text bytes[start, end), or undefined if literals do not tell. Hot: several times a line. */
  byLiterals(bytes: Uint8Array, start: number, end: number): boolean | undefined {
    const ways = this.#ways;
    let isFound: boolean | undefined = false;
    for (let i = 0; i < ways.length; i++) {
      const { literals, isExact } = ways[i] as Way;
      if (!literals.areIn(bytes, start, end)) continue;
      if (isExact) return true;
      isFound = undefined;
    }
    return isFound;
  }

  readonly isIn = (text: string): boolean => this.#compiled.test(text);
}

/** Takes half the time of a TextDecoder, which needs a view of its own for each line. Keeps a byte-order mark. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.prototype.toString.call(bytes, "utf8", start, end);
}
