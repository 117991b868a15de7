/**
 * The bus over core NATS: a loop that keeps one connection standing, and what outlives each connection: the
 * subscriptions and the payloads on their way out.
 *
 * The client's own reconnecting is off. It would keep what it has not written yet and send it on the next
 * connection, without a word about what it had written and the server never saw: nobody could count what was lost,
 * or count it lost without it being sent after all. It also gives up on refused credentials. With a client for each
 * connection, what is sent ends with it: confirmed, or reported lost.
 */
import { backoffMs } from "../platform/backoff.ts";
import { type Clock, pause } from "../platform/clock.ts";
import { assert } from "../platform/errors.ts";
import type { Log } from "../platform/log.ts";
import {
  type Bus,
  BusClosed,
  BusFull,
  type BusOptions,
  type BusState,
  NEVER,
  type OnFree,
  PayloadTooLarge,
  type Pieces,
  type SubscribeOptions,
  type Subscription,
} from "./bus.ts";
import { Breaks } from "./nats-breaks.ts";
import { Dialer } from "./nats-dialer.ts";
import { type Link, PAYLOAD_MAX_DEFAULT_BYTES } from "./nats-link.ts";
import { createNatsMessages, type NatsMessages } from "./nats-messages.ts";
import { moveAway } from "./nats-move.ts";
import type { NatsOptions } from "./nats-options.ts";
import { Outbound } from "./nats-outbound.ts";
import { NatsSubscription } from "./nats-subscription.ts";
import { NATS_TIMES, type NatsTimes } from "./nats-times.ts";
import { queueGroupProblem, subjectProblem } from "./subject.ts";

export interface NatsDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/** Connects in the background. `deps.log` hears of it; credentials never reach the log. */
export function openNatsBus(
  options: BusOptions,
  natsOptions: NatsOptions,
  deps: NatsDeps,
  times: NatsTimes = NATS_TIMES,
): Bus {
  return new NatsBus(options, natsOptions, deps, times);
}

class NatsBus implements Bus {
  readonly #options: BusOptions;
  readonly #natsOptions: NatsOptions;
  readonly #clock: Clock;
  readonly #times: NatsTimes;
  readonly #messages: NatsMessages;
  readonly #outbound: Outbound;
  readonly #breaks: Breaks;
  readonly #dialer: Dialer;
  readonly #subscriptions = new Set<NatsSubscription>();
  /** Fired when the connection is to end for good. */
  readonly #stop = new AbortController();
  #state: BusState = "connecting";
  #link: Link | undefined;
  /** Where all subscriptions stand already: it follows when the present connection has ended. */
  #next: Link | undefined;
  /** The connection that is being left, because its server is about to stop. */
  #leaving: Link | undefined;
  /** True once nothing is left on it. */
  #hasLeft = false;
  #payloadMaxBytes = PAYLOAD_MAX_DEFAULT_BYTES;
  #closed: Promise<void> | undefined;

