/**
 * Batches that could not be written and may be later. Each waits for a time of its own, from the interval up and twice
 * as long after each failure, and then goes out again over a lane; these lanes are the queue's own, so that no new batch
 * ever waits for one that failed. At the end of the time-out there is one last try.
 *
 * What waits is bounded in batches and in bytes: above that the oldest is dropped. Those being tried, one a lane at
 * most, are not among the waiting; one that fails comes back to its place by age.
 */
import type { RetryLimits } from "../config/config.ts";
import { type Backoff, backoffMs } from "../platform/backoff.ts";
import type { Cancel, Clock } from "../platform/clock.ts";
import { type Log, throttled, throttledByReason } from "../platform/log.ts";
import { formatByteSize, formatDuration, msToNs } from "../platform/units.ts";
import type { WriterCounter, WriterCounters } from "./counters.ts";
import type { OutgoingBatch, SendBatch } from "./lane.ts";
import type { RetryAnswer } from "./output.ts";

export interface RetryQueueOptions {
  readonly limits: RetryLimits;
  /** How many batches may be tried again at the same time. */
  readonly lanes: number;
  readonly send: SendBatch;
  /** Where they go, for the log. */
  readonly target: string;
  readonly counters: WriterCounters;
  readonly clock: Clock;
  readonly log: Log;
  /** From [0, 1). */
  readonly random: () => number;
}

/** For outputs whose batches are not tried again: what is handed over is dropped. */
export const NO_RETRIES: RetryLimits = {
  batchesMax: 0,
  sizeMaxBytes: 0,
  intervalMs: 0,
  timeoutMs: 0,
};

/** No wait is longer than this many intervals. */
const INTERVALS_MAX = 16;

interface Entry {
  batch: OutgoingBatch;
  /** Of the monotonic clock. */
  readonly deadlineMs: number;
  tries: number;
  /** Until its time has come, then until a lane is free; it is not waiting while it is being tried. */
  isWaiting: boolean;
  cancelTimer: Cancel;
  isLastTry: boolean;
  reason: string;
}

type DropCounter = Extract<WriterCounter, `dropped_${string}`>;

export class RetryQueue {
  readonly #options: RetryQueueOptions;
  readonly #backoff: Backoff;
  /** All, the oldest first; those that are being tried keep their place. */
  readonly #entries = new Set<Entry>();
  /** Those that wait for nothing but a lane, in the order in which their time came. */
  readonly #due = new Set<Entry>();
  #waitingBatches = 0;
  #waitingBytes = 0;
  #freeLanes: number;
  #isFinishing = false;
  #isGivenUp = false;
  /** Resolved, and replaced, whenever an entry has gone. */
  #progress = Promise.withResolvers<void>();
  readonly #logFailed: (reason: string, text: string) => void;
  readonly #logDropped: (reason: string, text: string) => void;
  readonly #logRecovered: (text: string) => void;

