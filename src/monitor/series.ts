/** The newest value of every counter that was heard of lately: bounded in number, in bytes and in age. */
import type { PageSample } from "../metrics/page.ts";
import { type Labels, printLabels, type Sample } from "../metrics/samples.ts";
import type { Clock } from "../platform/clock.ts";

export interface SeriesOptions {
  /** What is told beyond so many different names and labels is dropped. */
  readonly max: number;
  /** And what is told beyond so many bytes of names and labels. */
  readonly maxBytes: number;
  /** What was not told again for so long is forgotten. */
  readonly expiryMs: number;
  readonly clock: Clock;
}

/**
 * `kept-apart`: kept with a label of its own, for a process that was started later tells the same counter. The others say
 * why the value was dropped.
 */
export type Outcome = "kept" | "kept-apart" | "too-long" | "too-many" | "too-large";

/** A name and its labels as they are printed. Those of real counters have some hundred. */
export const COUNTER_MAX_CHARS = 8192;

interface Known {
  /** Name and labels. */
  readonly key: string;
  readonly nameLength: number;
  /** Undefined if the labels name no component. */
  readonly source: Source | undefined;
  value: number;
  startedMs: number | undefined;
  /** On the clock that only grows. */
  heardAtMs: number;
}

/** Who told something: a component. */
interface Source {
  /** Its labels as they are printed. */
  readonly labels: string;
  /** On the clock that only grows. */
  heardAtMs: number;
}

/** One component, by its printed labels, and when it last told anything: milliseconds since 1970. */
export interface LastReport {
  readonly labels: string;
  readonly onMs: number;
}

/** While there is no room, what may be forgotten is looked for so often: it means looking at everything. */
const FORGET_INTERVAL_MS = 1000;

export class Series {
  readonly #options: SeriesOptions;
  readonly #known = new Map<string, Known>();
  readonly #sources = new Map<string, Source>();
  /** Of all keys, and of the labels of all sources. */
  #bytes = 0;
  #forgottenAtMs = -Infinity;

  constructor(options: SeriesOptions) {
    this.#options = options;
  }

  /**
   * Replaces the value that the same counter had, whatever that was. `printed` are its labels as {@link printLabels} prints
   * them, for who has them.
   */
  put(sample: Sample, printed = printLabels(sample.labels)): Outcome {
    if (sample.name.length + printed.length > COUNTER_MAX_CHARS) return "too-long";
    const known = this.#known.get(sample.name + printed);
    if (known !== undefined && this.#isTwinOf(known, sample)) {
      const labels = labelsApart(sample);
      const key = sample.name + printLabels(labels);
      const outcome = this.#keep(this.#known.get(key), key, { ...sample, labels });
      return outcome === "kept" ? "kept-apart" : outcome;
    }
    return this.#keep(known, sample.name + printed, sample);
  }

  /** How a sample that is not kept here would stand among those that are. */
  show(sample: Sample): PageSample {
    const { name, labels, value } = sample;
    const printed = printLabels(labels);
    const known = this.#known.get(name + printed);
    const isApart = known !== undefined && this.#isTwinOf(known, sample);
    return { name, labels: isApart ? printLabels(labelsApart(sample)) : printed, value };
  }

  /** Those that are known now, each with the value that it has when it is taken. */
  samples(): Iterable<PageSample> {
    this.#forget();
    return samplesFrom([...this.#known.values()]);
  }

  lastReports(): readonly LastReport[] {
    this.#forget();
    const { clock } = this.#options;
    // What the wall clock would have shown then, had it been as it is now: it may have been set since.
    const startedOnMs = clock.nowMs() - clock.monotonicMs();
    return Array.from(this.#sources.values(), ({ labels, heardAtMs }) => ({
      labels,
      onMs: startedOnMs + heardAtMs,
    }));
  }

  /** True if `known` is told by a process that was started later than that of `sample`. */
  #isTwinOf(known: Known, { startedMs }: Sample): boolean {
    if (startedMs === undefined || known.startedMs === undefined) return false;
    return known.startedMs > startedMs && known.heardAtMs > this.#oldestMs();
  }

  #keep(known: Known | undefined, key: string, sample: Sample): Outcome {
    const { clock } = this.#options;
    const heardAtMs = clock.monotonicMs();
    if (known === undefined) {
      const { name, labels, value, startedMs } = sample;
      const sourceLabels = sourceOf(labels);
      const refusal = this.#refusal(key, sourceLabels);
      if (refusal !== undefined) return refusal;
      const source = this.#source(sourceLabels, heardAtMs);
      const nameLength = name.length;
      this.#known.set(key, { key, nameLength, source, value, startedMs, heardAtMs });
      this.#bytes += bytesOf(key);
      return "kept";
    }
    known.value = sample.value;
    known.startedMs = sample.startedMs;
    known.heardAtMs = heardAtMs;
    if (known.source !== undefined) known.source.heardAtMs = heardAtMs;
    return "kept";
  }

  /** Why there is no room for another counter; undefined if there is, perhaps after forgetting others. */
  #refusal(key: string, sourceLabels: string): "too-many" | "too-large" | undefined {
    const first = this.#lack(key, sourceLabels);
    if (first === undefined) return undefined;
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#forgottenAtMs < FORGET_INTERVAL_MS) return first;
    this.#forgottenAtMs = nowMs;
    this.#forget();
    return this.#lack(key, sourceLabels);
  }

  #lack(key: string, sourceLabels: string): "too-many" | "too-large" | undefined {
    const { max, maxBytes } = this.#options;
    if (this.#known.size >= max) return "too-many";
    const isNewSource = sourceLabels !== "" && !this.#sources.has(sourceLabels);
    const bytes = bytesOf(key) + (isNewSource ? bytesOf(sourceLabels) : 0);
    return this.#bytes + bytes > maxBytes ? "too-large" : undefined;
  }

  #source(labels: string, heardAtMs: number): Source | undefined {
    if (labels === "") return undefined;
    let source = this.#sources.get(labels);
    if (source === undefined) {
      source = { labels, heardAtMs };
      this.#sources.set(labels, source);
      this.#bytes += bytesOf(labels);
    }
    source.heardAtMs = heardAtMs;
    return source;
  }

  /** What was not heard of since then is as good as forgotten. */
  #oldestMs(): number {
    const { expiryMs, clock } = this.#options;
    return clock.monotonicMs() - expiryMs;
  }

  /** A component is heard of whenever one of its counters is, so that none is forgotten before all of those are. */
  #forget(): void {
    const oldestMs = this.#oldestMs();
    for (const map of [this.#known, this.#sources]) {
      for (const [key, { heardAtMs }] of map) {
        if (heardAtMs > oldestMs) continue;
        map.delete(key);
        this.#bytes -= bytesOf(key);
      }
    }
  }
}

function* samplesFrom(known: readonly Known[]): Generator<PageSample, void> {
  for (const { key, nameLength, value } of known) {
    yield { name: key.slice(0, nameLength), labels: key.slice(nameLength), value };
  }
}

/** As those of a component that was started earlier than another one with the same labels. */
function labelsApart({ labels, startedMs = 0 }: Sample): Labels {
  return { ...labels, started: new Date(startedMs).toISOString() };
}

/** What names the component; empty if none is named. */
function sourceOf({ component = "", host = "", name = "", started = "" }: Labels): string {
  return component === "" ? "" : printLabels({ component, host, name, started });
}

/** What a text takes in the runtime's memory. */
function bytesOf(text: string): number {
  return /^[\0-\xff]*$/.test(text) ? text.length : 2 * text.length;
}
