/**
 * Texts that stand in a line one behind the other, searched for in its bytes. That is as good as in the text that the
 * bytes spell: no character of UTF-8 begins inside of another, and bytes that are no UTF-8 are none of a literal's.
 */

/** How much may stand in front of a literal, behind the one before it or the line's start. */
export const NOTHING = -1;
export const ANYTHING = 0;
/** One byte or more, and so one character or more. */
export const SOMETHING = 1;

/** A literal, which may be empty, and what stands in front of it. */
export interface Piece {
  readonly literal: string;
  readonly inFront: number;
}

export class Literals {
  readonly #literals: readonly Literal[];
  readonly #inFront: readonly number[];
  /** Number of the literal that the line must end with, -1 if anything may follow the last one. */
  readonly #lastOfLine: number;

  constructor(pieces: readonly Piece[], isAtLineEnd: boolean) {
    this.#literals = pieces.map(({ literal }) => new Literal(literal));
    this.#inFront = pieces.map(({ inFront }) => inFront);
    this.#lastOfLine = isAtLineEnd ? pieces.length - 1 : -1;
  }

  /**
   * True if the text bytes[start, end) has all literals in their order. Each is taken where it first stands: that
   * leaves the most for the others. Hot: several times a line.
   */
  areIn(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    for (let i = 0; i < this.#literals.length; i++) {
      const literal = this.#literals[i] as Literal;
      const inFront = this.#inFront[i] as number;
      if (inFront === NOTHING) {
        if (!literal.standsAt(bytes, at, end)) return false;
        at += literal.length;
        if (i === this.#lastOfLine && at !== end) return false;
      } else if (i === this.#lastOfLine) {
        return (
          at + inFront <= end - literal.length && literal.standsAt(bytes, end - literal.length, end)
        );
      } else {
        const place = literal.find(bytes, at + inFront, end);
        if (place === -1) return false;
        at = place + literal.length;
      }
    }
    return true;
  }
}

/** Where it nearly stands in so many places, another search goes on. */
const NEAR_MISSES_MAX = 1000;

/**
 * Found by Horspool's search, which looks at one byte in as many as the literal has, where those do not stand in it. In a text that
 * was made for it, it compares the literal with every place: then the runtime's own search goes on, which takes linear time whatever
 * the text, and longer for a short one.
 */
class Literal {
  readonly length: number;
  readonly #bytes: Uint8Array;
  /** By the byte where the literal's last one would stand: how far on it may stand next. */
  readonly #steps: Uint32Array;

  constructor(text: string) {
    this.#bytes = new TextEncoder().encode(text);
    this.length = this.#bytes.length;
    this.#steps = new Uint32Array(256).fill(Math.max(this.length, 1));
    this.#bytes.subarray(0, -1).forEach((byte, place) => {
      this.#steps[byte] = this.length - 1 - place;
    });
  }

  standsAt(bytes: Uint8Array, at: number, end: number): boolean {
    if (end - at < this.length) return false;
    for (let i = 0; i < this.length; i++) {
      if (bytes[at + i] !== this.#bytes[i]) return false;
    }
    return true;
  }

  /** The first place from `from` on, or -1. */
  find(bytes: Uint8Array, from: number, end: number): number {
    if (this.length === 0) return from <= end ? from : -1;
    const last = this.#bytes[this.length - 1] as number;
    let nearMisses = 0;
    for (let at = from + this.length - 1; at < end;) {
      const byte = bytes[at] as number;
      if (byte === last) {
        const start = at - this.length + 1;
        if (this.standsAt(bytes, start, end)) return start;
        if (++nearMisses > NEAR_MISSES_MAX) return this.#findInLinearTime(bytes, start, end);
      }
      at += this.#steps[byte] as number;
    }
    return -1;
  }

  #findInLinearTime(bytes: Uint8Array, from: number, end: number): number {
    const place = Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from).indexOf(
      this.#bytes,
    );
    return place === -1 ? -1 : from + place;
  }
}
