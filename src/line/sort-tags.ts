/**
 * Puts the tags of lines in the order of their keys: bytes of the unescaped keys, tags of one key in the order in which
 * they came. A tag moves as it is written; nothing is unescaped or escaped anew, for InfluxDB tells `"q"` from `\"q\"`.
 *
 * So a line is as long afterwards as before, and a payload with sorted lines differs from the payload only in their
 * tags: it is copied when its first unsorted line comes, and lines are sorted in the copy, where they stand. All
 * offsets are good for both, and a payload without an unsorted line costs no copy.
 */
import { compareUnescaped } from "./escape.ts";
import type { LineOffsets } from "./scan.ts";
import { spillsOver } from "./spill.ts";
import { tagEnd, tagKeyEnd, tagStart } from "./tags.ts";

/** Up to here insertion is fastest; beyond it its time, growing with the square, would let one line stop a filter. */
const INSERTION_MAX_TAGS = 32;

const COMMA = 0x2c;

/** One payload at a time: {@link sort} for each of its lines that is to be sorted, then {@link take}. */
export class TagSorter {
  /** The payload, with the lines that had to be sorted; undefined while there was none. */
  #copy: Uint8Array | undefined;
  /** Tag numbers of the current line. */
  readonly #order: number[] = [];
  /** What becomes the line's `tagBounds`, which in turn become this. */
  #bounds: Int32Array = new Int32Array(0);

  /**
   * Sorts the tags of the line that `offsets` describes, and returns the bytes in which it is sorted: `payload` or this
   * sorter's copy of it, good until {@link take}. `offsets` is good for both; only its tags change. Hot: once per line.
   */
  sort(payload: Uint8Array, offsets: LineOffsets): Uint8Array {
    if (isSorted(payload, offsets)) return this.#copy ?? payload;
    const copy = (this.#copy ??= new Uint8Array(payload));
    this.#findOrder(payload, offsets);
    this.#write(payload, offsets, copy);
    return copy;
  }

  /** The payload with every line sorted that {@link sort} was asked to sort. The caller's; `payload` is forgotten. */
  take(payload: Uint8Array): Uint8Array {
    const sorted = this.#copy ?? payload;
    this.#copy = undefined;
    return sorted;
  }

  #findOrder(payload: Uint8Array, offsets: LineOffsets): void {
    const order = this.#order;
    const count = offsets.tagCount;
    order.length = 0;
    if (count > INSERTION_MAX_TAGS) {
      for (let tag = 0; tag < count; tag++) order.push(tag);
      order.sort((left, right) => compareKeys(payload, offsets, left, right));
      return;
    }
    for (let tag = 0; tag < count; tag++) {
      let place = tag;
      while (place > 0 && compareKeys(payload, offsets, order[place - 1] as number, tag) > 0) {
        order[place] = order[place - 1] as number;
        place--;
      }
      order[place] = tag;
    }
  }

  /** Writes the tags to `copy` in their order, and where they stand there to `offsets`. */
  #write(payload: Uint8Array, offsets: LineOffsets, copy: Uint8Array): void {
    const order = this.#order;
    if (this.#bounds.length < offsets.tagBounds.length) {
      this.#bounds = new Int32Array(offsets.tagBounds.length);
    }
    const bounds = this.#bounds;
    let at = offsets.measurementEnd;
    for (let place = 0; place < order.length; place++) {
      const tag = order[place] as number;
      const start = tagStart(offsets, tag);
      const end = tagEnd(offsets, tag);
      copy[at++] = COMMA;
      bounds[2 * place] = at;
      bounds[2 * place + 1] = at + tagKeyEnd(offsets, tag) - start;
      for (let from = start; from < end; from++) copy[at++] = payload[from] as number;
    }
    bounds[2 * order.length] = at + 1;
    const { lineStart, lineEnd, measurementStart, keysEscaped } = offsets;
    if ((keysEscaped || measurementStart > lineStart) && spillsOver(copy, lineStart, lineEnd)) {
      // InfluxDB would take the next line for a part of it, which it does not while the line stays as it came.
      copy.set(payload.subarray(offsets.measurementEnd, offsets.tagsEnd), offsets.measurementEnd);
      return;
    }
    this.#bounds = offsets.tagBounds;
    offsets.tagBounds = bounds;
  }
}

function isSorted(payload: Uint8Array, offsets: LineOffsets): boolean {
  for (let tag = 1; tag < offsets.tagCount; tag++) {
    if (compareKeys(payload, offsets, tag - 1, tag) > 0) return false;
  }
  return true;
}

/** Below 0 if the key of tag `left` comes first, above 0 if that of `right` does, 0 if they are the same. */
function compareKeys(
  payload: Uint8Array,
  offsets: LineOffsets,
  left: number,
  right: number,
): number {
  const leftEnd = tagKeyEnd(offsets, left);
  const rightEnd = tagKeyEnd(offsets, right);
  let leftAt = tagStart(offsets, left);
  let rightAt = tagStart(offsets, right);
  if (offsets.keysEscaped) return compareUnescaped(payload, leftAt, leftEnd, rightAt, rightEnd);
  while (leftAt < leftEnd && rightAt < rightEnd) {
    const difference = (payload[leftAt++] as number) - (payload[rightAt++] as number);
    if (difference !== 0) return difference;
  }
  return leftEnd - leftAt - (rightEnd - rightAt);
}
