/**
 * One of the filter's threads as the component sees it: started, listened to, started again when it dies or hangs, stopped.
 */
import type { FilterConfig } from "../config/config.ts";
import { type Backoff, backoffMs } from "../platform/backoff.ts";
import type { Cancel, Clock } from "../platform/clock.ts";
import { earlier, isDoneInTime } from "../platform/deadline.ts";
import type { Drops } from "../platform/drops.ts";
import { SpoutError } from "../platform/errors.ts";
import { type Deadline, type StopReport, stopReport } from "../platform/lifecycle.ts";
import type { Log } from "../platform/log.ts";
import { addTotals, type FilterTotals, hasUncounted, noTotals } from "./counters.ts";
import type { FromThread, StartThread, ToThread } from "./messages.ts";
import { ThreadProfiler } from "./thread-profiler.ts";

export interface ThreadOptions {
  /** Of `worker.ts`. */
  readonly url: URL;
  /** From 1; in front of the thread's log lines. */
  readonly number: number;
  readonly config: FilterConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** Hears of what the thread drops, up to a quarter second later. */
  readonly drops: Drops;
  /** Called when {@link FilterThread.ready} may have changed. */
  readonly onReport: () => void;
}

/** The waits before a dead thread is started again, by how often it died in a row. */
const RESTART_BACKOFF: Backoff = { firstMs: 100, maxMs: 30_000 };
/** A thread that lived this long died of something new: the waits start over. */
const HEALTHY_AFTER_MS = 60_000;
/** What the thread gets of the time to stop; the rest is for hearing from it, or for ending it by force. */
const STOP_SHARE = 0.9;
/**
 * A thread that says nothing for so long, though it should four times a second, hangs in a line or cannot be brought
 * back; long enough for a machine that is badly overloaded.
 */
const SILENCE_MAX_MS = 10_000;

/** How often {@link FilterThread.watch} is to be called. */
export const WATCH_INTERVAL_MS = 1000;
/**
 * After so many looks at a thread that says nothing it is ended by force. Looks count, not time: while the whole process is
 * stopped, nobody looks, and its threads say nothing.
 */
const SILENT_LOOKS_MAX = 20;
/** After so many more it has not even ended: the system has taken it away, and nobody told the runtime. */
const ENDING_LOOKS_MAX = 10;

export class FilterThread {
  readonly #options: ThreadOptions;
  #worker: Worker | undefined;
  #isReady = false;
  /** Of the threads before this one, and of this one as it last told. */
  #totalsOfDead: FilterTotals;
  #totals: FilterTotals;
  #restarts = 0;
  #deathsInARow = 0;
  #startedAtMs = 0;
  #heardAtMs = 0;
  #deathReason = "";
  #cancelRestart: Cancel = () => {};
  #silentLooks = 0;
  #isStopping = false;
  readonly #failed = Promise.withResolvers<Error>();
  #hasFailed = false;
  #lostAtStop: number | undefined;
  /** Resolved when the thread has ended after {@link FilterThread.stop}. */
  readonly #end = Promise.withResolvers<void>();
  /** Of whichever thread there is at the moment. */
  readonly profiler: ThreadProfiler;

