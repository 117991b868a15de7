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
export type Outcome = "kept" | "kept-apart" | "too-long" | Lack;

type Lack = "too-many" | "too-many-names" | "too-large";

/** A name and its labels as they are printed. Those of real counters have some hundred characters. */
export const COUNTER_MAX_CHARS = 8192;
/** A name and the kind of component that tells it, which together are one on the page as well. Real ones have some thirty. */
export const NAME_MAX_CHARS = 128;
/** So many of those. A name stands on the page six times if it has but one value; real sites have some hundred names. */
export const NAMES_MAX = 2000;

interface Known {
  /** Name and labels. */
  readonly key: string;
  readonly nameLength: number;
  readonly kind: Kind;
  /** Undefined if the labels name no component. */
  readonly source: Source | undefined;
  value: number;
  startedMs: number | undefined;
  /** On the clock that only grows. */
  heardAtMs: number;
}

/** All counters of one name that components of one kind tell. */
interface Kind {
  readonly name: string;
  count: number;
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
  readonly #kinds = new Map<string, Kind>();
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
    const { name } = sample;
    const isTooLong = name.length + printed.length > COUNTER_MAX_CHARS;
    if (isTooLong || kindOf(sample).length > NAME_MAX_CHARS) return "too-long";
    const known = this.#known.get(name + printed);
    if (known !== undefined && this.#isTwinOf(known, sample)) {
      const labels = labelsApart(sample);
      const key = name + printLabels(labels);
      const outcome = this.#keep(this.#known.get(key), key, { ...sample, labels });
      return outcome === "kept" ? "kept-apart" : outcome;
    }
    return this.#keep(known, name + printed, sample);
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
      const kindName = kindOf(sample);
      const refusal = this.#refusal(key, kindName, sourceLabels);
      if (refusal !== undefined) return refusal;
      const source = this.#source(sourceLabels, heardAtMs);
      const kind = this.#kind(kindName);
      const nameLength = name.length;
      this.#known.set(key, { key, nameLength, kind, source, value, startedMs, heardAtMs });
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
  #refusal(key: string, kindName: string, sourceLabels: string): Lack | undefined {
    const first = this.#lack(key, kindName, sourceLabels);
    if (first === undefined) return undefined;
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#forgottenAtMs < FORGET_INTERVAL_MS) return first;
    this.#forgottenAtMs = nowMs;
    this.#forget();
    return this.#lack(key, kindName, sourceLabels);
  }

  #lack(key: string, kindName: string, sourceLabels: string): Lack | undefined {
    const { max, maxBytes } = this.#options;
    if (this.#known.size >= max) return "too-many";
    if (this.#kinds.size >= NAMES_MAX && !this.#kinds.has(kindName)) return "too-many-names";
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

  #kind(name: string): Kind {
    let kind = this.#kinds.get(name);
    if (kind === undefined) {
      kind = { name, count: 0 };
      this.#kinds.set(name, kind);
    }
    kind.count++;
    return kind;
  }

  /** What was not heard of since then is as good as forgotten. */
  #oldestMs(): number {
    const { expiryMs, clock } = this.#options;
    return clock.monotonicMs() - expiryMs;
  }

  /** A component is heard of whenever one of its counters is, so that none is forgotten before all of those are. */
  #forget(): void {
    const oldestMs = this.#oldestMs();
    for (const [key, { heardAtMs, kind }] of this.#known) {
      if (heardAtMs > oldestMs) continue;
      this.#known.delete(key);
      this.#bytes -= bytesOf(key);
      if (--kind.count === 0) this.#kinds.delete(kind.name);
    }
    for (const [labels, { heardAtMs }] of this.#sources) {
      if (heardAtMs > oldestMs) continue;
      this.#sources.delete(labels);
      this.#bytes -= bytesOf(labels);
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

function kindOf({ name, labels: { component = "" } }: Sample): string {
  return `${component} ${name}`;
}

/** What names the component; empty if none is named. */
function sourceOf({ component = "", host = "", name = "", started = "" }: Labels): string {
  return component === "" ? "" : printLabels({ component, host, name, started });
}

/** What a text takes in the runtime's memory, or on the page if that is more. */
function bytesOf(text: string): number {
  const isLatin1 = /^[\0-\xff]*$/.test(text);
  return Math.max(isLatin1 ? text.length : 2 * text.length, Buffer.byteLength(text));
}
