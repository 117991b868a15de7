/** One subscription: made anew on each connection, it keeps what waits for its handler across all of them. */
import type { Cancel, Clock } from "../platform/clock.ts";
import { BusClosed, type Delivery, type SubscribeOptions, type Subscription } from "./bus.ts";
import type { Link, LinkSubscription } from "./nats-link.ts";
import { PendingQueue } from "./pending-queue.ts";

export interface NatsSubscriptionDeps {
  readonly clock: Clock;
  /** The server does not allow the subscription; it is asked again every `retryMs`. */
  readonly onRefused: (why: string) => void;
  readonly retryMs: number;
  readonly onEnded: () => void;
}

export class NatsSubscription implements Subscription {
  readonly #subject: string;
  readonly #queue: string | undefined;
  readonly #deps: NatsSubscriptionDeps;
  readonly #pending: PendingQueue;
  readonly #confirmed = Promise.withResolvers<void>();
  #live: LinkSubscription | undefined;
  #drained: Promise<void> | undefined;
  #cancelRetry: Cancel = () => {};

  constructor(subject: string, options: SubscribeOptions, deps: NatsSubscriptionDeps) {
    this.#subject = subject;
    this.#queue = options.queue;
    this.#deps = deps;
    this.#pending = new PendingQueue(options);
    this.#confirmed.promise.catch(() => {});
  }

  /** Resolves once a server has confirmed it for the first time; rejects with {@link BusClosed} if none ever will. */
  get confirmed(): Promise<void> {
    return this.#confirmed.promise;
  }

  pendingBytes(): number {
    return this.#pending.bytes;
  }

  /** Subscribes on `link`, unless it is being drained. */
  async attach(link: Link): Promise<void> {
    if (this.#drained !== undefined) return;
    let isRefused = false;
    const live = link.subscribe(this.#subject, this.#queue, {
      onMessage: (subject, payload) => this.#pending.offer(toDelivery(subject, payload)),
      onRefused: (why) => {
        isRefused = true;
        this.#deps.onRefused(why);
        this.#cancelRetry = this.#deps.clock.after(this.#deps.retryMs, () => {
          void this.attach(link);
        });
      },
    });
    this.#live = live;
    await link.roundTrip();
    if (!isRefused && this.#live === live) this.#confirmed.resolve();
  }

  /** The link has ended. */
  detach(): void {
    this.#live = undefined;
    this.#cancelRetry();
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  /** Drops what waits; a drain under way ends. */
  abandon(): void {
    this.detach();
    this.#pending.abandon();
    this.#end();
  }

  async #drain(): Promise<void> {
    this.#cancelRetry();
    await this.#live?.drain();
    await this.#pending.finish();
    this.#end();
  }

  #end(): void {
    this.#confirmed.reject(new BusClosed("the bus was closed before the subscription was made"));
    this.#deps.onEnded();
  }
}

/** The client hands out Buffers, whose slice() copies nothing where that of a Uint8Array does. */
function toDelivery(subject: string, chunkView: Uint8Array): Delivery {
  const payload = new Uint8Array(chunkView.buffer, chunkView.byteOffset, chunkView.length);
  return { subject, payload, done: nothingToDo, retry: nothingToDo };
}

/** Core NATS keeps nothing: there is nobody to acknowledge to. */
function nothingToDo(): void {}
