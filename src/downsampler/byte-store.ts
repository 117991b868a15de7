/**
 * Bytes that are kept for one period and let go together: names, and values that are text. They lie in pages, so that the
 * store grows without copying what it holds, and costs the collector one object a page.
 */

const PAGE_BYTES = 64 * 1024;

export class ByteStore {
  readonly #pages: Uint8Array[] = [];
  #pageEnd = PAGE_BYTES;
  #usedBytes = 0;

  /** Bytes taken so far. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Room for `length` bytes in one piece. Returns its address. */
  reserve(length: number): number {
    this.#usedBytes += length;
    if (this.#pageEnd + length > PAGE_BYTES) {
      // What is longer than a page gets one of its size, to which nothing is added.
      this.#pages.push(new Uint8Array(Math.max(PAGE_BYTES, length)));
      this.#pageEnd = 0;
    }
    const address = (this.#pages.length - 1) * PAGE_BYTES + this.#pageEnd;
    this.#pageEnd += length;
    return address;
  }

  /** Copies source[start, end) to `address`, where there must be room for it. */
  write(address: number, source: Uint8Array, start: number, end: number): void {
    const page = this.#page(address);
    let to = address % PAGE_BYTES;
    for (let from = start; from < end; from++) page[to++] = source[from] as number;
  }

  /** True if source[start, end) is what stands at `address`. Hot: some times per line. */
  equals(address: number, source: Uint8Array, start: number, end: number): boolean {
    const page = this.#page(address);
    let at = address % PAGE_BYTES;
    for (let from = start; from < end; from++) if (page[at++] !== source[from]) return false;
    return true;
  }

  /** The `length` bytes at `address`: a view, not to be written to. */
  view(address: number, length: number): Uint8Array {
    const start = address % PAGE_BYTES;
    return this.#page(address).subarray(start, start + length);
  }

  #page(address: number): Uint8Array {
    return this.#pages[Math.floor(address / PAGE_BYTES)] as Uint8Array;
  }
}
