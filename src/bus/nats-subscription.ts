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

/** What it is on one connection. */
interface Live {
  readonly link: Link;
  subscription: LinkSubscription | undefined;
  isConfirmed: boolean;
}

export class NatsSubscription implements Subscription {
  readonly #subject: string;
  readonly #queue: string | undefined;
  readonly #deps: NatsSubscriptionDeps;
  readonly #pending: PendingQueue;
  readonly #confirmed = Promise.withResolvers<void>();
  #live: Live | undefined;
  /** On the connection that is to follow, while there are two. */
  #next: Live | undefined;
  /**
   * Where no queue group is configured, it is in one of its own, another one after each break: then the two subscriptions that it
   * has while it moves to another server get each message once together, as the members of a group do.
   */
  #ownGroup: string | undefined;
  #isGroupAllowed = false;
  #isRefusedAlone = false;
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

  /** Subscribes on `link`, unless it is being drained, or has {@link join}ed there. */
  attach(link: Link): void {
    if (this.#drained !== undefined || this.#live?.link === link) return;
    const joined = this.#next;
    this.#next = undefined;
    if (joined?.link === link) {
      this.#live = joined;
      if (joined.isConfirmed) this.#confirm();
      return;
    }
    if (this.#queue === undefined && !this.#isRefusedAlone) this.#ownGroup = newGroup();
    this.#live = this.#subscribe(link, () => {});
  }

  /** Subscribes on `link` as well. Resolves with true once that stands, with false if it never will. */
  join(link: Link): Promise<boolean> {
    if (this.#drained !== undefined) return Promise.resolve(true);
    const joined = Promise.withResolvers<boolean>();
    void link.ended.then(() => joined.resolve(false));
    this.#next = this.#subscribe(link, joined.resolve);
    return joined.promise;
  }

  /** Takes no more than what has been sent on the old connection, and goes on with `next`, if it joined there. */
  async leave(next: Link): Promise<void> {
    if (this.#next?.link !== next || this.#drained !== undefined) return;
    const old = this.#live;
    this.#live = this.#next;
    this.#next = undefined;
    await old?.subscription?.drain();
  }

  /** `link` has ended. */
  detach(link: Link): void {
    if (this.#live?.link !== link) return;
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
    this.#live = this.#next = undefined;
    this.#isStanding = false;
    this.#cancelRetry();
    this.#pending.abandon();
    this.#end();
  }

  #confirm(): void {
    this.#isStanding = true;
    if (this.#ownGroup !== undefined) this.#isGroupAllowed = true;
    if (this.#refusals > 0) this.#deps.onAllowed(this.#name);
    this.#refusals = 0;
    this.#confirmed.resolve();
  }

  #subscribe(link: Link, onJoined: (hasJoined: boolean) => void): Live {
    const live: Live = { link, subscription: undefined, isConfirmed: false };
    live.subscription = link.subscribe(this.#subject, this.#queue ?? this.#ownGroup, {
      onMessage: (subject, payload) => this.#pending.offer(toDelivery(subject, payload)),
      onConfirmed: () => {
        live.isConfirmed = true;
        if (live === this.#live) this.#confirm();
        onJoined(true);
      },
      onRefused: (refusal) => {
        if (live === this.#live) this.#refuse(refusal, link);
        else if (live === this.#next) this.#next = undefined;
        onJoined(false);
      },
    });
    return live;
  }

  #refuse(refusal: Refusal, link: Link): void {
    this.detach(link);
    const isOfGroup = this.#ownGroup !== undefined && !this.#isGroupAllowed;
    if (isOfGroup && OF_PERMISSIONS.test(refusal.text)) {
      // Permissions may name queue groups: perhaps it is allowed without one.
      this.#ownGroup = undefined;
      this.#isRefusedAlone = true;
      return this.attach(link);
    }
    this.#isRefusedAlone = false;
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
    await Promise.all([this.#live, this.#next].map((live) => live?.subscription?.drain()));
    await this.#pending.finish();
    this.#end();
  }

  #end(): void {
    this.#confirmed.reject(new BusClosed("the bus was closed before the subscription was made"));
    this.#deps.onEnded();
  }
}

const OF_PERMISSIONS = /^permissions violation/i;

function newGroup(): string {
  return `influx-spout-${crypto.randomUUID()}`;
}

/** The client hands out Buffers, whose slice() copies nothing where that of a Uint8Array does. */
function toDelivery(subject: string, chunkView: Uint8Array): Delivery {
  const payload = new Uint8Array(chunkView.buffer, chunkView.byteOffset, chunkView.length);
  return { subject, payload, done: nothingToDo, retry: nothingToDo };
}

/** Core NATS keeps nothing: there is nobody to acknowledge to. */
function nothingToDo(): void {}
