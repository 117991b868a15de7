/**
 * How the log tells of what is dropped: each reason by itself, so that a new one is never hidden behind an old one; at once
 * the first time, then once an interval for as long as it goes on, with how much there was since; and at the end the rest.
 * Counting is the caller's.
 */
import type { Cancel, Clock } from "./clock.ts";
import { formatTime, type Log } from "./log.ts";

/** Hears of lines that are dropped. */
export interface Drops {
  /**
   * So many `lines` are gone, those of a whole batch at once (0 is no news), for `reason`; both texts hold nothing that
   * differs from one line to the next. `where`: "from [spout]", "of UDP port 10001". `sample` gives one of the lines, made harmless; it is called at
   * once or never.
   */
  drop(reason: string, lines: number, where: string, sample?: () => string): void;
}

/** What the log is to say, with how many there were, and since when. */
export interface DropKind {
  /** ERROR: data is lost. WARN: whoever sent it knows, and has it still. */
  readonly level: "warn" | "error";
  readonly verb: "dropped" | "lost" | "refused";
  /** One of them. */
  readonly noun: string;
  readonly reason: string;
  readonly where: string;
}

/** How often one reason may be told. */
export const TOLD_INTERVAL_MS = 10_000;

/** So many reasons at a time are told by themselves: some of them are in the words of others. */
const REASONS_MAX = 64;

const OTHERS = { reason: "other reasons, of which there are too many", where: "" };

export class DropLog implements Drops {
  readonly #log: Log;
  readonly #clock: Clock;
  /** Those that are going on. */
  readonly #bursts = new Map<string, Burst>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  drop(reason: string, lines: number, where: string, sample?: () => string): void {
    this.tell({ level: "error", verb: "dropped", noun: "line", reason, where }, lines, sample);
  }

  /** The same for what is not lines, or not dropped. */
  tell(kind: DropKind, count: number, sample: () => string = noSample): void {
    if (count === 0) return;
    const burst = this.#bursts.get(keyOf(kind)) ?? this.#begin(kind);
    burst.add(count, sample);
  }

  /** Tells what is held back: at a stop. */
  flush(): void {
    for (const burst of this.#bursts.values()) burst.end();
  }

  #begin(kind: DropKind): Burst {
    const told = this.#bursts.size < REASONS_MAX ? kind : { ...kind, ...OTHERS };
    const key = keyOf(told);
    const shared = this.#bursts.get(key);
    if (shared !== undefined) return shared;
    const burst = new Burst(told, this.#log, this.#clock, () => this.#bursts.delete(key));
    this.#bursts.set(key, burst);
    return burst;
  }
}

/** One reason, from its first line until an interval brings none. */
class Burst {
  readonly #kind: DropKind;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  readonly #beganMs: number;
  #total = 0;
  #toldAtMs = 0;
  #held = 0;
  /** The first of those held back. */
  #heldSample = "";
  #cancel: Cancel = () => {};

  constructor(kind: DropKind, log: Log, clock: Clock, onEnd: () => void) {
    this.#kind = kind;
    this.#log = log;
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#beganMs = clock.nowMs();
  }

  add(count: number, sample: () => string): void {
    const isFirst = this.#total === 0;
    this.#total += count;
    if (this.#held === 0) this.#heldSample = sample();
    this.#held += count;
    if (isFirst) this.#tell("");
  }

  end(): void {
    this.#cancel();
    if (this.#held > 0) this.#tellHeld();
    this.#cancel();
    this.#onEnd();
  }

  readonly #look = (): void => {
    if (this.#held > 0) this.#tellHeld();
    else this.#onEnd();
  };

  #tellHeld(): void {
    const seconds = Math.max(1, Math.round((this.#clock.monotonicMs() - this.#toldAtMs) / 1000));
    const began = formatTime(new Date(this.#beganMs));
    this.#tell(` in ${seconds} s (${this.#total} since ${began})`);
  }

  #tell(since: string): void {
    const { level, verb, noun, reason, where } = this.#kind;
    const count = `${this.#held}${since === "" ? "" : " more"} ${noun}${this.#held === 1 ? "" : "s"}`;
    const place = where === "" ? "" : ` ${where}`;
    const sample = this.#heldSample === "" ? "" : `, such as ${this.#heldSample}`;
    this.#log[level](`${verb} ${count}${place}${since}: ${reason}${sample}`);
    this.#held = 0;
    this.#heldSample = "";
    this.#toldAtMs = this.#clock.monotonicMs();
    this.#cancel = this.#clock.after(TOLD_INTERVAL_MS, this.#look);
  }
}

function keyOf({ verb, noun, reason, where }: DropKind): string {
  return [verb, noun, where, reason].join("\n");
}

function noSample(): string {
  return "";
}
