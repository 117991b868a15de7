/**
 * The way out: holds payloads while there is no connection, hands them to it in order, and remembers the
 * lines of each until the server has confirmed it.
 *
 * One round trip after the other confirms what was handed over by then. A window bounds how much that is.
 */
import type { Cancel, Clock } from "../platform/clock.ts";
import { type BusOptions, type Loss, type OnFree, type Pieces, putTogether, TAKEN } from "./bus.ts";
import { Fifo } from "./fifo.ts";
import type { Link } from "./nats-link.ts";
import { OutboundQueue, type Outgoing } from "./outbound-queue.ts";
import { PublishRefusals, type PublishRefusalsOptions } from "./publish-refusals.ts";
import { COPIED_MAX_BYTES } from "./socket-writer.ts";

export interface OutboundEvents {
  readonly onLost: NonNullable<BusOptions["onLost"]>;
  /** What is published on `subject` is taken again, after so many lines were lost because the server refused them. */
  readonly onAllowed: (subject: string, lostLines: number) => void;
  /** A payload that was held exceeds what the server, connected since, takes; onLost is called as well. */
  readonly onTooLarge: (bytes: number, maxBytes: number) => void;
}

/**
 * What is handed over takes no memory here but its number of lines, and what waits does. So this is for a third of a second
 * of 150,000 datagrams: Bun reads a UDP socket until it is empty before it reads the server's answer, and with 8 MB one of
 * three runs lost lines and took 150 MiB instead of 84.
 */
const WINDOW_BYTES = 64 * 1024 * 1024;

/**
 * Above this much held, more only waits longer: who can wait is told to. What is held must not run out meanwhile, and
 * the less memory goes round, the more of it is in the processor's cache: half a megabyte each through 8 connections took
 * 390 MiB and a quarter more processor time when all of `outboundMaxBytes` was filled first.
 */
const BEHIND_BYTES = 1024 * 1024;

/**
 * How long publications that follow one another wait for the round trip that confirms them all: one for each turn of
 * the event loop would cost a tenth of the processor time at full load. What it has not confirmed yet counts as lost when
 * the connection breaks.
 */
const CONFIRM_INTERVAL_MS = 20;

/**
 * Writes to the socket follow one another no faster than this; what comes first after a pause leaves at the end of its
 * turn of the event loop. Each write wakes the server, which under load takes the processor from its writer: one a
 * turn cost the HTTP listener a sixth of its processor time, and two milliseconds instead of one save some percent more.
 */
const FLUSH_INTERVAL_MS = 2;

/** Of tiny payloads: what the socket takes at once ends sooner. */
const WINDOW_PAYLOADS = 64 * 1024;

/** How soon what the server refuses is tried again. */
export type RefusalTimes = Pick<PublishRefusalsOptions, "refusedFirstMs" | "refusedMaxMs">;

const NONE_REFUSED: ReadonlyMap<string, number> = new Map();
const NOTHING = new Uint8Array(0);

export class Outbound {
  readonly #queue: OutboundQueue;
  readonly #clock: Clock;
  readonly #events: OutboundEvents;
  readonly #refusals: PublishRefusals;
  readonly #onEmpty: (() => void)[] = [];
  /** Who waits for room, in the order in which they came. */
  readonly #waiting = new Fifo<{ readonly bytes: number; readonly resolve: () => void }>();
  #link: Link | undefined;
  /** Gives back the payload that the connection keeps; there is one at most, for until then it takes no other. */
  #freeKept: (() => void) | undefined;
  /** Called when nothing is left on the connection that is being left. */
  #onLeft: (() => void) | undefined;
  #isLeaving = false;
  #isConfirming = false;
  #isTurnEndDue = false;
  #lastFlushMs = -Infinity;
  #lastConfirmMs = -Infinity;
  #cancelConfirm: Cancel | undefined;

