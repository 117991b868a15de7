/** Numbers as line protocol writes them. */
import { FIELD_FLOAT, FIELD_INTEGER, type FieldKind } from "../line/fields.ts";

/** The fewest digits that InfluxDB reads as the same double. `value` is finite. */
export function printFloat(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** With the letter of its kind. */
export function printInteger(value: bigint | number, kind: FieldKind): string {
  return `${value}${kind === FIELD_INTEGER ? "i" : "u"}`;
}

const LOW_DIGITS = 9;

/** A value as `Fields` has it: a float, or high * 10^9 + low. */
export function printValue(kind: FieldKind, high: number, low: number): string {
  if (kind === FIELD_FLOAT) return printFloat(high);
  if (high === 0) return printInteger(low, kind);
  const digits = String(Math.abs(low)).padStart(LOW_DIGITS, "0");
  return `${high}${digits}${kind === FIELD_INTEGER ? "i" : "u"}`;
}