  constructor(options: BusOptions, natsOptions: NatsOptions, deps: NatsDeps, times: NatsTimes) {
    this.#options = options;
    this.#natsOptions = natsOptions;
    this.#clock = deps.clock;
    this.#times = times;
    this.#messages = createNatsMessages(deps.log, deps.clock);
    this.#outbound = new Outbound(options.outboundMaxBytes, deps.clock, times, {
      onLost: options.onLost ?? (() => {}),
      onAllowed: this.#messages.publicationAllowed,
      onTooLarge: this.#messages.tooLarge,
    });
    this.#dialer = this.#createDialer(deps);
    this.#breaks = new Breaks(deps.clock, {
      onUncounted: (what) => {
        if (options.onUncounted === undefined) return;
        this.#messages.uncounted(what);
        options.onUncounted();
      },
    });
    void this.#keepConnected();
  }

  publish(subject: string, payload: Uint8Array, lines = 0, onFree?: OnFree): Promise<void> {
    const refusal = this.#refusal(subject, payload.length);
    if (refusal !== undefined) return Promise.reject(refusal);
    return this.#outbound.publish(subject, payload, lines, onFree) ?? rejectedAsFull();
  }

  publishPieces(subject: string, pieces: Pieces): Promise<void> {
    const refusal = this.#refusal(subject, pieces.sizeBytes);
    if (refusal !== undefined) return Promise.reject(refusal);
    return this.#outbound.publishPieces(subject, pieces) ?? rejectedAsFull();
  }

  async subscribe(subject: string, options: SubscribeOptions): Promise<Subscription> {
    const problem =
      subjectProblem(subject, { wildcards: true }) ??
      (options.queue === undefined ? undefined : queueGroupProblem(options.queue));
    assert(problem === undefined, `the subject "${subject}" or its queue group ${problem}`);
    if (this.#closed !== undefined) throw new BusClosed("the bus is closed");
    const subscription = new NatsSubscription(subject, options, {
      ...this.#times,
      clock: this.#clock,
      onRefused: this.#messages.subscriptionRefused,
      onAllowed: this.#messages.subscriptionAllowed,
      onEnded: () => this.#subscriptions.delete(subscription),
    });
    this.#subscriptions.add(subscription);
    if (this.#link !== undefined) subscription.attach(this.#link);
    await subscription.confirmed;
    return subscription;
  }

  maxPayloadBytes(): number {
    if (this.#link !== undefined) this.#payloadMaxBytes = this.#link.payloadMaxBytes();
    return Math.min(this.#payloadMaxBytes, this.#options.outboundMaxBytes);
  }

  state(): BusState {
    return this.#state;
  }

  isReady(): boolean {
    const isSubscribed = [...this.#subscriptions].every((subscription) => subscription.isStanding);
    return this.#state === "up" && isSubscribed && this.#outbound.refusedLines === 0;
  }

  isRefused(subject: string): boolean {
    return this.#outbound.isRefused(subject);
  }

  refusedLines(): number {
    return this.#outbound.refusedLines;
  }

  hasRoom(bytes: number = this.maxPayloadBytes()): boolean {
    return this.#closed === undefined && this.#outbound.fits(bytes);
  }

  whenRoom(bytes: number): Promise<void> | undefined {
    return this.#closed === undefined ? this.#outbound.whenRoom(bytes) : NEVER;
  }

  close(deadlineMs: number): Promise<void> {
    this.#closed ??= this.#close(deadlineMs);
    return this.#closed;
  }

  #refusal(subject: string, bytes: number): Error | undefined {
    const problem = subjectProblem(subject, { wildcards: false });
    assert(problem === undefined, `the subject "${subject}" ${problem}`);
    if (this.#closed !== undefined) return new BusClosed("the bus is closed");
    const maxBytes = this.maxPayloadBytes();
    if (bytes <= maxBytes) return undefined;
    return new PayloadTooLarge(`payload of ${bytes} bytes, NATS takes ${maxBytes}`);
  }

  async #close(deadlineMs: number): Promise<void> {
    const deadline = Promise.withResolvers<void>();
    const cancel = this.#clock.after(deadlineMs, deadline.resolve);
    await Promise.race([this.#drain(), deadline.promise]);
    cancel();
    this.#state = "closed";
    this.#stop.abort(new BusClosed("the bus is closed"));
    for (const subscription of this.#subscriptions) subscription.abandon();
    this.#messages.closed(this.#missed(this.#outbound.abandon()));
    this.#link?.close("the bus is closed");
    this.#next?.close("the bus is closed");
    this.#link = this.#next = undefined;
  }

  /** Never resolves while there is something to send and no server to take it. */
  async #drain(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.drain()));
    await this.#outbound.whenEmpty();
  }

  async #keepConnected(): Promise<void> {
    let failures = 0;
    let isFirst = true;
    while (!this.#stop.signal.aborted) {
      const startMs = this.#clock.monotonicMs();
      const link = await this.#dialer.connect();
      if (link !== undefined) await this.#serve(link, isFirst ? 0 : this.#times.settleMs);
      for (let next = this.#takeNext(); next !== undefined; next = this.#takeNext()) {
        await this.#serve(next, 0);
      }
      isFirst = false;
      const isSteady =
        link !== undefined && this.#clock.monotonicMs() - startMs >= this.#times.steadyMs;
      const waitMs = backoffMs(
        { firstMs: this.#times.retryFirstMs, maxMs: this.#times.retryMaxMs },
        isSteady ? 0 : failures,
        Math.random(),
      );
      failures = isSteady ? 1 : failures + 1;
      await pause(this.#clock, waitMs, this.#stop.signal);
    }
  }

  #takeNext(): Link | undefined {
    const next = this.#next;
    this.#next = undefined;
    return next;
  }

  #createDialer(deps: NatsDeps): Dialer {
    return new Dialer({
      ...this.#times,
      name: this.#options.name,
      nats: this.#natsOptions,
      clock: deps.clock,
      stop: this.#stop.signal,
      onNotConnected: this.#messages.notConnected,
      events: {
        onWritable: () => this.#outbound.resume(),
        onPublishRefused: (refusal) => {
          this.#outbound.refuse(refusal.subject);
          this.#messages.publicationRefused(refusal);
        },
        onOtherError: this.#messages.otherError,
        onInfo: (link) => this.#hear(link),
      },
    });
  }

  /** What a server tells of itself and of its cluster. */
  #hear(link: Link): void {
    if (link !== this.#link) return;
    this.#dialer.learn(link);
    const isNew = this.#leaving !== link && this.#closed === undefined;
    if (link.isLameDuck && isNew) void this.#leave(link);
  }

  async #leave(link: Link): Promise<void> {
    this.#leaving = link;
    this.#hasLeft = await moveAway(link, {
      connectElsewhere: (from) => this.#dialer.connectElsewhere(from),
      subscriptions: this.#subscriptions,
      outbound: this.#outbound,
      pause: () => pause(this.#clock, this.#times.moveMs, this.#stop.signal),
      isStopped: () => this.#stop.signal.aborted,
      onNowhere: () => this.#messages.nowhere(link.server),
      onStanding: (next) => (this.#next = next),
    });
    if (this.#hasLeft) link.close("moved to another server");
  }

  /** Publishes after `settleMs`. Resolves when the connection has ended. */
  async #serve(link: Link, settleMs: number): Promise<void> {
    if (this.#stop.signal.aborted) return link.close("the bus is closed");
    this.#link = link;
    if (this.#hasLeft) this.#messages.moved(this.#leaving?.server ?? "", link.server);
    else this.#messages.connected(link.server);
    this.#leaving = undefined;
    this.#hasLeft = false;
    this.#breaks.connected(link.serverId);
    this.#state = "up";
    for (const subscription of this.#subscriptions) subscription.attach(link);
    let cancelSettling = () => {};
    if (settleMs === 0) this.#outbound.attach(link);
    else cancelSettling = this.#clock.after(settleMs, () => this.#outbound.attach(link));
    this.#hear(link);
    const end = await link.ended;
    cancelSettling();
    if (this.#stop.signal.aborted) return;
    this.maxPayloadBytes();
    this.#link = undefined;
    if (this.#hasLeft) return void this.#outbound.detach();
    this.#state = "down";
    for (const subscription of this.#subscriptions) subscription.detach(link);
    this.#messages.disconnected(link.server, end.reason, this.#missed(this.#outbound.detach()));
    if (this.#subscriptions.size === 0) return;
    // What is published now goes where they stand already.
    this.#breaks.ended(this.#next === undefined ? end : { ...end, wasBusy: false });
  }

  /** How many of the lost payloads the operator should hear of. */
  #missed(lostPayloads: number): number {
    return this.#options.onLost === undefined ? 0 : lostPayloads;
  }
}

function rejectedAsFull(): Promise<void> {
  return Promise.reject(new BusFull("too much is waiting for NATS"));
}