  constructor(options: ThreadOptions) {
    this.#options = options;
    this.#totalsOfDead = noTotals(options.config.rules.length);
    this.#totals = this.#totalsOfDead;
    this.#heardAtMs = options.clock.monotonicMs();
    this.profiler = new ThreadProfiler(options.number, (message) => this.#post(message));
    this.#start();
  }

  /** True while it is subscribed and its bus is up, as it last told: up to a quarter second ago. */
  ready(): boolean {
    return this.#isReady && this.alive();
  }

  /** False if nothing was heard of it for too long. One that died and is started again soon enough counts as alive. */
  alive(): boolean {
    return this.#options.clock.monotonicMs() - this.#heardAtMs <= SILENCE_MAX_MS;
  }

  /**
   * Ends a thread that hangs, so that another one is started. One that cannot be ended has a connection to NATS that nobody reads
   * any more, to which the server goes on sending: then only another process helps.
   */
  watch(): void {
    const { log, number } = this.#options;
    const worker = this.#worker;
    if (worker === undefined || this.#isStopping || this.#hasFailed) return;
    this.#silentLooks++;
    if (this.#silentLooks === SILENT_LOOKS_MAX) {
      this.#deathReason = `it hung: it said nothing for ${SILENT_LOOKS_MAX} s`;
      log.error(
        `worker ${number} hangs: it said nothing for ${SILENT_LOOKS_MAX} s; ending it by force`,
      );
      worker.terminate();
    } else if (this.#silentLooks === SILENT_LOOKS_MAX + ENDING_LOOKS_MAX) {
      this.#hasFailed = true;
      this.#failed.resolve(
        new SpoutError(`worker ${number} is gone and can be neither ended nor started again`),
      );
    }
  }

  /** Resolves if the thread can be neither ended nor started again. */
  get failed(): Promise<Error> {
    return this.#failed.promise;
  }

  /** All that was counted under this number, dead threads included. As of up to a quarter second ago. */
  totals(): FilterTotals {
    const { counters, triggered } = addTotals(this.#totalsOfDead, this.#totals);
    return { counters: { ...counters, worker_restarts: this.#restarts }, triggered };
  }

  /** Ends by the deadline in any case. Of a thread that had to be ended by force nobody knows what it held. */
  async stop(deadline: Deadline): Promise<StopReport> {
    const { clock, log, number } = this.#options;
    this.#isStopping = true;
    this.#cancelRestart();
    const worker = this.#worker;
    if (worker === undefined) return { lostLines: 0 };
    // It would answer nothing.
    if (this.#hasFailed) return { lostLines: 0, isUncounted: true };

    this.#post({ kind: "stop", remainingMs: earlier(deadline, STOP_SHARE).remainingMs() });
    if (!(await isDoneInTime(this.#end.promise, deadline, clock))) {
      log.error(`worker ${number} did not stop in time: ended by force, what it held is lost`);
      worker.terminate();
    }
    if (this.#lostAtStop === undefined) return { lostLines: 0, isUncounted: true };
    return stopReport(this.#lostAtStop, hasUncounted(this.totals()));
  }

  #start(): void {
    const { url, config, clock } = this.#options;
    const worker = new Worker(url);
    worker.addEventListener("message", ({ data }: MessageEvent<FromThread>) => this.#hear(data));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#deathReason = event.message;
    });
    worker.addEventListener("close", () => this.#ended());
    const message: StartThread = { config };
    worker.postMessage(message);
    this.#worker = worker;
    this.#startedAtMs = clock.monotonicMs();
  }

  /** False if there is no thread at the moment. */
  #post(message: ToThread): boolean {
    this.#worker?.postMessage(message);
    return this.#worker !== undefined;
  }

  #hear(message: FromThread): void {
    const { log, drops, number, onReport } = this.#options;
    switch (message.kind) {
      case "report":
        this.#heardAtMs = this.#options.clock.monotonicMs();
        this.#silentLooks = 0;
        this.#totals = message.totals;
        this.#isReady = message.ready;
        onReport();
        break;
      case "log":
        log[message.level](`worker ${number}: ${message.text}`);
        break;
      case "dropped":
        for (const { reason, lines, where, sample } of message.dropped) {
          drops.drop(reason, lines, where, () => sample);
        }
        break;
      case "profiler":
        this.profiler.hear(message);
        break;
      case "died":
        this.#totals = message.totals;
        this.#deathReason = message.reason;
        break;
      case "stopped":
        this.#totals = message.totals;
        this.#lostAtStop = message.lostLines;
        break;
    }
  }

  #ended(): void {
    const { clock, log, number, onReport, config } = this.#options;
    this.#worker = undefined;
    this.#isReady = false;
    this.#silentLooks = 0;
    this.profiler.threadEnded();
    this.#totalsOfDead = addTotals(this.#totalsOfDead, this.#totals);
    this.#totals = noTotals(config.rules.length);
    if (this.#isStopping) {
      this.#end.resolve();
      return;
    }
    if (clock.monotonicMs() - this.#startedAtMs > HEALTHY_AFTER_MS) this.#deathsInARow = 0;
    const waitMs = backoffMs(RESTART_BACKOFF, this.#deathsInARow++, Math.random());
    log.error(
      `worker ${number} died, what it held is lost; starting it again in ${Math.round(waitMs)} ms: ${this.#deathReason}`,
    );
    this.#deathReason = "";
    this.#cancelRestart = clock.after(waitMs, () => {
      this.#restarts++;
      this.#start();
    });
    onReport();
  }
}
