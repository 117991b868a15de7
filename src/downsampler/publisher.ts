/**
 * Publishes the periods of one subject that have ended, one message at a time. While the bus has no room it waits: what is
 * averaged is small and can stay here for a while, unlike what comes in. But only so many periods wait; the oldest is
 * dropped for the newest.
 */
import { type Bus, isTaken, whyRefused } from "../bus/bus.ts";
import type { DownsampleFunction } from "../config/config.ts";
import { type Clock, sleep } from "../platform/clock.ts";
import type { Drops } from "../platform/drops.ts";
import type { DownsamplerCounters } from "./counters.ts";
import { type Message, PeriodLines } from "./period-lines.ts";
import type { EndedPeriod } from "./periods.ts";

export interface PublisherOptions {
  readonly bus: Bus;
  readonly subject: string;
  readonly functions: readonly DownsampleFunction[];
  readonly counters: DownsamplerCounters;
  readonly clock: Clock;
  /** Hears of the lines that are lost. */
  readonly drops: Drops;
}

/** A stop gives away three at once. */
const WAITING_MAX = 3;
/** How soon a bus without room is asked again. */
const RETRY_MS = 50;

export class Publisher {
  readonly #options: PublisherOptions;
  /** The first is being published. */
  readonly #waiting: PeriodLines[] = [];
  #running: Promise<void> = Promise.resolve();

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** Takes over a period and begins to publish it, unless others wait. */
  add({ period, endNs }: EndedPeriod): void {
    const { functions } = this.#options;
    this.#waiting.push(new PeriodLines(period, functions, endNs));
    if (this.#waiting.length > WAITING_MAX) this.#drop("another one would wait too long");
    else if (this.#waiting.length === 1) this.#running = this.#publishAll();
  }

  /** Resolves when nothing waits. */
  finish(): Promise<void> {
    return this.#running;
  }

  /** Drops what waits. */
  giveUp(): void {
    while (this.#waiting.length > 0) this.#drop("the time to stop is over");
  }

  async #publishAll(): Promise<void> {
    for (;;) {
      const [lines] = this.#waiting;
      if (lines === undefined) return;
      await this.#publish(lines);
    }
  }

  /** Ends early if `lines` is dropped in the meantime. */
  async #publish(lines: PeriodLines): Promise<void> {
    const { bus, counters } = this.#options;
    let takenMessages = 0;
    for (;;) {
      await this.#room(lines);
      if (this.#waiting[0] !== lines) break;
      const message = lines.next(bus.maxPayloadBytes());
      if (message === undefined) {
        this.#waiting.shift();
        this.#countDropped(lines);
        break;
      }
      if (await this.#handOver(message)) takenMessages++;
      // A large period would keep the event loop for itself.
      await new Promise(setImmediate);
    }
    if (takenMessages > 0) counters.add("sent");
  }

  /** Resolves once the bus has room, or `lines` is dropped. */
  async #room(lines: PeriodLines): Promise<void> {
    const { bus, clock } = this.#options;
    while (this.#waiting[0] === lines && !bus.hasRoom()) await sleep(clock, RETRY_MS);
  }

  async #handOver({ payload, lines }: Message): Promise<boolean> {
    const { bus, subject, counters, drops } = this.#options;
    try {
      const taken = bus.publish(subject, payload, lines);
      if (!isTaken(taken)) await taken;
      counters.add("sent_lines", lines);
      return true;
    } catch (error) {
      counters.add("failed_nats_publish");
      counters.add("dropped_nats_lines", lines);
      drops.drop(whyRefused(error), lines, `for [${subject}]`);
      return false;
    }
  }

  #drop(why: string): void {
    const dropped = this.#waiting.shift();
    if (dropped === undefined) return;
    const { subject, counters, drops } = this.#options;
    const lines = dropped.leftSeries;
    counters.add("failed_nats_publish");
    counters.add("dropped_nats_lines", lines);
    this.#countDropped(dropped);
    drops.drop(`NATS has no room, and ${why}`, lines, `for [${subject}]`);
  }

  #countDropped(lines: PeriodLines): void {
    const { subject, counters, drops } = this.#options;
    const { droppedLines, droppedSums } = lines;
    counters.add("dropped_long_lines", droppedLines);
    counters.add("dropped_sums", droppedSums);
    const why = "longer than the NATS server's max_payload, or InfluxDB would read on behind them";
    drops.drop(why, droppedLines, `for [${subject}]`);
  }
}
