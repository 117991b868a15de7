/**
 * Finds the basic rule with exactly a line's measurement name, in the same time for ten rules and for thousands:
 * a hash table over bytes, so that no string is made of a line. The hash only finds the place; names decide.
 */
import { unescape } from "../line/escape.ts";
import type { LineOffsets } from "../line/scan.ts";

/** A name and the index of the rule that wants it. */
export interface NamedRule {
  readonly name: string;
  readonly index: number;
}

const NO_RULE = -1;

export class BasicRules {
  /** All names behind one another; that of entry i is [nameStarts[i], nameStarts[i + 1]). */
  readonly #names: Uint8Array;
  readonly #nameStarts: Uint32Array;
  readonly #ruleIndexes: Int32Array;
  /** Entry + 1 at its hash or in the next free slot behind, 0 where none is. At most half full. */
  readonly #slots: Uint32Array;
  readonly #slotMask: number;
  /** Where a name with escapes is unescaped to. */
  #scratch: Uint8Array = new Uint8Array(256);

  /** Of rules with the same name the first one counts. */
  constructor(rules: readonly NamedRule[]) {
    const encoder = new TextEncoder();
    const names = new Map<string, NamedRule>();
    for (const rule of rules) if (!names.has(rule.name)) names.set(rule.name, rule);
    const entries = [...names.values()].map(({ name, index }) => ({
      bytes: encoder.encode(name),
      index,
    }));

    this.#names = Buffer.concat(entries.map(({ bytes }) => bytes));
    this.#nameStarts = new Uint32Array(entries.length + 1);
    this.#ruleIndexes = Int32Array.from(entries, ({ index }) => index);
    const slotCount = 2 ** Math.ceil(Math.log2(2 * entries.length + 1));
    this.#slots = new Uint32Array(slotCount);
    this.#slotMask = slotCount - 1;
    entries.forEach(({ bytes }, entry) => {
      this.#nameStarts[entry + 1] = (this.#nameStarts[entry] ?? 0) + bytes.length;
      let slot = hashBytes(bytes, 0, bytes.length) & this.#slotMask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#slotMask;
      this.#slots[slot] = entry + 1;
    });
  }

  /** Index of the rule that wants this line's measurement, or -1. Hot: once per line. */
  find(payload: Uint8Array, offsets: LineOffsets): number {
    const { measurementStart, measurementEnd } = offsets;
    if (!offsets.measurementEscaped) {
      return this.#findName(payload, measurementStart, measurementEnd);
    }
    const sizeBytes = measurementEnd - measurementStart;
    if (sizeBytes > this.#scratch.length) this.#scratch = new Uint8Array(sizeBytes);
    const length = unescape(payload, measurementStart, measurementEnd, this.#scratch);
    return this.#findName(this.#scratch, 0, length);
  }

  #findName(bytes: Uint8Array, start: number, end: number): number {
    let slot = hashBytes(bytes, start, end) & this.#slotMask;
    for (;;) {
      const entry = (this.#slots[slot] as number) - 1;
      if (entry === -1) return NO_RULE;
      if (this.#isName(entry, bytes, start, end)) return this.#ruleIndexes[entry] as number;
      slot = (slot + 1) & this.#slotMask;
    }
  }

  #isName(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    const nameStart = this.#nameStarts[entry] as number;
    if ((this.#nameStarts[entry + 1] as number) - nameStart !== end - start) return false;
    for (let at = start, name = nameStart; at < end; at++, name++) {
      if (bytes[at] !== this.#names[name]) return false;
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
