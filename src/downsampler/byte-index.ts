/**
 * Numbers byte sequences from 0 on in the order in which they are first seen: series by their key, fields by their name.
 * A hash finds the place, and the bytes themselves are compared.
 */
import type { ByteStore } from "./byte-store.ts";
import { grown } from "./grown.ts";

/** Held by {@link ByteIndex} and {@link FieldTable} for each entry in their hash tables, which are at most half full. */
export const PLACE_BYTES = 16;
/** What an entry takes besides its bytes. */
export const ENTRY_BYTES = 12 + PLACE_BYTES;

const FIRST_PLACES = 64;

export class ByteIndex {
  readonly #store: ByteStore;
  /** Entry + 1, at a place that its hash tells; 0: free. Linear probing. Its length is a power of two. */
  #places = new Int32Array(FIRST_PLACES);
  #hashes = new Int32Array(0);
  #addresses = new Uint32Array(0);
  #lengths = new Int32Array(0);
  #count = 0;

  constructor(store: ByteStore) {
    this.#store = store;
  }

  get count(): number {
    return this.#count;
  }

  /** The number of source[start, end), whose {@link hashBytes} is `hash`, or -1. Hot: once per line. */
  find(source: Uint8Array, start: number, end: number, hash: number): number {
    const mask = this.#places.length - 1;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const entry = (this.#places[place] as number) - 1;
      if (entry < 0) return -1;
      if (this.#hashes[entry] === hash && this.equals(entry, source, start, end)) return entry;
    }
  }

  /** Numbers source[start, end), which has no number yet. */
  add(source: Uint8Array, start: number, end: number, hash: number): number {
    const entry = this.#count++;
    this.#hashes = grown(this.#hashes, entry);
    this.#addresses = grown(this.#addresses, entry);
    this.#lengths = grown(this.#lengths, entry);
    const address = this.#store.reserve(end - start);
    this.#store.write(address, source, start, end);
    this.#hashes[entry] = hash;
    this.#addresses[entry] = address;
    this.#lengths[entry] = end - start;
    if (2 * this.#count > this.#places.length) this.#rehash();
    else place(this.#places, hash, entry);
    return entry;
  }

  /** True if source[start, end) is what `entry` numbers. */
  equals(entry: number, source: Uint8Array, start: number, end: number): boolean {
    return (
      this.#lengths[entry] === end - start &&
      this.#store.equals(this.#addresses[entry] as number, source, start, end)
    );
  }

  /** What `entry` numbers: a view, not to be written to. */
  bytes(entry: number): Uint8Array {
    return this.#store.view(this.#addresses[entry] as number, this.#lengths[entry] as number);
  }

  #rehash(): void {
    this.#places = new Int32Array(2 * this.#places.length);
    for (let entry = 0; entry < this.#count; entry++) {
      place(this.#places, this.#hashes[entry] as number, entry);
    }
  }
}

/** Puts `entry` into a table with a free place. */
export function place(places: Int32Array, hash: number, entry: number): void {
  const mask = places.length - 1;
  let at = hash & mask;
  while (places[at] !== 0) at = (at + 1) & mask;
  places[at] = entry + 1;
}

const FACTOR = 0x9e37_79b1;

/** 32 bits, four bytes at a time. Hot: once per line. */
export function hashBytes(source: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (const last = end - 4; at <= last; at += 4) {
    const word =
      (source[at] as number) |
      ((source[at + 1] as number) << 8) |
      ((source[at + 2] as number) << 16) |
      ((source[at + 3] as number) << 24);
    hash = Math.imul(hash ^ word, FACTOR);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ (source[at] as number), FACTOR);
  return mixBits(hash);
}

/** Lets every bit of `hash` tell on those that choose the place. */
export function mixBits(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  return mixed ^ (mixed >>> 13);
}
