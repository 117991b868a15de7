/**
 * A batch: payloads gathered as bytes until their count, their size or their age says enough.
 *
 * The batch never publishes or writes by itself: `add` says when it is full, `onAge` when it is old, and whoever
 * owns it calls `take`, which gives the buffer away; a batch never writes into bytes that it has handed out, unless
 * they are given back.
 */
import { endedLength, NEWLINE } from "../line/split.ts";
import type { Cancel, Clock } from "../platform/clock.ts";

export interface BatchLimits {
  /** Full at this many payloads. */
  readonly countMax: number;
  /** Never holds more bytes than this; what does not fit starts the next batch. */
  readonly sizeMaxBytes: number;
  /** Counted from the first payload. */
  readonly ageMaxMs: number;
}

/** What `take` hands over: the caller owns the bytes. */
export interface TakenBatch {
  readonly payload: Uint8Array;
  /** How many payloads were added. */
  readonly count: number;
  /** How many lines, as the adders counted them. */
  readonly lines: number;
}

const BUFFER_MIN_BYTES = 4096;
/** Room beyond the largest of the last batches, so that steady traffic allocates once a batch, and copies once. */
const HEADROOM = 1 / 8;
/** How much of what a larger batch needed is forgotten with each smaller one. */
const FORGOTTEN = 1 / 16;

export class Batch {
  readonly #limits: BatchLimits;
  readonly #clock: Clock;
  readonly #onAge: () => void;
  #buffer: Uint8Array = new Uint8Array(0);
  #sizeBytes = 0;
  #count = 0;
  #lines = 0;
  /** About the size of the last batches. */
  #usualBytes = 0;
  #cancelAge: Cancel | undefined;
  /** For the next batch to be written over. */
  #spare: Uint8Array | undefined;

  constructor(limits: BatchLimits, clock: Clock, onAge: () => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#onAge = onAge;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get lines(): number {
    return this.#lines;
  }

  /** True if `bytes` more (a newline that has to be added included) stay within the size limit. */
  fits(bytes: number): boolean {
    return this.#sizeBytes + bytes <= this.#limits.sizeMaxBytes;
  }

  /**
   * Copies payload[start, end) in, and a newline behind it if it ends without one. `lines` is how many lines that
   * is; the piece counts as one payload. True when the batch is now full: take it. Hot: once per payload.
   */
  add(payload: Uint8Array, lines: number, start = 0, end: number = payload.length): boolean {
    const length = end - start;
    const withNewline = endedLength(payload, start, end);
    this.#reserve(withNewline);
    this.#buffer.set(
      length === payload.length ? payload : payload.subarray(start, end),
      this.#sizeBytes,
    );
    this.#sizeBytes += withNewline;
    if (withNewline > length) this.#buffer[this.#sizeBytes - 1] = NEWLINE;
    this.#lines += lines;
    if (this.#count++ === 0) {
      this.#cancelAge = this.#clock.after(this.#limits.ageMaxMs, this.#onAge);
    }
    return this.#count >= this.#limits.countMax || this.#sizeBytes >= this.#limits.sizeMaxBytes;
  }

  /** Gives the bytes away and starts an empty batch. The payload of an empty batch has no bytes. */
  take(): TakenBatch {
    const isMostlyUsed = this.#sizeBytes * 2 >= this.#buffer.length;
    const taken = {
      // What keeps the payload keeps its whole buffer, so a small part of it is copied out.
      payload: isMostlyUsed
        ? this.#buffer.subarray(0, this.#sizeBytes)
        : this.#buffer.slice(0, this.#sizeBytes),
      count: this.#count,
      lines: this.#lines,
    };
    this.#usualBytes = Math.max(this.#sizeBytes, this.#usualBytes * (1 - FORGOTTEN));
    this.#buffer = new Uint8Array(0);
    this.#sizeBytes = 0;
    this.#count = 0;
    this.#lines = 0;
    this.#cancelAge?.();
    this.#cancelAge = undefined;
    return taken;
  }

  /** `payload`, which {@link Batch.take} gave away, has come back: it is kept for the next batch to be written over. */
  reuse(payload: Uint8Array): void {
    this.#spare = new Uint8Array(payload.buffer);
  }

  /** A batch starts with what the last ones needed, and doubles from there, up to what it may hold at all. */
  #reserve(bytes: number): void {
    const needed = this.#sizeBytes + bytes;
    if (needed <= this.#buffer.length) return;
    if (this.#sizeBytes === 0 && this.#spare !== undefined) {
      this.#buffer = this.#spare;
      this.#spare = undefined;
      return this.#reserve(bytes);
    }
    const wanted = Math.max(
      BUFFER_MIN_BYTES,
      this.#buffer.length * 2,
      Math.ceil(this.#usualBytes * (1 + HEADROOM)),
    );
    const grown = new Uint8Array(Math.max(needed, Math.min(wanted, this.#limits.sizeMaxBytes)));
    grown.set(this.#buffer.subarray(0, this.#sizeBytes));
    this.#buffer = grown;
  }
}