  constructor(options: RetryQueueOptions) {
    this.#options = options;
    this.#freeLanes = options.lanes;
    const { limits, clock, log } = options;
    // A wait may be cut by a half: twice the interval is what leaves the interval whole.
    this.#backoff = {
      firstMs: limits.intervalMs * 2,
      maxMs: limits.intervalMs * INTERVALS_MAX,
    };
    this.#logFailed = throttledByReason((text) => log.warn(text), clock);
    this.#logDropped = throttledByReason((text) => log.error(text), clock);
    this.#logRecovered = throttled((text) => log.info(text), clock);
  }

  /** Takes over a batch that has failed for the first time. */
  readonly add = (batch: OutgoingBatch, answer: RetryAnswer): void => {
    const { limits, counters, clock } = this.#options;
    if (this.#isGivenUp) return this.#drop(batch, "dropped_stop_lines", answer.reason);
    if (limits.batchesMax === 0) return this.#drop(batch, "dropped_write_lines", answer.reason);
    counters.add("retry_batches");
    const entry: Entry = {
      batch: withoutWaste(batch),
      deadlineMs: clock.monotonicMs() + limits.timeoutMs,
      tries: 0,
      isWaiting: false,
      cancelTimer: () => {},
      isLastTry: false,
      reason: answer.reason,
    };
    this.#entries.add(entry);
    this.#wait(entry, answer);
  };

  /**
   * Tries what is there, and what is still added, once more without waiting, and drops what fails. Resolves when nothing
   * is left; `noMore` resolves when nothing will be added any more.
   */
  async finish(noMore: Promise<void>): Promise<void> {
    this.#isFinishing = true;
    for (const entry of this.#entries) if (entry.isWaiting) this.#makeDue(entry);
    await noMore;
    while (this.#entries.size > 0) await this.#progress.promise;
  }

  /** Drops what is waiting, and from now on whatever is added or fails; all of it is counted. */
  giveUp(): void {
    this.#isGivenUp = true;
    for (const entry of this.#entries) {
      if (entry.isWaiting) this.#remove(entry, "dropped_stop_lines");
    }
  }

  #wait(entry: Entry, { retryAfterMs = 0 }: Pick<RetryAnswer, "retryAfterMs">): void {
    const { clock } = this.#options;
    if (this.#isGivenUp || entry.isLastTry) return this.#remove(entry, "dropped_stop_lines");
    const leftMs = entry.deadlineMs - clock.monotonicMs();
    if (leftMs <= 0) return this.#remove(entry, "dropped_retry_timeout_lines");
    this.#logFailed(
      entry.reason,
      `cannot write ${entry.batch.lines} lines to ${this.#options.target}, will try again: ${entry.reason}`,
    );
    entry.isWaiting = true;
    this.#waitingBatches++;
    this.#waitingBytes += entry.batch.payload.length;
    if (this.#isFinishing) {
      this.#makeDue(entry);
    } else {
      const backoff = backoffMs(this.#backoff, entry.tries, this.#options.random());
      const waitMs = Math.max(backoff, retryAfterMs);
      entry.cancelTimer = clock.after(Math.min(waitMs, leftMs), () => this.#makeDue(entry));
    }
    this.#dropAboveLimits(entry);
  }

  /** Its time has come. While all lanes are busy it waits on, an interval at least, for its last try too. */
  #makeDue(entry: Entry): void {
    entry.cancelTimer();
    if (this.#freeLanes > 0) return this.#try(entry);
    const { clock, limits } = this.#options;
    this.#due.add(entry);
    const leftMs = Math.max(entry.deadlineMs - clock.monotonicMs(), limits.intervalMs);
    entry.cancelTimer = clock.after(leftMs, () => {
      this.#remove(entry, "dropped_retry_timeout_lines");
    });
  }

  #try(entry: Entry): void {
    this.#endWait(entry);
    this.#freeLanes--;
    entry.isLastTry = this.#isFinishing;
    entry.tries++;
    this.#options.counters.add("retries");
    let isBack = false;
    const sent = this.#options.send(entry.batch, (rest, answer) => {
      isBack = true;
      entry.batch = withoutWaste(rest);
      entry.reason = answer.reason;
      this.#wait(entry, answer);
    });
    void sent.then(() => {
      this.#freeLanes++;
      if (!isBack) this.#forget(entry);
      const [next] = this.#due;
      if (next !== undefined && this.#freeLanes > 0) this.#try(next);
    });
  }

  #forget(entry: Entry): void {
    this.#entries.delete(entry);
    this.#signalProgress();
    if (this.#entries.size > 0) return;
    this.#logRecovered(`nothing waits to be written to ${this.#options.target} any more`);
  }

  /** It stops waiting: it is being tried, or dropped. */
  #endWait(entry: Entry): void {
    if (!entry.isWaiting) return;
    entry.isWaiting = false;
    entry.cancelTimer();
    this.#due.delete(entry);
    this.#waitingBatches--;
    this.#waitingBytes -= entry.batch.payload.length;
  }

  #dropAboveLimits(newest: Entry): void {
    const { batchesMax, sizeMaxBytes } = this.#options.limits;
    const isTooLarge = newest.batch.payload.length > sizeMaxBytes;
    if (isTooLarge && newest.isWaiting) return this.#remove(newest, "dropped_retry_full_lines");
    for (const entry of this.#entries) {
      if (this.#waitingBatches <= batchesMax && this.#waitingBytes <= sizeMaxBytes) return;
      if (entry.isWaiting) this.#remove(entry, "dropped_retry_full_lines");
    }
  }

  #remove(entry: Entry, counter: DropCounter): void {
    this.#endWait(entry);
    this.#entries.delete(entry);
    this.#drop(entry.batch, counter, entry.reason);
    this.#signalProgress();
  }

  #drop({ lines, done }: OutgoingBatch, counter: DropCounter, reason: string): void {
    this.#options.counters.add(counter, lines);
    const where = `${this.#options.target}${this.#whyDropped(counter)}`;
    this.#logDropped(
      `${counter} ${reason}`,
      `cannot write ${lines} lines to ${where}, dropped: ${reason}`,
    );
    for (const reportDone of done) reportDone();
  }

  #whyDropped(counter: DropCounter): string {
    const { timeoutMs, batchesMax, sizeMaxBytes } = this.#options.limits;
    switch (counter) {
      case "dropped_retry_timeout_lines": {
        return ` within ${formatDuration(msToNs(timeoutMs))} (writer_retry_timeout)`;
      }
      case "dropped_retry_full_lines": {
        const size = formatByteSize(BigInt(sizeMaxBytes));
        return `, and ${batchesMax} batches (writer_retry_batches) or ${size} (writer_retry_max_size) wait already`;
      }
      default:
        return "";
    }
  }

  #signalProgress(): void {
    this.#progress.resolve();
    this.#progress = Promise.withResolvers();
  }
}

/** A view keeps the whole buffer that it is a part of. What waits keeps the bytes that are counted, and no others. */
function withoutWaste(batch: OutgoingBatch): OutgoingBatch {
  const { payload } = batch;
  if (payload.length === payload.buffer.byteLength) return batch;
  return { ...batch, payload: payload.slice() };
}
