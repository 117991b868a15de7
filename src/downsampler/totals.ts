/**
 * How many values each field had, and what they add up to: exactly for integers, and for floats as near as a double gets.
 *
 * An integer comes in two parts, high * 10^9 + low, and each part has a sum of its own, of which a double holds millions of
 * the largest values exactly; what would be more goes on as a big integer. To the sum of floats belongs what its roundings
 * lost (Neumaier's summation).
 */
import { FIELD_FLOAT, FIELD_INTEGER, type FieldKind } from "../line/fields.ts";
import { grown } from "./grown.ts";
import { printFloat, printInteger } from "./print-number.ts";

/** What a field takes here. */
export const TOTAL_BYTES = 24;

/** A sum of integers is carried on above this; one value more is still exact. */
const PART_MAX = 2 ** 52;
const HIGH_UNIT = 1_000_000_000;
/** Floats from here on, all of them integers, are carried too, or their sum would be infinite where their mean is not. */
const HUGE = 2 ** 960;

const INTEGER_MAX = 2n ** 63n - 1n;
const INTEGER_MIN = -(2n ** 63n);
const UNSIGNED_MAX = 2n ** 64n - 1n;

export class Totals {
  #counts = new Float64Array(0);
  /** Of integers, the sum of the high parts; of floats, their sum. */
  #sums = new Float64Array(0);
  /** Of integers, the sum of the low parts; of floats, what the sum lacks. */
  #rests = new Float64Array(0);
  /** What a double would not hold. */
  readonly #carried = new Map<number, bigint>();

  /** How many values `field` had, of any type. */
  count(field: number): number {
    return this.#counts[field] ?? 0;
  }

  /** One more value that is no number. Hot: once per field. */
  addText(field: number): void {
    this.#reserve(field);
    this.#counts[field] = (this.#counts[field] as number) + 1;
  }

  /** One more integer, with a sign or without. Hot: once per field. */
  addInteger(field: number, high: number, low: number): void {
    this.addText(field);
    const highs = (this.#sums[field] as number) + high;
    const lows = (this.#rests[field] as number) + low;
    this.#sums[field] = highs;
    this.#rests[field] = lows;
    if (Math.abs(highs) > PART_MAX || Math.abs(lows) > PART_MAX) this.#carry(field);
  }

  /** One more float. Hot: once per field. */
  addFloat(field: number, value: number): void {
    this.addText(field);
    if (Math.abs(value) >= HUGE) {
      this.#carried.set(field, (this.#carried.get(field) ?? 0n) + BigInt(value));
      return;
    }
    if (this.#counts[field] === 1) {
      // Added to 0, a first -0 would lose its sign.
      this.#sums[field] = value;
      return;
    }
    const sum = this.#sums[field] as number;
    const next = sum + value;
    const lost = Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    this.#sums[field] = next;
    this.#rests[field] = (this.#rests[field] as number) + lost;
  }

  /** The mean of a field of numbers; of integers, the exact one without its fraction. */
  mean(field: number, kind: FieldKind): string {
    const count = this.#counts[field] as number;
    if (kind !== FIELD_FLOAT) {
      return printInteger(this.#integerSum(field) / BigInt(count), kind);
    }
    const carried = this.#carried.get(field);
    if (carried === undefined) return printFloat(this.#floatSum(field) / count);
    const { whole, fraction } = this.#floatParts(field, carried);
    const rest = Number(whole % BigInt(count)) + fraction;
    return printFloat(Number(whole / BigInt(count)) + rest / count);
  }

  /** The sum of a field of numbers; undefined if it is beyond what the type can hold. */
  sum(field: number, kind: FieldKind): string | undefined {
    if (kind === FIELD_FLOAT) {
      const sum = this.#floatTotal(field);
      return Number.isFinite(sum) ? printFloat(sum) : undefined;
    }
    const sum = this.#integerSum(field);
    const isSigned = kind === FIELD_INTEGER;
    const isHeld = isSigned ? sum >= INTEGER_MIN && sum <= INTEGER_MAX : sum <= UNSIGNED_MAX;
    return isHeld ? printInteger(sum, kind) : undefined;
  }

  /** Of floats none of which was carried. */
  #floatSum(field: number): number {
    const rest = this.#rests[field] as number;
    const sum = this.#sums[field] as number;
    return rest === 0 ? sum : sum + rest;
  }

  /** Infinite if no double can hold it. */
  #floatTotal(field: number): number {
    const carried = this.#carried.get(field);
    if (carried === undefined) return this.#floatSum(field);
    const { whole, fraction } = this.#floatParts(field, carried);
    return Number(whole) + fraction;
  }

  /** Of floats some of which were carried: they may be far larger than the rest, or nearly cancel it. */
  #floatParts(field: number, carried: bigint): { whole: bigint; fraction: number } {
    const rest = this.#rests[field] as number;
    const sum = this.#sums[field] as number;
    return {
      whole: carried + BigInt(Math.trunc(sum)) + BigInt(Math.trunc(rest)),
      fraction: (sum % 1) + (rest % 1),
    };
  }

  #integerSum(field: number): bigint {
    const highs = BigInt(this.#sums[field] as number);
    const lows = BigInt(this.#rests[field] as number);
    return highs * BigInt(HIGH_UNIT) + lows + (this.#carried.get(field) ?? 0n);
  }

  #carry(field: number): void {
    this.#carried.set(field, this.#integerSum(field));
    this.#sums[field] = 0;
    this.#rests[field] = 0;
  }

  #reserve(field: number): void {
    if (field < this.#counts.length) return;
    this.#counts = grown(this.#counts, field);
    this.#sums = grown(this.#sums, field);
    this.#rests = grown(this.#rests, field);
  }
}
