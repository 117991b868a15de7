/**
 * Where the log goes: a stream that may be slow, full, closed, or not read by anybody. It is never waited for, and what
 * it does not take is bounded: lines beyond that are dropped, and how many is told once there is room again.
 */
import type { Clock } from "./clock.ts";
import { logLine } from "./log.ts";
import type { Sink } from "./sink.ts";

/** What waits in characters, besides what is being written. */
const HELD_MAX_CHARS = 1024 * 1024;

export class LogWriter {
  readonly #sink: Sink;
  readonly #clock: Clock;
  readonly #encoder = new TextEncoder();
  #held: string[] = [];
  #heldChars = 0;
  #droppedLines = 0;
  #isWriting = false;
  #onIdle: () => void = () => {};

  constructor(sink: Sink, clock: Clock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  /** Takes one line, newline-ended; or drops it, if too much waits. */
  readonly write = (line: string): void => {
    if (this.#heldChars + line.length > HELD_MAX_CHARS) {
      this.#droppedLines++;
      return;
    }
    this.#held.push(line);
    this.#heldChars += line.length;
    if (this.#isWriting) return;
    this.#isWriting = true;
    // Once for all that is told in one go.
    queueMicrotask(() => void this.#writeHeld());
  };

  /** Resolves once all that was taken is written, or refused by the stream; never, while nobody reads that. */
  async idle(): Promise<void> {
    if (this.#isWriting) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  async #writeHeld(): Promise<void> {
    while (this.#held.length > 0) {
      const lines = this.#held;
      const dropped = this.#droppedLines;
      this.#held = [];
      this.#heldChars = 0;
      this.#droppedLines = 0;
      const text = lines.join("") + this.#dropNotice(dropped);
      try {
        await this.#sink.write(this.#encoder.encode(text));
      } catch {
        // A disk may have room again; whoever closed a pipe is told nothing more, and needs nothing.
        this.#droppedLines += dropped + lines.length;
      }
    }
    this.#isWriting = false;
    this.#onIdle();
  }

  #dropNotice(lines: number): string {
    if (lines === 0) return "";
    return logLine(
      "WARN",
      `${lines} log lines dropped: standard error did not take them`,
      this.#clock,
    );
  }
}
