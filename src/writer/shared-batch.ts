/**
 * The one batch that all subscriptions of a writer fill, and the lanes that empty it.
 *
 * A batch that is full or old goes to a free lane; there are `workers` of them. While none is free, a full batch
 * holds the deliveries back: their handlers return promises, and what comes behind them waits, bounded and counted,
 * in the bus's pending queues. So a writer holds at most `workers` + 1 batches here, whatever InfluxDB does, beside
 * those that the retry queue has taken over; the request that carries a batch holds a copy of it.
 */
import { Batch, type BatchLimits } from "../batch/batch.ts";
import { cutAtLineEnds } from "../batch/chunk.ts";
import type { Delivery } from "../bus/bus.ts";
import { countLines, endedLength, withFinalNewline } from "../line/split.ts";
import type { Clock } from "../platform/clock.ts";
import type { WriterCounters } from "./counters.ts";
import type { OutgoingBatch } from "./lane.ts";
import type { OnPiece, SelectLines } from "./select.ts";

export interface SharedBatchOptions {
  readonly limits: BatchLimits;
  /** What `limits.countMax` counts, as in 1.x: matching lines where there are rules, messages where there are none. */
  readonly countOf: "lines" | "messages";
  /** How many batches may be on their way at the same time. */
  readonly workers: number;
  readonly select: SelectLines;
  /**
   * Takes one batch over. Resolves when its lane is free again, with whether the next batch may be written over the
   * memory of this one; never rejects.
   */
  readonly write: (batch: OutgoingBatch) => Promise<boolean>;
  readonly counters: WriterCounters;
  readonly clock: Clock;
}

export class SharedBatch {
  readonly #options: SharedBatchOptions;
  readonly #batch: Batch;
  readonly #linesMax: number;
  /** The deliveries with lines in the batch; only their `done` is kept, so that their payloads can go. */
  #done = new Set<() => void>();
  #freeLanes: number;
  /** To be sent as soon as a lane is free; until then more may be added, if it is only old. */
  #isDue = false;
  /** Due, and nothing more may be added. */
  #isFull = false;
  #isGivenUp = false;
  /** Resolved, and replaced, whenever a batch left or a lane became free. */
  #progress = Promise.withResolvers<void>();

