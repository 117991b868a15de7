/**
 * Finds texts by their bytes, in the same time for ten of them and for thousands: a hash table, so that no string is
 * made of a line. The hash only finds the place; the bytes decide.
 */

export class ByteTable {
  /** All texts behind one another; text i is [#starts[i], #starts[i + 1]). */
  readonly #texts: Uint8Array;
  readonly #starts: Uint32Array;
  /** Number of a text + 1 at its hash or in the next free slot behind, 0 where none is. At most half full. */
  readonly #slots: Uint32Array;
  readonly #slotMask: number;

  /** Of two texts that are the same the first one is found. */
  constructor(texts: readonly string[]) {
    const encoder = new TextEncoder();
    const encoded = texts.map((text) => encoder.encode(text));
    this.#texts = Buffer.concat(encoded);
    this.#starts = new Uint32Array(texts.length + 1);
    const slotCount = 2 ** Math.ceil(Math.log2(2 * texts.length + 1));
    this.#slots = new Uint32Array(slotCount);
    this.#slotMask = slotCount - 1;
    encoded.forEach((bytes, number) => {
      this.#starts[number + 1] = (this.#starts[number] ?? 0) + bytes.length;
      let slot = hashBytes(bytes, 0, bytes.length) & this.#slotMask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#slotMask;
      this.#slots[slot] = number + 1;
    });
  }

  /** The place in the list of the text bytes[start, end), or -1. Hot: several times a line. */
  find(bytes: Uint8Array, start: number, end: number): number {
    let slot = hashBytes(bytes, start, end) & this.#slotMask;
    for (;;) {
      const number = (this.#slots[slot] as number) - 1;
      if (number === -1 || this.#isText(number, bytes, start, end)) return number;
      slot = (slot + 1) & this.#slotMask;
    }
  }

  #isText(number: number, bytes: Uint8Array, start: number, end: number): boolean {
    const textStart = this.#starts[number] as number;
    if ((this.#starts[number + 1] as number) - textStart !== end - start) return false;
    for (let at = start, text = textStart; at < end; at++, text++) {
      if (bytes[at] !== this.#texts[text]) return false;
    }
    return true;
  }
}

/** FNV-1a, 32 bits. */
function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) {
    hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  }
  return hash;
}
