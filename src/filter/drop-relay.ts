/** What a thread of the filter drops, gathered for the component, whose log tells of all threads together. */
import type { Drops } from "../platform/drops.ts";

/** Plain data: it crosses between threads. */
export interface DroppedLines {
  readonly reason: string;
  readonly where: string;
  readonly lines: number;
  /** Of the first of them, or empty. */
  readonly sample: string;
}

export class DropRelay implements Drops {
  readonly #dropped = new Map<string, DroppedLines>();

  drop(reason: string, lines: number, where: string, sample?: () => string): void {
    const key = `${where}\n${reason}`;
    const earlier = this.#dropped.get(key) ?? { reason, where, lines: 0, sample: sample?.() ?? "" };
    this.#dropped.set(key, { ...earlier, lines: earlier.lines + lines });
  }

  /** What was dropped since the last time. */
  take(): readonly DroppedLines[] {
    const dropped = [...this.#dropped.values()];
    this.#dropped.clear();
    return dropped;
  }
}
