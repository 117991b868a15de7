/**
 * When the messages leave that a filter gathers, and what becomes of their lines.
 *
 * What comes of all deliveries of one turn of the event loop leaves at its end: one message for each subject instead of
 * one for each subject and delivery, which costs the filter, the server and whoever receives them a part of it. Nothing
 * waits longer than that: the fewer deliveries there are, the fewer are joined.
 */
import { type Bus, BusClosed, BusFull, isTaken, PayloadTooLarge, whyRefused } from "../bus/bus.ts";
import type { Counters } from "../metrics/counters.ts";
import type { Drops } from "../platform/drops.ts";
import type { FilterCounter } from "./counters.ts";
import type { Message } from "./outputs.ts";
import type { Router } from "./router.ts";

export interface PublisherOptions {
  readonly router: Router;
  readonly bus: Bus;
  readonly counters: Counters<FilterCounter>;
  readonly drops: Drops;
  /** The lines came from there: what `drops` is told. */
  readonly where: string;
}

/** What is gathered leaves at once from so much on, or its messages would be more than the processor's cache holds. */
const GATHERED_MAX_BYTES = 256 * 1024;

/** As many deliveries, however small, are waited for at most: each keeps what it was read with. */
const DELIVERIES_MAX = 1024;

export class Publisher {
  readonly #options: PublisherOptions;
  /** Of the deliveries whose messages are being gathered. */
  #done: (() => void)[] = [];
  #isDue = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /**
   * A delivery was routed: its messages leave soon. `done` is called when the bus has taken them all, or they are counted
   * as dropped. Hot: once per delivery.
   */
  routed(done: () => void): void {
    this.#done.push(done);
    const isFull = this.#options.router.gatheredBytes >= GATHERED_MAX_BYTES;
    if (isFull || this.#done.length >= DELIVERIES_MAX) {
      void this.publish();
    } else if (!this.#isDue) {
      this.#isDue = true;
      setImmediate(this.#publishAtEndOfTurn);
    }
  }

  /** Publishes what has been gathered. Resolves when all of it is counted. */
  async publish(): Promise<void> {
    const { router, bus, counters } = this.#options;
    const waiting: Promise<void>[] = [];
    router.take((message) => {
      const taken = bus.publishPieces(message.subject, message);
      if (isTaken(taken)) countSent(counters, message.lines);
      else waiting.push(this.#countWhenSettled(taken, message));
    });
    const done = this.#done;
    this.#done = [];
    if (waiting.length > 0) await Promise.all(waiting);
    for (const tell of done) tell();
  }

  readonly #publishAtEndOfTurn = (): void => {
    this.#isDue = false;
    void this.publish();
  };

  /** What the bus does not take is dropped: to wait for it would only move the loss to what comes in. */
  async #countWhenSettled(taken: Promise<void>, { lines }: Message): Promise<void> {
    const { counters, drops, where } = this.#options;
    try {
      await taken;
      countSent(counters, lines);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      counters.add("failed_nats_publish");
      counters.add("dropped_nats_lines", lines);
      drops.drop(whyRefused(error), lines, where);
    }
  }
}

function countSent(counters: Counters<FilterCounter>, lines: number): void {
  counters.add("sent");
  counters.add("sent_lines", lines);
}

function isRefusal(error: unknown): boolean {
  return error instanceof BusFull || error instanceof BusClosed || error instanceof PayloadTooLarge;
}
