/**
 * Several subscriptions of one receiver whose patterns overlap (`a.*` and `*.b`): the server sends a message of `a.b` for
 * each of them, and the receiver wants it once.
 */
import type { Subscription } from "./bus.ts";
import { patternsOverlap, subjectMatches } from "./subject.ts";

export class Overlaps {
  /** For each pattern those before it that it overlaps with; mostly none. */
  readonly #earlier: readonly (readonly string[])[];
  readonly #confirmed = new Map<string, Pick<Subscription, "isAllowed">>();

  /** Of patterns that share a queue group nothing is doubled: the server sends a message to one member of the group. */
  constructor(patterns: readonly string[], queueGroup = "") {
    this.#earlier = patterns.map((pattern, index) =>
      queueGroup === ""
        ? patterns.slice(0, index).filter((other) => patternsOverlap(other, pattern))
        : [],
    );
  }

  /** The server has confirmed the subscription: from now on, while it is allowed, it brings what others may leave to it. */
  confirm(pattern: string, subscription: Pick<Subscription, "isAllowed">): void {
    this.#confirmed.set(pattern, subscription);
  }

  /**
   * True if what came on `subject` by the subscription of that index comes by an earlier one too, which is the one to take
   * it. Hot: once per message.
   */
  isDouble(index: number, subject: string): boolean {
    const earlier = this.#earlier[index];
    if (earlier === undefined || earlier.length === 0) return false;
    return earlier.some(
      (pattern) =>
        this.#confirmed.get(pattern)?.isAllowed() === true && subjectMatches(pattern, subject),
    );
  }
}
