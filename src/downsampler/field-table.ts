/**
 * The fields of all series of a period, numbered from 0 on. The fields of one series are a chain in the order in which they
 * first came, which is nearly always the order in which they come again: so a field is mostly found without any search.
 */
import { mixBits, place, PLACE_BYTES } from "./byte-index.ts";
import { grown } from "./grown.ts";

/** What a field takes here. */
export const FIELD_ENTRY_BYTES = 13 + PLACE_BYTES;
/** What a series takes here. */
export const CHAIN_BYTES = 8;

const FIRST_PLACES = 64;

export class FieldTable {
  /** Field + 1 at a place that its series and name tell; see {@link ByteIndex}. */
  #places = new Int32Array(FIRST_PLACES);
  #series = new Int32Array(0);
  #names = new Int32Array(0);
  #kinds = new Uint8Array(0);
  /** Of each field, the next one of its series + 1; 0: it is the last. */
  #next = new Int32Array(0);
  /** Of each series, its first and last field + 1. */
  #first = new Int32Array(0);
  #last = new Int32Array(0);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The first field of `series`, or -1. */
  first(series: number): number {
    return (this.#first[series] ?? 0) - 1;
  }

  /** The field behind `field` in its series, or -1. */
  next(field: number): number {
    return (this.#next[field] as number) - 1;
  }

  name(field: number): number {
    return this.#names[field] as number;
  }

  kind(field: number): number {
    return this.#kinds[field] as number;
  }

  /** The field called `name` of `series`, or -1. */
  find(series: number, name: number): number {
    const mask = this.#places.length - 1;
    for (let at = hashOf(series, name) & mask; ; at = (at + 1) & mask) {
      const field = (this.#places[at] as number) - 1;
      if (field < 0) return -1;
      if (this.#series[field] === series && this.#names[field] === name) return field;
    }
  }

  /** Adds a field that `series` does not have yet. */
  add(series: number, name: number, kind: number): number {
    const field = this.#count++;
    this.#series = grown(this.#series, field);
    this.#names = grown(this.#names, field);
    this.#kinds = grown(this.#kinds, field);
    this.#next = grown(this.#next, field);
    this.#first = grown(this.#first, series);
    this.#last = grown(this.#last, series);
    this.#series[field] = series;
    this.#names[field] = name;
    this.#kinds[field] = kind;
    const last = (this.#last[series] as number) - 1;
    if (last < 0) this.#first[series] = field + 1;
    else this.#next[last] = field + 1;
    this.#last[series] = field + 1;
    if (2 * this.#count > this.#places.length) this.#rehash();
    else place(this.#places, hashOf(series, name), field);
    return field;
  }

  #rehash(): void {
    this.#places = new Int32Array(2 * this.#places.length);
    for (let field = 0; field < this.#count; field++) {
      const hash = hashOf(this.#series[field] as number, this.#names[field] as number);
      place(this.#places, hash, field);
    }
  }
}

function hashOf(series: number, name: number): number {
  return mixBits(Math.imul(series, 0x9e37_79b1) ^ Math.imul(name, 0x85eb_ca6b));
}
