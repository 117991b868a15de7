/**
 * What was published and is not confirmed yet: first the payloads that wait (held), then those handed to the
 * connection (sent), each in the order of publication, both together within one limit. Pure: knows no connection.
 */
import type { OnFree } from "./bus.ts";
import { Fifo } from "./fifo.ts";

export interface Outgoing {
  readonly subject: string;
  /** Empty once it is sent: what is with the connection need not take memory here until it is confirmed. */
  payload: Uint8Array;
  readonly bytes: number;
  readonly lines: number;
  /** Undefined as well once it is sent. */
  onFree: OnFree | undefined;
}

const NOTHING = new Uint8Array(0);

/** A limit in bytes alone would let tiny payloads pile up: each takes some 100 bytes more than its own. */
const PAYLOADS_MAX = 512 * 1024;

export class OutboundQueue {
  readonly #maxBytes: number;
  readonly #held = new Fifo<Outgoing>();
  readonly #sent = new Fifo<Outgoing>();
  #heldBytes = 0;
  #sentBytes = 0;
  /** How many of the sent payloads the server has refused since it was last asked, by subject. */
  #refused = new Map<string, number>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isEmpty(): boolean {
    return this.#held.length === 0 && this.#sent.length === 0;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get sentCount(): number {
    return this.#sent.length;
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** True if a payload of `bytes` would be taken. */
  fits(bytes: number): boolean {
    return (
      this.#heldBytes + this.#sentBytes + bytes <= this.#maxBytes &&
      this.#held.length + this.#sent.length < PAYLOADS_MAX
    );
  }

  /** Takes a payload in behind the others; false if it does not fit. */
  hold(subject: string, payload: Uint8Array, lines: number, onFree?: OnFree): boolean {
    const bytes = payload.length;
    if (!this.fits(bytes)) return false;
    this.#held.push({ subject, payload, bytes, lines, onFree });
    this.#heldBytes += bytes;
    return true;
  }

  firstHeld(): Outgoing | undefined {
    return this.#held.first();
  }

  /** The first held payload is with the connection now. */
  markSent(): void {
    const outgoing = this.takeHeld();
    if (outgoing === undefined) return;
    outgoing.payload = NOTHING;
    outgoing.onFree = undefined;
    this.#sent.push(outgoing);
    this.#sentBytes += outgoing.bytes;
  }

  /** A payload went to the connection without waiting here. It must fit, and nothing else may be held. */
  addSent(subject: string, bytes: number, lines: number): void {
    this.#sent.push({ subject, payload: NOTHING, bytes, lines, onFree: undefined });
    this.#sentBytes += bytes;
  }

  /** Takes the first held payload out for good. */
  takeHeld(): Outgoing | undefined {
    const outgoing = this.#held.shift();
    if (outgoing !== undefined) this.#heldBytes -= outgoing.bytes;
    return outgoing;
  }

  /** The server refused one of the sent payloads on `subject`. */
  refuse(subject: string): void {
    this.#refused.set(subject, (this.#refused.get(subject) ?? 0) + 1);
  }

  /** True if it refused some since that was last taken. */
  hasRefused(subject: string): boolean {
    return this.#refused.has(subject);
  }

  /** To be taken when the server answers: what it refuses from then on was sent later. */
  takeRefused(): ReadonlyMap<string, number> {
    const refused = this.#refused;
    if (refused.size > 0) this.#refused = new Map();
    return refused;
  }

  /** The server has seen the first `count` of the sent payloads, and has refused none. Hot: once per round trip. */
  confirm(count: number): void {
    for (let index = 0; index < count; index++) this.#takeFirstSent();
  }

  /** Takes out the first `count` of the sent payloads, in the order in which they were sent. */
  takeSent(count: number): Outgoing[] {
    const taken: Outgoing[] = [];
    for (let index = 0; index < count; index++) {
      const outgoing = this.#takeFirstSent();
      if (outgoing !== undefined) taken.push(outgoing);
    }
    return taken;
  }

  /** Takes out all sent payloads: their connection broke before it confirmed them. */
  takeAllSent(): Outgoing[] {
    this.#refused = new Map();
    return this.takeSent(this.#sent.length);
  }

  #takeFirstSent(): Outgoing | undefined {
    const outgoing = this.#sent.shift();
    if (outgoing !== undefined) this.#sentBytes -= outgoing.bytes;
    return outgoing;
  }
}
