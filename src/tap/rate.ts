/** What has passed and what became of it: counted, and told as one line. */
import { countLines } from "../line/split.ts";
import type { Clock } from "../platform/clock.ts";

export class Rate {
  readonly #clock: Clock;
  #startMs: number;
  #lines = 0;
  #bytes = 0;
  #shownLines = 0;
  #droppedLines = 0;
  #missedLines = 0;
  /** As they were when the rate was last told. */
  #toldMs: number;
  #toldLines = 0;
  #toldBytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = this.#toldMs = clock.monotonicMs();
  }

  /** Time counts from here on. */
  start(): void {
    this.#startMs = this.#toldMs = this.#clock.monotonicMs();
  }

  addPassed(lines: number, bytes: number): void {
    this.#lines += lines;
    this.#bytes += bytes;
  }

  /** A payload passed that was not looked at: there was no time to. */
  addMissed(payload: Uint8Array): void {
    const lines = countLines(payload);
    this.addPassed(lines, payload.length);
    this.#missedLines += lines;
  }

  /** One of the lines that passed could not be judged: that would have taken too long. */
  addMissedLine(): void {
    this.#missedLines++;
  }

  addShown(): void {
    this.#shownLines++;
  }

  /** A line was to be shown, and the reader of standard output is too slow. */
  addDropped(): void {
    this.#droppedLines++;
  }

  /** Lines counted as shown are dropped after all. */
  takeBackShown(lines: number): void {
    this.#shownLines -= lines;
    this.#droppedLines += lines;
  }

  /** With the rates since it was last asked. */
  tell(): string {
    const nowMs = this.#clock.monotonicMs();
    const text = this.#describe({
      lines: this.#lines - this.#toldLines,
      bytes: this.#bytes - this.#toldBytes,
      seconds: (nowMs - this.#toldMs) / 1000,
    });
    this.#toldMs = nowMs;
    this.#toldLines = this.#lines;
    this.#toldBytes = this.#bytes;
    return text;
  }

  /** With the rates over all of the time. */
  tellAll(): string {
    const seconds = (this.#clock.monotonicMs() - this.#startMs) / 1000;
    const text = this.#describe({ lines: this.#lines, bytes: this.#bytes, seconds });
    return `${text}  in ${seconds.toFixed(1)} s`;
  }

  #describe({ lines, bytes, seconds }: { lines: number; bytes: number; seconds: number }): string {
    const perSecond = (count: number) => (seconds > 0 ? count / seconds : 0);
    const dropped = `dropped ${this.#droppedLines}`;
    return [
      `${Math.round(perSecond(lines))} lines/s`,
      `${inUnits(perSecond(bytes))}/s`,
      `passed ${this.#lines}`,
      `shown ${this.#shownLines}`,
      this.#droppedLines === 0 ? dropped : `${dropped} (output is read too slowly)`,
      ...(this.#missedLines === 0 ? [] : [`missed ${this.#missedLines} (too fast for tap)`]),
    ].join("  ");
  }
}

const UNITS = ["B", "KB", "MB", "GB"] as const;

/** Powers of 1024, as in the configuration; below ten with one decimal place. */
function inUnits(bytes: number): string {
  let amount = bytes;
  let power = 0;
  while (amount >= 1024 && power < UNITS.length - 1) {
    amount /= 1024;
    power++;
  }
  return `${amount.toFixed(power > 0 && amount < 10 ? 1 : 0)} ${UNITS[power]}`;
}