  constructor(options: SharedBatchOptions) {
    this.#options = options;
    this.#freeLanes = options.workers;
    const { limits, countOf, clock } = options;
    this.#linesMax = countOf === "lines" ? limits.countMax : Infinity;
    const countMax = countOf === "lines" ? Infinity : limits.countMax;
    this.#batch = new Batch({ ...limits, countMax }, clock, () => this.#sendWhenFree());
  }

  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Takes one delivery in. A returned promise resolves once there was room for all of it. Hot: once per message. */
  deliver(delivery: Delivery): void | Promise<void> {
    const { payload } = delivery;
    this.#options.counters.add("received");
    this.#options.counters.add("received_bytes", payload.length);
    if (this.#isGivenUp) return this.#drop(delivery);
    if (this.#isFull || !this.#fits(payload)) return this.#addWithRoom(delivery);
    this.#addWhole(delivery);
  }

  /** Sends what is there, however little, and resolves once no line is in the batch or in a lane. */
  async finish(): Promise<void> {
    for (;;) {
      this.#sendWhenFree();
      if (this.#batch.isEmpty && this.#freeLanes === this.#options.workers) return;
      await this.#progress.promise;
    }
  }

  /** Drops what is in the batch, and from now on whatever is delivered; all of it is counted. */
  giveUp(): void {
    this.#isGivenUp = true;
    const { lines } = this.#batch.take();
    this.#options.counters.add("dropped_stop_lines", lines);
    for (const reportDone of this.#startNext()) reportDone();
  }

  #addWhole(delivery: Delivery): void {
    const linesBefore = this.#batch.lines;
    this.#options.select(delivery.payload, this.#addPiece);
    if (this.#batch.lines === linesBefore) return delivery.done();
    this.#done.add(delivery.done);
    if (this.#isFull) this.#sendWhenFree();
  }

  readonly #addPiece: OnPiece = (payload, start, end, lines) => {
    const isFull = this.#batch.add(payload, lines, start, end);
    if (isFull || this.#batch.lines >= this.#linesMax) this.#isFull = true;
  };

  async #addWithRoom(delivery: Delivery): Promise<void> {
    while (this.#isFull && !this.#isGivenUp) await this.#progress.promise;
    if (this.#isGivenUp) return this.#drop(delivery);
    if (this.#fits(delivery.payload)) return this.#addWhole(delivery);
    const share = shareDone(delivery.done);
    for (const piece of this.#cut(delivery.payload)) {
      while (!this.#hasRoom(piece)) {
        this.#isFull = true;
        this.#sendWhenFree();
        if (this.#isFull) await this.#progress.promise;
      }
      this.#addShare(piece, share);
    }
    share.release();
    if (this.#isFull) this.#sendWhenFree();
  }

  #addShare(piece: Uint8Array, share: SharedDone): void {
    const lines = countLines(piece);
    if (this.#isGivenUp) return this.#options.counters.add("dropped_stop_lines", lines);
    this.#addPiece(piece, 0, piece.length, lines);
    if (this.#done.has(share.release)) return;
    share.hold();
    this.#done.add(share.release);
  }

  /** Once given up there is no time to look at lines: all of them count as dropped by stopping. */
  #drop(delivery: Delivery): void {
    const lines = countLines(delivery.payload);
    this.#options.counters.add("received_lines", lines);
    this.#options.counters.add("dropped_stop_lines", lines);
    delivery.done();
  }

  /** What is to be written of `payload`, in views no longer than one request may be; a line longer than that is one of them. */
  #cut(payload: Uint8Array): Uint8Array[] {
    const { sizeMaxBytes } = this.#options.limits;
    const pieces: Uint8Array[] = [];
    const keep = (piece: Uint8Array) => void pieces.push(piece);
    this.#options.select(payload, (_, start, end) => {
      const piece = payload.subarray(start, end);
      const mayBeCut = piece.length >= sizeMaxBytes;
      cutAtLineEnds(mayBeCut ? withFinalNewline(piece) : piece, sizeMaxBytes, keep, keep);
    });
    return pieces;
  }

  /** A piece that alone exceeds the limit has room in an empty batch. */
  #hasRoom(piece: Uint8Array): boolean {
    return this.#isGivenUp || this.#batch.isEmpty || this.#fits(piece);
  }

  #fits(payload: Uint8Array): boolean {
    return this.#batch.fits(endedLength(payload, 0, payload.length));
  }

  #sendWhenFree(): void {
    if (this.#batch.isEmpty) return;
    this.#isDue = true;
    if (this.#freeLanes === 0) return;
    this.#freeLanes--;
    const { payload, lines } = this.#batch.take();
    const done = this.#startNext();
    void this.#options.write({ payload, lines, done }).then((isReusable) => {
      if (isReusable) this.#batch.reuse(payload);
      this.#freeLanes++;
      if (this.#isDue) this.#sendWhenFree();
      this.#signalProgress();
    });
  }

  /** The batch was taken: the next one starts. Returns the deliveries that had lines in it. */
  #startNext(): Set<() => void> {
    const done = this.#done;
    this.#done = new Set();
    this.#isDue = false;
    this.#isFull = false;
    this.#signalProgress();
    return done;
  }

  #signalProgress(): void {
    this.#progress.resolve();
    this.#progress = Promise.withResolvers();
  }
}

interface SharedDone {
  hold(): void;
  readonly release: () => void;
}

/** For a delivery whose lines go to several batches: calls `done` once each holder, its maker the first, has released it. */
function shareDone(done: () => void): SharedDone {
  let holders = 1;
  return {
    hold: () => void holders++,
    release: () => {
      if (--holders === 0) done();
    },
  };
}
