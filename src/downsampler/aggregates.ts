/** What is kept of the values of each field of a period: as much as the configured functions need, and no more. */
import type { DownsampleFunction } from "../config/config.ts";
import { FIELD_FLOAT, type FieldKind, type Fields, isNumber } from "../line/fields.ts";
import type { ByteStore } from "./byte-store.ts";
import { EXTREME_BYTES, Extremes } from "./extremes.ts";
import { TEXT_BYTES, Texts } from "./texts.ts";
import { TOTAL_BYTES, Totals } from "./totals.ts";

export class Aggregates {
  /** What a field takes here, besides the bytes of values that are kept as text. */
  readonly fieldBytes: number;
  readonly #totals = new Totals();
  readonly #last: Texts;
  readonly #first: Texts | undefined;
  readonly #min: Extremes | undefined;
  readonly #max: Extremes | undefined;
  /** The last value of numbers is kept as well. */
  readonly #keepsLast: boolean;

  constructor(functions: readonly DownsampleFunction[], store: ByteStore) {
    const [first, min, max] = (["first", "min", "max"] as const).map((name) =>
      functions.includes(name),
    );
    this.#last = new Texts(store);
    this.#first = first ? new Texts(store) : undefined;
    this.#min = min ? new Extremes("min") : undefined;
    this.#max = max ? new Extremes("max") : undefined;
    this.#keepsLast = functions.includes("last");
    const extremes = Number(min) + Number(max);
    this.fieldBytes = TOTAL_BYTES + extremes * EXTREME_BYTES + (1 + Number(first)) * TEXT_BYTES;
  }

  /** What value number `index` of a line would take from the store; `field` is -1 if it is new. */
  neededBytes(field: number, fields: Fields, index: number): number {
    const length = (fields.valueEnd[index] as number) - (fields.valueStart[index] as number);
    const isLastKept = this.#keepsLast || !isNumber(fields.kind[index] as number);
    const isFirstKept = this.#first !== undefined && !this.#first.has(field);
    return (isLastKept ? this.#last.neededBytes(field, length) : 0) + (isFirstKept ? length : 0);
  }

  /** Value number `index` of a line is one more of `field`, whose others are of the same type. Hot: once per field. */
  add(field: number, payload: Uint8Array, fields: Fields, index: number): void {
    const kind = fields.kind[index] as number;
    const start = fields.valueStart[index] as number;
    const end = fields.valueEnd[index] as number;
    if (isNumber(kind)) {
      const high = fields.high[index] as number;
      const low = kind === FIELD_FLOAT ? 0 : (fields.low[index] as number);
      if (kind === FIELD_FLOAT) this.#totals.addFloat(field, high);
      else this.#totals.addInteger(field, high, low);
      const isFirst = this.#totals.count(field) === 1;
      this.#min?.add(field, high, low, isFirst);
      this.#max?.add(field, high, low, isFirst);
      if (this.#keepsLast) this.#last.set(field, payload, start, end);
    } else {
      this.#totals.addText(field);
      this.#last.set(field, payload, start, end);
    }
    if (this.#first !== undefined && !this.#first.has(field)) {
      this.#first.set(field, payload, start, end);
    }
  }

  /** What stands for all values of the field: the mean of numbers, the last of others. As line protocol has it. */
  value(field: number, kind: FieldKind): string | Uint8Array {
    return isNumber(kind) ? this.#totals.mean(field, kind) : this.#last.value(field);
  }

  /**
   * What one of the configured functions makes of the field's values, as line protocol has it; undefined if it makes
   * nothing of values of this type, or a sum that no 64 bits can hold.
   */
  result(
    name: DownsampleFunction,
    field: number,
    kind: FieldKind,
  ): string | Uint8Array | undefined {
    switch (name) {
      case "count":
        return `${this.#totals.count(field)}i`;
      case "first":
        return this.#first?.value(field);
      case "last":
        return this.#last.value(field);
      case "min":
        return isNumber(kind) ? this.#min?.value(field, kind) : undefined;
      case "max":
        return isNumber(kind) ? this.#max?.value(field, kind) : undefined;
      case "sum":
        return isNumber(kind) ? this.#totals.sum(field, kind) : undefined;
    }
  }
}
