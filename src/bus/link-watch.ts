/**
 * What the last moments of a connection say about what waited for us at the server when it ended. Core NATS drops that
 * without a word to anybody, so that its lines cannot be counted; here is all that is known of it.
 */
import { type Cancel, type Clock, every } from "../platform/clock.ts";
import type { NatsClient } from "./nats-client.ts";
import type { NatsTransport } from "./nats-transport.ts";

export interface LastMoments {
  /** The connection ended within a message: the server had more to write than it could. Or it said as much. */
  readonly isCut: boolean;
  /** Messages had come shortly before the last that was heard of the server. */
  readonly wasBusy: boolean;
  /** For so long before the end we did not read, because the process stood still; 0 if it did not. */
  readonly stoodStillMs: number;
}

const LOOK_INTERVAL_MS = 1_000;

/** A process that looks so late was stopped, or the machine was; servers cut off who does not read for some seconds. */
const STANDSTILL_MIN_MS = 2_000;

/** Of a subject on which nothing came for so long, hardly anything was under way. */
const BUSY_MAX_MS = 10_000;

/** What servers up to 2.1 say before they end the connection of one who reads too slowly; later ones say nothing. */
const SLOW_CONSUMER = /slow consumer/i;

export class LinkWatch {
  readonly #client: NatsClient;
  readonly #transport: NatsTransport;
  readonly #clock: Clock;
  readonly stop: Cancel;
  #messages = 0;
  #chunks = 0;
  #lookedMs: number;
  #readMs: number;
  #deliveredMs = -Infinity;
  #standstill = { endMs: -Infinity, lengthMs: 0 };

  constructor(client: NatsClient, transport: NatsTransport, clock: Clock) {
    this.#client = client;
    this.#transport = transport;
    this.#clock = clock;
    this.#lookedMs = this.#readMs = clock.monotonicMs();
    this.stop = every(clock, LOOK_INTERVAL_MS, () => this.#look());
  }

  /** To be asked at the end, when all that was read has been taken apart; `reason` is what the connection ended for. */
  lastMoments(reason: string): LastMoments {
    this.#look();
    const { endMs, lengthMs } = this.#standstill;
    const isOver = this.#lookedMs - endMs > LOOK_INTERVAL_MS;
    return {
      isCut: this.#client.isWithinMessage || SLOW_CONSUMER.test(reason),
      wasBusy: this.#readMs - this.#deliveredMs <= BUSY_MAX_MS,
      stoodStillMs: isOver ? 0 : lengthMs,
    };
  }

  #look(): void {
    const nowMs = this.#clock.monotonicMs();
    const lateMs = nowMs - this.#lookedMs;
    if (lateMs >= STANDSTILL_MIN_MS) this.#standstill = { endMs: nowMs, lengthMs: lateMs };
    this.#lookedMs = nowMs;
    const { inMsgs } = this.#client;
    const { chunksRead } = this.#transport;
    if (chunksRead > this.#chunks) this.#readMs = nowMs;
    if (inMsgs > this.#messages) this.#deliveredMs = nowMs;
    this.#chunks = chunksRead;
    this.#messages = inMsgs;
  }
}
