/** Finds the basic rule with exactly a line's measurement name, in the same time for ten rules and for thousands. */
import { unescape } from "../line/escape.ts";
import type { LineOffsets } from "../line/scan.ts";
import { ByteTable } from "./byte-table.ts";

/** A name and the index of the rule that wants it. */
export interface NamedRule {
  readonly name: string;
  readonly index: number;
}

export class BasicRules {
  readonly #names: ByteTable;
  /** By the names' places in the table. */
  readonly #ruleIndexes: Int32Array;
  /** Where a name with escapes is unescaped to. */
  #scratch: Uint8Array = new Uint8Array(256);

  /** Of rules with the same name the first one counts. */
  constructor(rules: readonly NamedRule[]) {
    this.#names = new ByteTable(rules.map(({ name }) => name));
    this.#ruleIndexes = Int32Array.from(rules, ({ index }) => index);
  }

  /** Index of the rule that wants this line's measurement, or -1. Hot: once per line. */
  find(payload: Uint8Array, offsets: LineOffsets): number {
    const { measurementStart, measurementEnd } = offsets;
    if (!offsets.measurementEscaped) {
      return this.#findName(payload, measurementStart, measurementEnd);
    }
    const sizeBytes = measurementEnd - measurementStart;
    if (sizeBytes > this.#scratch.length) this.#scratch = new Uint8Array(sizeBytes);
    const length = unescape(payload, measurementStart, measurementEnd, this.#scratch);
    return this.#findName(this.#scratch, 0, length);
  }

  #findName(bytes: Uint8Array, start: number, end: number): number {
    const name = this.#names.find(bytes, start, end);
    return name === -1 ? -1 : (this.#ruleIndexes[name] as number);
  }
}
