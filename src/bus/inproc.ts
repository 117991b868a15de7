/**
 * The bus inside one process, for `nats_address = "inproc://"`: what `nats.ts` does over a server, without one, and
 * without copying a payload. It is core NATS in all that components can see:
 *
 * - What is published is with its subscribers' pending queues when publish() returns; what nobody subscribed to is
 *   gone. So nothing is ever held on the way out: `outboundMaxBytes` is never reached, publish() never rejects with
 *   BusFull, hasRoom() is true until close(), and `onLost` is never called.
 * - A slow subscriber is no back-pressure on publishers. It drops at its own `pendingMaxBytes`, and its onDropped
 *   hears of it, from inside publish(); the other subscribers get the payload all the same. A publisher that goes on
 *   without giving way to the event loop (awaiting publish() does not) fills those queues, as no handler runs.
 * - What is handled at once is the publisher's own bytes; views that are small within their buffer together are copied when
 *   they have to wait for longer.
 */
import type { Clock } from "../platform/clock.ts";
import { assert } from "../platform/errors.ts";
import {
  type Bus,
  BusClosed,
  type BusState,
  NEVER,
  type OpenBus,
  PayloadTooLarge,
  type Pieces,
  putTogether,
  type SubscribeOptions,
  type Subscription,
  TAKEN,
} from "./bus.ts";
import { Exchange, type Receiver } from "./inproc-exchange.ts";
import { PendingQueue } from "./pending-queue.ts";
import { queueGroupProblem, subjectProblem } from "./subject.ts";

export interface InprocDeps {
  /** For the deadline of close(). */
  readonly clock: Clock;
}

/**
 * What NATS takes unless it is configured otherwise, so that a site that moves there finds its messages cut as before.
 * And a delivery is the piece in which everything is handed on: this many lines are some milliseconds of a filter's
 * work, as long as the event loop may be kept waiting, and the most that one drop can lose.
 */
const PAYLOAD_MAX_BYTES = 1024 * 1024;

/**
 * Makes a bus of its own: all that the returned function opens are connected with one another, and with no others.
 * Call it once per process.
 */
export function createInprocOpenBus(deps: InprocDeps): OpenBus {
  const exchange = new Exchange();
  return () => new InprocBus(exchange, deps.clock);
}

/** One component's part of the exchange. */
class InprocBus implements Bus {
  readonly #exchange: Exchange;
  readonly #clock: Clock;
  /** Its subscriptions, those that are being drained included. */
  readonly #receivers = new Set<Receiver>();
  #state: BusState = "up";
  #closed: Promise<void> | undefined;

  constructor(exchange: Exchange, clock: Clock) {
    this.#exchange = exchange;
    this.#clock = clock;
  }

  publish(subject: string, payload: Uint8Array): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(new BusClosed("the bus is closed"));
    if (payload.length > PAYLOAD_MAX_BYTES) {
      return Promise.reject(
        new PayloadTooLarge(
          `payload of ${payload.length} bytes, the bus takes ${PAYLOAD_MAX_BYTES}`,
        ),
      );
    }
    this.#exchange.publish(subject, payload);
    return TAKEN;
  }

  publishPieces(subject: string, pieces: Pieces): Promise<void> {
    return this.publish(subject, putTogether(pieces));
  }

  async subscribe(subject: string, options: SubscribeOptions): Promise<Subscription> {
    const { queue } = options;
    const problem =
      subjectProblem(subject, { wildcards: true }) ??
      (queue === undefined ? undefined : queueGroupProblem(queue));
    assert(problem === undefined, `the subject "${subject}" or its queue group ${problem}`);
    if (this.#closed !== undefined) throw new BusClosed("the bus is closed");
    const pending = new PendingQueue(options);
    const receiver: Receiver = { pattern: subject, queue, pending };
    this.#receivers.add(receiver);
    this.#exchange.add(receiver);
    return {
      pendingBytes: () => pending.bytes,
      isAllowed: () => true,
      drain: () => this.#drain(receiver),
    };
  }

  maxPayloadBytes(): number {
    return PAYLOAD_MAX_BYTES;
  }

  state(): BusState {
    return this.#state;
  }

  isReady(): boolean {
    return this.#state === "up";
  }

  isRefused(): boolean {
    return false;
  }

  refusedLines(): number {
    return 0;
  }

  hasRoom(): boolean {
    return this.#closed === undefined;
  }

  whenRoom(): Promise<void> | undefined {
    return this.#closed === undefined ? undefined : NEVER;
  }

  close(deadlineMs: number): Promise<void> {
    this.#closed ??= this.#close(deadlineMs);
    return this.#closed;
  }

  async #close(deadlineMs: number): Promise<void> {
    const deadline = Promise.withResolvers<void>();
    const cancel = this.#clock.after(deadlineMs, deadline.resolve);
    const drained = Promise.all(Array.from(this.#receivers, (receiver) => this.#drain(receiver)));
    await Promise.race([drained, deadline.promise]);
    cancel();
    this.#state = "closed";
    for (const receiver of this.#receivers) receiver.pending.abandon();
  }

  async #drain(receiver: Receiver): Promise<void> {
    this.#exchange.remove(receiver);
    await receiver.pending.finish();
    this.#receivers.delete(receiver);
  }
}
