/**
 * One subscription: made anew on each connection, asked for again while the server refuses it, it keeps what waits for its
 * handler across all of that.
 */
import { backoffMs } from "../platform/backoff.ts";
import type { Cancel, Clock } from "../platform/clock.ts";
import { BusClosed, type Delivery, type SubscribeOptions, type Subscription } from "./bus.ts";
import type { Link, LinkSubscription } from "./nats-link.ts";
import { PendingQueue } from "./pending-queue.ts";
import type { Refusal } from "./server-error.ts";

export interface NatsSubscriptionDeps {
  readonly clock: Clock;
  /** The server does not allow the subscription, which `name` names, or not any more; it is asked again. */
  readonly onRefused: (name: string, refusal: Refusal) => void;
  /** It does, after it had refused it. */
  readonly onAllowed: (name: string) => void;
  readonly refusedFirstMs: number;
  readonly refusedMaxMs: number;
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
  #isStanding = false;
  /** In a row. */
  #refusals = 0;

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

  isAllowed(): boolean {
    return this.#refusals === 0;
  }

  /** True while the server delivers: it has confirmed the subscription on the connection that there is. */
  get isStanding(): boolean {
    return this.#isStanding;
  }

  /** Subscribes on `link`, unless it is being drained. */
  attach(link: Link): void {
    if (this.#drained !== undefined) return;
    this.#live = link.subscribe(this.#subject, this.#queue, {
      onMessage: (subject, payload) => this.#pending.offer(toDelivery(subject, payload)),
      onConfirmed: () => this.#confirm(),
      onRefused: (refusal) => this.#refuse(refusal, link),
    });
  }

  /** The link has ended. */
  detach(): void {
    this.#live = undefined;
    this.#isStanding = false;
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

  #confirm(): void {
    this.#isStanding = true;
    if (this.#refusals > 0) this.#deps.onAllowed(this.#name);
    this.#refusals = 0;
    this.#confirmed.resolve();
  }

  #refuse(refusal: Refusal, link: Link): void {
    this.detach();
    this.#deps.onRefused(this.#name, refusal);
    const { clock, refusedFirstMs, refusedMaxMs } = this.#deps;
    const backoff = { firstMs: refusedFirstMs, maxMs: refusedMaxMs };
    const delayMs = backoffMs(backoff, this.#refusals++, Math.random());
    this.#cancelRetry = clock.after(delayMs, () => this.attach(link));
  }

  get #name(): string {
    const queue = this.#queue === undefined ? "" : ` in queue group "${this.#queue}"`;
    return `"${this.#subject}"${queue}`;
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
