/** The smallest or the largest value of each field of numbers, exactly. */
import type { FieldKind } from "../line/fields.ts";
import { grown } from "./grown.ts";
import { printValue } from "./print-number.ts";

/** What a field takes here. */
export const EXTREME_BYTES = 16;

export class Extremes {
  /** 1 for the largest, -1 for the smallest. */
  readonly #sign: number;
  #highs = new Float64Array(0);
  #lows = new Float64Array(0);

  constructor(which: "min" | "max") {
    this.#sign = which === "max" ? 1 : -1;
  }

  /** The value of a float is in `high` alone, and `low` is 0. Hot: once per field. */
  add(field: number, high: number, low: number, isFirst: boolean): void {
    if (!isFirst) {
      const difference =
        high - (this.#highs[field] as number) || low - (this.#lows[field] as number);
      if (difference * this.#sign <= 0) return;
    } else if (field >= this.#highs.length) {
      this.#highs = grown(this.#highs, field);
      this.#lows = grown(this.#lows, field);
    }
    this.#highs[field] = high;
    this.#lows[field] = low;
  }

  /** Of a field that has a value. */
  value(field: number, kind: FieldKind): string {
    return printValue(kind, this.#highs[field] as number, this.#lows[field] as number);
  }
}
