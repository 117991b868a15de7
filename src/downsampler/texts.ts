/** One value of each field as it was written: the first or the last. */
import type { ByteStore } from "./byte-store.ts";
import { grown } from "./grown.ts";

/** What a field takes here, besides the bytes of its value. */
export const TEXT_BYTES = 12;

export class Texts {
  readonly #store: ByteStore;
  #addresses = new Uint32Array(0);
  #lengths = new Int32Array(0);
  /** How many bytes are reserved at the address. */
  #rooms = new Int32Array(0);

  constructor(store: ByteStore) {
    this.#store = store;
  }

  has(field: number): boolean {
    return (this.#lengths[field] ?? 0) > 0;
  }

  /** How many bytes {@link set} would take from the store for a value of `length` bytes. */
  neededBytes(field: number, length: number): number {
    const room = this.#rooms[field] ?? 0;
    // A value that grows again and again is moved seldom.
    return length <= room ? 0 : Math.max(length, 2 * room);
  }

  /** source[start, end), at least one byte, is the value of `field` from now on. Hot: once per field. */
  set(field: number, source: Uint8Array, start: number, end: number): void {
    const needed = this.neededBytes(field, end - start);
    if (needed > 0) {
      this.#addresses = grown(this.#addresses, field);
      this.#lengths = grown(this.#lengths, field);
      this.#rooms = grown(this.#rooms, field);
      this.#addresses[field] = this.#store.reserve(needed);
      this.#rooms[field] = needed;
    }
    this.#store.write(this.#addresses[field] as number, source, start, end);
    this.#lengths[field] = end - start;
  }

  /** Of a field that has a value: a view, not to be written to. */
  value(field: number): Uint8Array {
    return this.#store.view(this.#addresses[field] as number, this.#lengths[field] as number);
  }
}
