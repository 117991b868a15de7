/**
 * What came in one period on one subject: the series, their fields, and of each field what its values come to. A line is
 * added as a whole or not at all. The period is forgotten as a whole when it has been published.
 */
import type { DownsampleFunction } from "../config/config.ts";
import { type Fields, isNumber } from "../line/fields.ts";
import type { LineOffsets } from "../line/scan.ts";
import { Aggregates } from "./aggregates.ts";
import { ByteIndex, ENTRY_BYTES, hashBytes } from "./byte-index.ts";
import { ByteStore } from "./byte-store.ts";
import { CHAIN_BYTES, FIELD_ENTRY_BYTES, FieldTable } from "./field-table.ts";
import { grown } from "./grown.ts";

export interface PeriodOptions {
  /** What is kept of each field besides what every field has: the mean of numbers, the last of other values. */
  readonly functions: readonly DownsampleFunction[];
  readonly seriesMax: number;
  /** Of names and values in memory, with what is needed to find them. */
  readonly sizeMaxBytes: number;
}

/** What became of a line. */
export type Outcome = number;

export const LINE_ADDED = 0;
/** A field of it has had values of another type: InfluxDB would refuse the line. */
export const LINE_CONFLICTS = 1;
/** Its series or its fields would be more than the limits allow. */
export const LINE_HAS_NO_ROOM = 2;

const SERIES_BYTES = ENTRY_BYTES + CHAIN_BYTES;

/** In place of a field's number. */
const NEW = -1;
const REPEATED = -2;

export class Period {
  readonly #options: PeriodOptions;
  readonly #store = new ByteStore();
  readonly #series = new ByteIndex(this.#store);
  readonly #names = new ByteIndex(this.#store);
  readonly #fields = new FieldTable();
  readonly #aggregates: Aggregates;
  readonly #fieldBytes: number;
  /** Of each field of the current line, its number here, and that of its name if it was looked up. */
  #found = new Int32Array(0);
  #foundNames = new Int32Array(0);
  readonly #seen = new Map<number, number>();

  constructor(options: PeriodOptions) {
    this.#options = options;
    this.#aggregates = new Aggregates(options.functions, this.#store);
    this.#fieldBytes = FIELD_ENTRY_BYTES + this.#aggregates.fieldBytes;
  }

  get seriesCount(): number {
    return this.#series.count;
  }

  /** Of names and values. What is allocated may be up to twice as much. */
  get sizeBytes(): number {
    return (
      this.#store.usedBytes +
      this.#series.count * SERIES_BYTES +
      this.#names.count * ENTRY_BYTES +
      this.#fields.count * this.#fieldBytes
    );
  }

  /**
   * Adds the values of a line that scanned as LINE_OK. Its series is the bytes from its measurement to its last tag: the
   * tags are sorted by now. Nothing of `payload` is kept. Hot: once per line.
   */
  add(payload: Uint8Array, offsets: LineOffsets, fields: Fields): Outcome {
    const start = offsets.measurementStart;
    const end = offsets.tagsEnd;
    const hash = hashBytes(payload, start, end);
    const series = this.#series.find(payload, start, end, hash);
    const outcome = this.#findFields(series, end - start, payload, fields);
    if (outcome !== LINE_ADDED) return outcome;
    const target = series < 0 ? this.#series.add(payload, start, end, hash) : series;
    for (let index = 0; index < fields.count; index++) {
      const found = this.#found[index] as number;
      if (found === REPEATED) continue;
      const name = this.#foundNames[index] as number;
      const kind = fields.kind[index] as number;
      const field = found === NEW ? this.#fields.add(target, name, kind) : found;
      this.#aggregates.add(field, payload, fields, index);
    }
    return LINE_ADDED;
  }

  /** The key of a series as it was written, its tags in order: a view. */
  key(series: number): Uint8Array {
    return this.#series.bytes(series);
  }

  /** The numbers of the fields of `series`, each with a value, put into `numbers`. */
  fieldsOf(series: number, numbers: number[]): void {
    numbers.length = 0;
    for (let field = this.#fields.first(series); field >= 0; field = this.#fields.next(field)) {
      numbers.push(field);
    }
  }

