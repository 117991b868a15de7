/**
 * The bus: how components hand payloads to one another. This file is the contract; `nats.ts` fulfils it,
 * and `test/medium/bus/conformance.ts` is the suite that every implementation passes.
 *
 * A payload is a `Uint8Array` of newline-ended lines. Who owns its bytes:
 * - published bytes are frozen: neither the caller nor the bus nor a subscriber writes to them again, unless the bus gave
 *   them back ({@link OnFree});
 * - a delivered payload may be a view into a larger receive buffer: use it until you say done(), copy it to keep it.
 */

import { messageOf } from "../platform/errors.ts";

export interface Bus {
  /**
   * Hands `payload` on, which holds so many `lines` (told again if it is lost; 0 if left out). Resolves once the bus has
   * taken it over (a bus that stores: once it is stored); while the connection is down it is held, up to
   * `outboundMaxBytes`, and sent after reconnecting.
   * Rejects with {@link BusFull} above that limit, with {@link BusClosed} after close(), with
   * {@link PayloadTooLarge} above {@link Bus.maxPayloadBytes}. A rejected payload was not taken: the caller counts it.
   */
  publish(subject: string, payload: Uint8Array, lines?: number, onFree?: OnFree): Promise<void>;

  /**
   * The same for a payload that is not in one piece yet: it is copied straight to where it leaves from, before this
   * returns. One that is rejected may not have been copied at all.
   */
  publishPieces(subject: string, pieces: Pieces): Promise<void>;

  /** Resolves once the server has confirmed the subscription; waits for the connection if it has to. */
  subscribe(subject: string, options: SubscribeOptions): Promise<Subscription>;

  /** The largest payload that `publish` takes: what the server last told, and no more than `outboundMaxBytes`. */
  maxPayloadBytes(): number;

  state(): BusState;

  /** True while it does all that it is used for: it is up, and the server allows each subscription and what has lines. */
  isReady(): boolean;

  /**
   * True while the server is known not to allow what is published on `subject`: it is taken, and lost at once. It is tried
   * again by itself.
   */
  isRefused(subject: string): boolean;

  /** Lines lost so far on subjects that are refused now: since they are, or the connection stands. */
  refusedLines(): number;

  /**
   * True if payloads of `bytes` in all would be taken now; without `bytes`, one of the largest size. False while the
   * bus is being closed.
   */
  hasRoom(bytes?: number): boolean;

  /**
   * For who can wait: undefined if payloads of `bytes` in all would be taken now and go out soon; else a promise that
   * resolves, first come first served, when that may be so. It may never, as after close(), so put a limit on the wait.
   * While the connection is down it is about room alone.
   */
  whenRoom(bytes: number): Promise<void> | undefined;

  /**
   * Drains: subscriptions deliver what they accepted, publications reach the server, then the connection ends.
   * At `deadlineMs` from now it gives up instead; what was still held goes to `onLost`. Never rejects.
   */
  close(deadlineMs: number): Promise<void>;
}

/**
 * Called with a published payload when the bus, and whoever it hands it to, have no more use for it: its bytes may be
 * written to again. It may be called before publish() returns, later, or never, once at most; and never for one that was
 * rejected. It must neither throw nor publish.
 */
export type OnFree = (payload: Uint8Array) => void;

/** A payload that is still to be put together. */
export interface Pieces {
  readonly sizeBytes: number;
  readonly lines: number;
  /** Writes all of `sizeBytes` to `target`, the first of them at `at`. */
  copyTo(target: Uint8Array, at: number): void;
}

/** For where a payload has to be in one piece. */
export function putTogether(pieces: Pieces): Uint8Array {
  const payload = new Uint8Array(pieces.sizeBytes);
  pieces.copyTo(payload, 0);
  return payload;
}

/** What `publish` returns for a payload that it took at once. Who compares need not wait, which is several times as fast. */
export const TAKEN: Promise<void> = Promise.resolve();

export function isTaken(published: Promise<void>): boolean {
  return published === TAKEN;
}

export type BusState = "connecting" | "up" | "down" | "closed";

export interface SubscribeOptions {
  /** Subscribers that name the same queue group share the deliveries; without one, each gets all of them. */
  readonly queue?: string;
  /** Deliveries waiting for the handler are bounded to this many bytes; above it the newest is dropped. */
  readonly pendingMaxBytes: number;
  /**
   * Called with one delivery at a time, in order, never from inside publish(). A returned promise is
   * back-pressure: the next delivery waits for it.
   */
  readonly onDelivery: (delivery: Delivery) => void | Promise<void>;
  /** Called with each delivery dropped above `pendingMaxBytes`, so that its lines can be counted. */
  readonly onDropped: (payload: Uint8Array, subject: string) => void;
}

/** Both functions work without their delivery: a receiver that keeps only them lets the payload go. */
export interface Delivery {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** The receiver has finished with the payload: stored, published onward, or given up and counted. */
  done(): void;
  /** The receiver could not finish: deliver it again, where the bus can. */
  retry(): void;
}

export interface Subscription {
  /** Bytes accepted from the bus that the handler has not been given yet. */
  pendingBytes(): number;
  /** False while the server refuses it: what comes on its subject meanwhile is not delivered. */
  isAllowed(): boolean;
  /** Takes no new deliveries; resolves when those already accepted have been handled. */
  drain(): Promise<void>;
}

export interface BusOptions {
  /** Shown by the server's monitoring as the connection's name. */
  readonly name: string;
  /** Bytes handed over or held and not yet confirmed by the server, at most. */
  readonly outboundMaxBytes: number;
  /**
   * Called with the lines of each payload that had been taken over and then was lost. Left out where nothing but metrics
   * is published, which nobody misses: then the log does not tell of losses either.
   */
  readonly onLost?: (subject: string, lines: number, why: Loss) => void;
  /**
   * Called when a connection has broken and messages for the subscriptions may have been lost with it, of which nobody knows how
   * many lines they held. Left out where nobody misses them: then the log does not tell of it either.
   */
  readonly onUncounted?: () => void;
}

/** With a connection, or at close; or because the server does not allow what is published on the subject. */
export type Loss = "unconfirmed" | "refused";

/** Opens a connection; resolves at once and connects in the background (see {@link Bus.state}). */
export type OpenBus = (options: BusOptions) => Bus;

/** What `whenRoom` returns after close(). */
export const NEVER: Promise<void> = new Promise(() => {});

export class BusFull extends Error {
  override readonly name = "BusFull";
}

export class BusClosed extends Error {
  override readonly name = "BusClosed";
}

export class PayloadTooLarge extends Error {
  override readonly name = "PayloadTooLarge";
}

/** Why a publication was rejected, in words that are the same each time. */
export function whyRefused(error: unknown): string {
  if (error instanceof PayloadTooLarge) return "longer than the NATS server's max_payload";
  if (error instanceof BusFull) return "NATS takes them too slowly (nats_max_outbound_size)";
  return messageOf(error);
}