  constructor(maxBytes: number, clock: Clock, times: RefusalTimes, events: OutboundEvents) {
    this.#queue = new OutboundQueue(maxBytes);
    this.#clock = clock;
    this.#events = events;
    this.#refusals = new PublishRefusals({
      ...times,
      clock,
      probe: (subject) => this.#probe(subject),
      onAllowed: events.onAllowed,
    });
  }

  /** True while the server is known to refuse what is published on `subject`. */
  isRefused(subject: string): boolean {
    return this.#refusals.has(subject) || this.#queue.hasRefused(subject);
  }

  /** Lines lost so far on the subjects that are refused now. */
  get refusedLines(): number {
    return this.#refusals.lostLines;
  }

  fits(bytes: number): boolean {
    return this.#queue.fits(bytes);
  }

  /** Takes `payload` over; undefined if it does not fit. Hot: once per payload. */
  publish(
    subject: string,
    payload: Uint8Array,
    lines: number,
    onFree?: OnFree,
  ): Promise<void> | undefined {
    if (this.#refusals.has(subject)) {
      this.#loseRefused(subject, lines);
      onFree?.(payload);
      return TAKEN;
    }
    if (!this.#queue.hold(subject, payload, lines, onFree)) return undefined;
    this.#send();
    return TAKEN;
  }

  /** The same for a payload in pieces: copied once if it can leave now. Hot: once per payload. */
  publishPieces(subject: string, pieces: Pieces): Promise<void> | undefined {
    const { sizeBytes, lines } = pieces;
    if (this.#refusals.has(subject)) {
      this.#loseRefused(subject, lines);
      return TAKEN;
    }
    if (!this.#queue.fits(sizeBytes)) return undefined;
    const link = this.#link;
    if (link === undefined || !this.#canLeaveNow(link, sizeBytes)) {
      return this.publish(subject, putTogether(pieces), lines);
    }
    link.publishPieces(subject, pieces);
    this.#queue.addSent(subject, sizeBytes, lines);
    this.#endTurnSoon();
    return TAKEN;
  }

  /** As {@link Bus.whenRoom} has it. */
  whenRoom(bytes: number): Promise<void> | undefined {
    const isFirst = this.#waiting.length === 0 || this.#queue.isEmpty;
    if (isFirst && this.#hasRoomSoon(bytes)) return undefined;
    return new Promise((resolve) => this.#waiting.push({ bytes, resolve }));
  }

  /** A connection stands: what is held goes out on it. */
  attach(link: Link): void {
    this.#link = link;
    this.#isLeaving = false;
    this.#send();
  }

  /**
   * The connection has ended. What it had not confirmed is lost, for part of it may have arrived and nothing is sent
   * twice. Returns how many payloads that were.
   */
  detach(): number {
    this.#link = undefined;
    this.#freeKept = undefined;
    this.#isConfirming = false;
    this.#cancelConfirm?.();
    this.#cancelConfirm = undefined;
    this.#refusals.forget();
    const lost = this.#queue.takeAllSent();
    this.#lose(lost, "unconfirmed");
    this.#tellIfLeft();
    this.#tellIfEmpty();
    this.#tellOfRoom();
    return lost.length;
  }

  /** Sends no more on the connection until the next one stands; resolves when it has confirmed all, or has ended. */
  leave(): Promise<void> {
    this.#isLeaving = true;
    return new Promise((resolve) => {
      this.#onLeft = resolve;
      this.#tellIfLeft();
      if (!this.#isConfirming) this.#endTurn();
    });
  }

  /** The connection takes more again. */
  resume(): void {
    if (this.#link?.keepsPayload === false) {
      const free = this.#freeKept;
      this.#freeKept = undefined;
      free?.();
    }
    this.#send();
  }

  /** The server refused one of the payloads sent on `subject`. */
  refuse(subject: string): void {
    this.#queue.refuse(subject);
  }

  /** Resolves when everything is confirmed or lost. */
  whenEmpty(): Promise<void> {
    if (this.#queue.isEmpty) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty.push(resolve);
      if (!this.#isConfirming) this.#endTurn();
    });
  }

  /** Everything that is not confirmed is lost. Returns how many payloads that were. */
  abandon(): number {
    let count = this.detach();
    for (let next = this.#queue.takeHeld(); next !== undefined; next = this.#queue.takeHeld()) {
      this.#lose([next], "unconfirmed");
      count++;
    }
    this.#tellIfEmpty();
    return count;
  }

  #send(): void {
    const link = this.#link;
    if (link === undefined || link.hasEnded()) return; // Ended: detach() is about to be called.
    const maxBytes = link.payloadMaxBytes();
    while (link.isWritable && this.#hasWindow()) {
      const next = this.#queue.firstHeld();
      if (next === undefined) break;
      if (next.payload.length > maxBytes) {
        this.#queue.takeHeld();
        this.#events.onTooLarge(next.payload.length, maxBytes);
        this.#lose([next], "unconfirmed");
      } else {
        const { payload, onFree } = next;
        link.publish(next.subject, payload);
        this.#queue.markSent();
        if (onFree !== undefined) this.#freeSoon(link, payload, onFree);
      }
    }
    this.#tellIfEmpty();
    this.#tellOfRoom();
    this.#endTurnSoon();
  }

  /** Gives the payload back that was handed to the connection last: now, or when the connection has no more use for it. */
  #freeSoon(link: Link, payload: Uint8Array, onFree: OnFree): void {
    if (link.keepsPayload) this.#freeKept = () => onFree(payload);
    else onFree(payload);
  }

  /** True if a payload of `bytes` would be with the connection, in its buffer of small ones, at once. */
  #canLeaveNow(link: Link, bytes: number): boolean {
    const isNext = this.#queue.heldBytes === 0 && this.#hasWindow();
    const fits = bytes <= COPIED_MAX_BYTES && bytes <= link.payloadMaxBytes();
    return isNext && fits && link.isWritable && !link.hasEnded();
  }

  #endTurnSoon(): void {
    if (this.#isTurnEndDue || this.#queue.sentCount === 0) return;
    this.#isTurnEndDue = true;
    const isSoon = this.#clock.monotonicMs() - this.#lastFlushMs < FLUSH_INTERVAL_MS;
    if (isSoon) this.#clock.after(FLUSH_INTERVAL_MS, this.#endTurn);
    else setImmediate(this.#endTurn);
  }

  /** One write for all that is published in one turn of the event loop or more, and one round trip at a time. */
  readonly #endTurn = (): void => {
    this.#isTurnEndDue = false;
    this.#lastFlushMs = this.#clock.monotonicMs();
    const link = this.#link;
    if (link === undefined || link.hasEnded()) return;
    if (this.#isConfirming || this.#mayConfirmLater()) return link.flush();
    this.#isConfirming = true;
    void this.#confirm(link);
  };

  /** True if a round trip was made just now and nobody waits for the next: it is made at its time. */
  #mayConfirmLater(): boolean {
    const dueMs = this.#lastConfirmMs + CONFIRM_INTERVAL_MS - this.#clock.monotonicMs();
    if (dueMs <= 0 || this.#onEmpty.length > 0 || !this.#hasWindow()) return false;
    this.#cancelConfirm ??= this.#clock.after(dueMs, () => {
      this.#cancelConfirm = undefined;
      this.#endTurn();
    });
    return true;
  }

  #hasWindow(): boolean {
    if (this.#isLeaving) return false;
    return this.#queue.sentBytes < WINDOW_BYTES && this.#queue.sentCount < WINDOW_PAYLOADS;
  }

  async #confirm(link: Link): Promise<void> {
    const count = this.#queue.sentCount;
    this.#lastConfirmMs = this.#clock.monotonicMs();
    let refused = NONE_REFUSED;
    await link.roundTrip(() => (refused = this.#queue.takeRefused()));
    // If the connection has ended meanwhile, detach() has dealt with what was sent on it.
    if (this.#link !== link) return;
    this.#isConfirming = false;
    if (refused.size === 0 && this.#refusals.isEmpty) this.#queue.confirm(count);
    else this.#lose(this.#refusals.judge(this.#queue.takeSent(count), refused), "refused");
    this.#tellIfLeft();
    this.#send();
  }

  #lose(lost: readonly Outgoing[], why: Loss): void {
    for (const { subject, lines } of lost) this.#events.onLost(subject, lines, why);
  }

  #loseRefused(subject: string, lines: number): void {
    this.#refusals.lose(subject, lines);
    this.#events.onLost(subject, lines, "refused");
  }

  /** An empty message for a subject that is refused: it goes the way of all others. */
  #probe(subject: string): boolean {
    if (!this.#queue.hold(subject, NOTHING, 0)) return false;
    this.#send();
    return true;
  }

  #tellIfLeft(): void {
    if (this.#isLeaving && this.#queue.sentCount === 0) this.#onLeft?.();
  }

  #tellIfEmpty(): void {
    if (!this.#queue.isEmpty) return;
    for (const tell of this.#onEmpty.splice(0)) tell();
  }

  #hasRoomSoon(bytes: number): boolean {
    const isBehind = this.#link !== undefined && this.#queue.heldBytes > BEHIND_BYTES;
    return !isBehind && this.#queue.fits(bytes);
  }

  /**
   * Wakes as many as there is room for together, and whoever wants more than there ever is: nobody waits behind that.
   * Those that gave up waiting are woken too, to no effect.
   */
  #tellOfRoom(): void {
    let bytes = 0;
    for (let next = this.#waiting.first(); next !== undefined; next = this.#waiting.first()) {
      const isTooMuch = this.#queue.isEmpty && !this.#hasRoomSoon(next.bytes);
      if (!isTooMuch) bytes += next.bytes;
      if (!this.#hasRoomSoon(bytes)) return;
      this.#waiting.shift();
      next.resolve();
    }
  }
}
