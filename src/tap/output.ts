/**
 * What is on its way to a standard stream: gathered while a write is under way, bounded, never waited for. On a
 * terminal the last line may be a status, which is taken away in front of each write and put back behind it, within
 * that write, so that it never stands in the middle of something.
 */
import type { Sink } from "../platform/sink.ts";

export interface OutputOptions {
  /** Above so much that waits there is no room. */
  readonly heldMaxBytes: number;
  /** Called once, when the stream takes no more; nothing is written from then on. */
  readonly onFailed: (error: Error) => void;
}

const CAPACITY_FIRST_BYTES = 64 * 1024;
/** A character of a string takes so many bytes at most. */
const CHARACTER_MAX_BYTES = 3;
const NEWLINE = 0x0a;
/** Back to the first column, and everything from there on deleted. */
const ERASE_LINE = "\r\u001b[K";

export class Output {
  readonly #sink: Sink;
  readonly #options: OutputOptions;
  readonly #encoder = new TextEncoder();
  /** What is gathered is the first #length bytes, and holds #lines lines. */
  #gathered: Uint8Array = new Uint8Array(CAPACITY_FIRST_BYTES);
  #length = 0;
  #lines = 0;
  /** What the write under way does not use. */
  #spare: Uint8Array = new Uint8Array(CAPACITY_FIRST_BYTES);
  #linesUnderWay = 0;
  #status = "";
  #isStatusNew = false;
  #isStatusShown = false;
  #isWriting = false;
  #isFlushDue = false;
  #hasFailed = false;
  #onIdle: () => void = () => {};

  constructor(sink: Sink, options: OutputOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  /** False while the stream is too slow: what is added now would make what waits grow beyond its limit. */
  hasRoom(): boolean {
    return this.#length < this.#options.heldMaxBytes;
  }

  /** Lines added that are not known to be written. */
  get heldLines(): number {
    return this.#lines + this.#linesUnderWay;
  }

  /** Copies payload[start, end), and a newline. Ask {@link Output.hasRoom} first. Hot: once per line shown. */
  addLine(payload: Uint8Array, start: number, end: number): void {
    this.#makeRoom(end - start + 1);
    this.#gathered.set(payload.subarray(start, end), this.#length);
    this.#length += end - start;
    this.#gathered[this.#length++] = NEWLINE;
    this.#lines++;
    this.#flushSoon();
  }

  /** A line as it is to be shown, and a newline. Ask {@link Output.hasRoom} first. */
  addShownLine(text: string): void {
    this.#addText(`${text}\n`);
    this.#lines++;
    this.#flushSoon();
  }

  /** What is said besides, newline-ended. Lost, if there is no room: the stream takes nothing. */
  addMessage(text: string): void {
    if (!this.hasRoom()) return;
    this.#addText(text);
    this.#flushSoon();
  }

  /** The line in place, from now on; empty: none. The stream must be a terminal. */
  setStatus(text: string): void {
    this.#status = text;
    this.#isStatusNew = true;
    this.#flushSoon();
  }

  /** Resolves once everything that was added is written, or never will be. */
  async idle(): Promise<void> {
    if (this.#hasFailed || (!this.#isWriting && !this.#isFlushDue)) return;
    await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  #addText(text: string): void {
    this.#makeRoom(text.length * CHARACTER_MAX_BYTES);
    this.#encode(text);
  }

  /** For so many bytes, and for what takes the status away in front of the first of them. */
  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes + ERASE_LINE.length;
    if (needed > this.#gathered.length) {
      const doubled = Math.min(2 * this.#gathered.length, this.#options.heldMaxBytes);
      const larger = new Uint8Array(Math.max(needed, doubled));
      larger.set(this.#gathered.subarray(0, this.#length));
      this.#gathered = larger;
    }
    if (this.#length === 0 && this.#isStatusShown) this.#encode(ERASE_LINE);
  }

  #encode(text: string): void {
    const free = this.#gathered.subarray(this.#length);
    this.#length += this.#encoder.encodeInto(text, free).written;
  }

  /** Once for all that is added in one go. */
  #flushSoon(): void {
    if (this.#isFlushDue || this.#isWriting) return;
    this.#isFlushDue = true;
    queueMicrotask(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    this.#isFlushDue = false;
    this.#isWriting = true;
    while (!this.#hasFailed && (this.#length > 0 || this.#isStatusNew)) {
      await this.#writeGathered().catch((error: Error) => {
        this.#hasFailed = true;
        this.#options.onFailed(error);
      });
    }
    this.#isWriting = false;
    this.#onIdle();
  }

  async #writeGathered(): Promise<void> {
    this.#addText(this.#status);
    this.#isStatusShown = this.#status !== "";
    this.#isStatusNew = false;
    const bytes = this.#gathered.subarray(0, this.#length);
    this.#linesUnderWay = this.#lines;
    [this.#gathered, this.#spare] = [this.#spare, this.#gathered];
    this.#length = 0;
    this.#lines = 0;
    await this.#sink.write(bytes);
    this.#linesUnderWay = 0;
  }
}