  /** The number of the field's name, the same for all fields that are called so. */
  nameOf(field: number): number {
    return this.#fields.name(field);
  }

  /** A name as it was written: a view. */
  nameBytes(name: number): Uint8Array {
    return this.#names.bytes(name);
  }

  hasNumbers(field: number): boolean {
    return isNumber(this.#fields.kind(field));
  }

  /** What stands for all values of the field: the mean of numbers, the last of others. As line protocol has it. */
  value(field: number): string | Uint8Array {
    return this.#aggregates.value(field, this.#fields.kind(field));
  }

  /** What one of the configured functions makes of the field's values; see {@link Aggregates.result}. */
  result(name: DownsampleFunction, field: number): string | Uint8Array | undefined {
    return this.#aggregates.result(name, field, this.#fields.kind(field));
  }

  /** Finds the fields of a line, and out whether all of it can be added; of its series, nothing is changed. */
  #findFields(series: number, keyBytes: number, payload: Uint8Array, fields: Fields): Outcome {
    const { count } = fields;
    if (count > this.#found.length) {
      this.#found = grown(this.#found, count);
      this.#foundNames = grown(this.#foundNames, count);
    }
    let isInOrder = true;
    let needed = series < 0 ? keyBytes + SERIES_BYTES : 0;
    let expected = series < 0 ? -1 : this.#fields.first(series);
    for (let index = 0; index < count; index++) {
      const start = fields.nameStart[index] as number;
      const end = fields.nameEnd[index] as number;
      let field = expected;
      if (field < 0 || !this.#names.equals(this.#fields.name(field), payload, start, end)) {
        isInOrder = false;
        field = this.#search(series, index, payload, start, end);
      }
      this.#found[index] = field;
      if (field === NEW) {
        needed += end - start + ENTRY_BYTES + this.#fieldBytes;
      } else {
        if (this.#fields.kind(field) !== fields.kind[index]) return LINE_CONFLICTS;
        expected = this.#fields.next(field);
      }
      needed += this.#aggregates.neededBytes(field, fields, index);
    }
    if (needed > 0 && !this.#hasRoom(series, needed)) return LINE_HAS_NO_ROOM;
    return isInOrder || this.#passRepeated(payload, fields) ? LINE_ADDED : LINE_CONFLICTS;
  }

  /** The field called payload[start, end) of `series`, or NEW; notes the number of the name, if it has one. */
  #search(series: number, index: number, payload: Uint8Array, start: number, end: number): number {
    const name = this.#names.find(payload, start, end, hashBytes(payload, start, end));
    this.#foundNames[index] = name;
    return series < 0 || name < 0 ? NEW : this.#fields.find(series, name);
  }

  #hasRoom(series: number, needed: number): boolean {
    const { seriesMax, sizeMaxBytes } = this.#options;
    if (series < 0 && this.#series.count >= seriesMax) return false;
    return this.sizeBytes + needed <= sizeMaxBytes;
  }

  /**
   * Of a field that a line has twice the last value counts, as in InfluxDB: marks the others. False if they are of
   * different types. Also gives every name of the line its number.
   */
  #passRepeated(payload: Uint8Array, fields: Fields): boolean {
    const seen = this.#seen;
    seen.clear();
    for (let index = 0; index < fields.count; index++) {
      const found = this.#found[index] as number;
      const name = found === NEW ? this.#nameFor(index, payload, fields) : this.#fields.name(found);
      this.#foundNames[index] = name;
      const earlier = seen.get(name);
      seen.set(name, index);
      if (earlier === undefined) continue;
      if (fields.kind[earlier] !== fields.kind[index]) return false;
      this.#found[earlier] = REPEATED;
    }
    return true;
  }

  #nameFor(index: number, payload: Uint8Array, fields: Fields): number {
    const known = this.#foundNames[index] as number;
    if (known >= 0) return known;
    const start = fields.nameStart[index] as number;
    const end = fields.nameEnd[index] as number;
    const hash = hashBytes(payload, start, end);
    const again = this.#names.find(payload, start, end, hash);
    return again < 0 ? this.#names.add(payload, start, end, hash) : again;
  }
}
