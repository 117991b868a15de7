/** First in, first out: what waits in the bus, in either direction. */

/** Emptied slots are cut off once there are this many of them, and at least as many as filled ones. */
const CUT_AT = 1024;

export class Fifo<Item extends object> {
  readonly #slots: (Item | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#slots.length - this.#head;
  }

  push(item: Item): void {
    this.#slots.push(item);
  }

  first(): Item | undefined {
    return this.at(0);
  }

  last(): Item | undefined {
    return this.#slots[this.#slots.length - 1];
  }

  /** The item that is number `place` of those that wait, the first being 0. */
  at(place: number): Item | undefined {
    return this.#slots[this.#head + place];
  }

  /** Takes the first item out. Its slot is emptied at once, so that nothing keeps the item alive. */
  shift(): Item | undefined {
    const item = this.#slots[this.#head];
    if (item === undefined) return undefined;
    this.#slots[this.#head++] = undefined;
    if (this.#head >= CUT_AT && this.#head >= this.length) {
      this.#slots.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }
}
