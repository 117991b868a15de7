/**
 * Finds the first rule whose tags a line has all of. Each tag of the line is looked up once, however many rules there
 * are, and then only rules are looked at that want a tag which the line has and few other rules want.
 */
import { unescape } from "../line/escape.ts";
import type { LineOffsets } from "../line/scan.ts";
import { NEWLINE } from "../line/split.ts";
import { tagEnd, tagKeyEnd, tagStart } from "../line/tags.ts";
import { ByteTable } from "./byte-table.ts";
import type { Tag } from "./rule.ts";

/** The tags that a line must have, and the index of the rule. */
export interface TaggedRule {
  readonly tags: readonly Tag[];
  readonly index: number;
}

/** A rule as it is found by one of its tags, with the numbers of the others. */
interface Candidate {
  readonly index: number;
  readonly others: readonly number[];
}

const EQUALS = 0x3d;

export class TagRules {
  /** Every tag that a rule wants, once, as {@link textOf} writes it; its place here is its number. */
  readonly #tags: ByteTable;
  /** By a wanted tag's last byte: a bit for its length, modulo 32. Most tags that no rule wants are told by that. */
  readonly #lengths = new Int32Array(256);
  /** By tag number, in the order of the rules: each rule at the one of its tags that the fewest rules want. */
  readonly #candidates: readonly (readonly Candidate[])[];
  readonly #firstIndex: number;
  /** By tag number: 1 if the current line has it. All 0 between lines. */
  readonly #isThere: Uint8Array;
  /** The numbers of the tags that the current line has, each once. */
  readonly #found: Int32Array;
  /** Where a tag with escapes is unescaped to. */
  #scratch: Uint8Array = new Uint8Array(256);

  /** In their order; each has at least one tag. */
  constructor(rules: readonly TaggedRule[]) {
    const possible = rules.filter(({ tags }) => tags.every(canBeInLine));
    const numbers = new Map<string, number>();
    for (const text of possible.flatMap(({ tags }) => tags.map(textOf))) {
      if (!numbers.has(text)) numbers.set(text, numbers.size);
    }
    const numbered = possible.map(({ tags, index }) => {
      const wanted = new Set(tags.map((tag) => numbers.get(textOf(tag)) as number));
      return { index, wanted: [...wanted] };
    });
    this.#tags = new ByteTable([...numbers.keys()]);
    for (const text of numbers.keys()) {
      const bytes = Buffer.from(text);
      const last = bytes[bytes.length - 1] as number;
      this.#lengths[last] = (this.#lengths[last] as number) | (1 << bytes.length);
    }
    this.#candidates = candidatesByTag(numbered, numbers.size);
    this.#firstIndex = possible[0]?.index ?? Infinity;
    this.#isThere = new Uint8Array(numbers.size);
    this.#found = new Int32Array(numbers.size);
  }

  /**
   * Index of the first of these rules that matches the line and stands before the rule `before`, or `before`.
   * Hot: once per line.
   */
  find(payload: Uint8Array, offsets: LineOffsets, before: number): number {
    if (this.#firstIndex >= before || offsets.tagCount === 0) return before;
    const count = this.#findTags(payload, offsets);
    const found = this.#found;
    let first = before;
    for (let i = 0; i < count; i++) {
      const candidates = this.#candidates[found[i] as number] as readonly Candidate[];
      for (let c = 0; c < candidates.length; c++) {
        const { index, others } = candidates[c] as Candidate;
        if (index >= first) break;
        if (this.#areThere(others)) first = index;
      }
    }
    for (let i = 0; i < count; i++) this.#isThere[found[i] as number] = 0;
    return first;
  }

  /** Notes which tags of the line are wanted by any rule, and returns how many. */
  #findTags(payload: Uint8Array, offsets: LineOffsets): number {
    let count = 0;
    for (let tag = 0; tag < offsets.tagCount; tag++) {
      const start = tagStart(offsets, tag);
      const keyEnd = tagKeyEnd(offsets, tag);
      const end = tagEnd(offsets, tag);
      const number = offsets.keysEscaped
        ? this.#findEscaped(payload, start, keyEnd, end)
        : this.#findPlain(payload, start, end);
      if (number === -1 || this.#isThere[number] === 1) continue;
      this.#isThere[number] = 1;
      this.#found[count++] = number;
    }
    return count;
  }

  /** Looks at one byte before it hashes all of them: that saves a tenth of what 20 rules and five tags a line cost. */
  #findPlain(payload: Uint8Array, start: number, end: number): number {
    const lengths = this.#lengths[payload[end - 1] as number] as number;
    return ((lengths >>> (end - start)) & 1) === 0 ? -1 : this.#tags.find(payload, start, end);
  }

  /** A key ends at an equals sign that is not escaped: the tag can be unescaped as one. */
  #findEscaped(payload: Uint8Array, start: number, keyEnd: number, end: number): number {
    if (end - start > this.#scratch.length) this.#scratch = new Uint8Array(end - start);
    const keyLength = unescape(payload, start, keyEnd, this.#scratch);
    const length = unescape(payload, start, end, this.#scratch);
    if (this.#scratch.indexOf(EQUALS) < keyLength) this.#scratch[keyLength] = NEWLINE;
    return this.#tags.find(this.#scratch, 0, length);
  }

  #areThere(tags: readonly number[]): boolean {
    for (let i = 0; i < tags.length; i++) {
      if (this.#isThere[tags[i] as number] === 0) return false;
    }
    return true;
  }
}

/**
 * As it stands in a line, without escapes. Where the key holds an equals sign itself, a newline, which no line holds,
 * parts it from the value: `a=b` with value `c` is another tag than `a` with value `b=c`.
 */
function textOf([key, value]: Tag): string {
  return key.includes("=") ? `${key}\n${value}` : `${key}=${value}`;
}

function canBeInLine([key, value]: Tag): boolean {
  return !key.includes("\n") && !value.includes("\n");
}

function candidatesByTag(
  rules: readonly { readonly index: number; readonly wanted: readonly number[] }[],
  tagCount: number,
): readonly (readonly Candidate[])[] {
  const uses = new Int32Array(tagCount);
  for (const tag of rules.flatMap(({ wanted }) => wanted)) uses[tag] = (uses[tag] ?? 0) + 1;
  const isRarer = (tag: number, other: number) => (uses[tag] ?? 0) < (uses[other] ?? 0);
  const candidates = Array.from({ length: tagCount }, (): Candidate[] => []);
  for (const { index, wanted } of rules) {
    const rarest = wanted.reduce((tag, next) => (isRarer(next, tag) ? next : tag));
    candidates[rarest]?.push({ index, others: wanted.filter((tag) => tag !== rarest) });
  }
  return candidates;
}
