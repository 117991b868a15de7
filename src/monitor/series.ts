/** The newest value of every counter that was heard of lately: bounded in number and in age. */
import { type Labels, printLabels, type Sample } from "../metrics/samples.ts";
import type { Clock } from "../platform/clock.ts";

export interface SeriesOptions {
  /** What is told beyond so many different names and labels is dropped. */
  readonly max: number;
  /** What was not told again for so long is forgotten. */
  readonly expiryMs: number;
  readonly clock: Clock;
}

interface Known {
  readonly sample: Sample;
  /** On the clock that only grows. */
  readonly heardAtMs: number;
}

/** One component, as its labels name it, and when it last told anything: milliseconds since 1970. */
export interface LastReport {
  readonly labels: Labels;
  readonly onMs: number;
}

export class Series {
  readonly #options: SeriesOptions;
  /** By name and labels, the one not heard of for the longest time first. */
  readonly #known = new Map<string, Known>();

  constructor(options: SeriesOptions) {
    this.#options = options;
  }

  /** Replaces the value that the same counter had, whatever that was. False if there is no room for another counter. */
  put(sample: Sample): boolean {
    const { max, clock } = this.#options;
    const key = sample.name + printLabels(sample.labels);
    const isNew = !this.#known.delete(key);
    if (isNew && this.#known.size >= max) {
      this.#forget();
      if (this.#known.size >= max) return false;
    }
    this.#known.set(key, { sample, heardAtMs: clock.monotonicMs() });
    return true;
  }

  samples(): Sample[] {
    this.#forget();
    return Array.from(this.#known.values(), ({ sample }) => sample);
  }

  lastReports(): LastReport[] {
    this.#forget();
    const { clock } = this.#options;
    // What the wall clock would have shown then, had it been as it is now: it may have been set since.
    const startedOnMs = clock.nowMs() - clock.monotonicMs();
    const reports = new Map<string, LastReport>();
    for (const { sample, heardAtMs } of this.#known.values()) {
      const { component = "", host = "", name = "" } = sample.labels;
      if (component === "") continue;
      // Later ones stand behind earlier ones.
      const labels = { component, host, name };
      reports.set(printLabels(labels), { labels, onMs: startedOnMs + heardAtMs });
    }
    return [...reports.values()];
  }

  #forget(): void {
    const { expiryMs, clock } = this.#options;
    const oldestMs = clock.monotonicMs() - expiryMs;
    for (const [key, { heardAtMs }] of this.#known) {
      if (heardAtMs > oldestMs) return;
      this.#known.delete(key);
    }
  }
}
