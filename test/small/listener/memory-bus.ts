/** A bus that keeps what is published, for the logic in front of it; the listeners themselves run on a real one. */
import {
  type Bus,
  BusFull,
  type BusState,
  type OnFree,
  type Pieces,
  putTogether,
  type Subscription,
  TAKEN,
} from "../../../src/bus/bus.ts";

export class MemoryBus implements Bus {
  /** `subject` and text of each payload taken. */
  readonly published: (readonly [subject: string, text: string])[] = [];
  maxBytes = 1024 * 1024;
  /** Set: this many payloads more are taken, then none. */
  takes = Number.POSITIVE_INFINITY;
  isDown = false;
  /** Subjects on which the server allows nothing. */
  readonly refused = new Set<string>();
  lostToRefusals = 0;
  /** What hasRoom() answers by. */
  roomBytes = Number.POSITIVE_INFINITY;
  /** Set: what it takes, it gives back at once; else it keeps it. */
  givesBack = false;
  /** Set: takes payloads over and never says so, as a bus that stores and is cut off from its store. */
  isSilent = false;
  readonly #decoder = new TextDecoder();
  readonly #waiting: (() => void)[] = [];

  get texts(): string[] {
    return this.published.map(([, text]) => text);
  }

  publish(subject: string, payload: Uint8Array, _lines = 0, onFree?: OnFree): Promise<void> {
    if (this.takes-- <= 0) return Promise.reject(new BusFull("too much is waiting"));
    this.published.push([subject, this.#decoder.decode(payload)]);
    if (this.isSilent) return new Promise(() => {});
    if (this.givesBack) onFree?.(payload);
    return TAKEN;
  }

  publishPieces(subject: string, pieces: Pieces): Promise<void> {
    return this.publish(subject, putTogether(pieces));
  }

  subscribe(): Promise<Subscription> {
    return Promise.reject(new Error("a listener does not subscribe"));
  }

  maxPayloadBytes(): number {
    return this.maxBytes;
  }

  state(): BusState {
    return this.isDown ? "down" : "up";
  }

  isReady(): boolean {
    return !this.isDown;
  }

  isRefused(subject: string): boolean {
    return this.refused.has(subject);
  }

  refusedLines(): number {
    return this.lostToRefusals;
  }

  hasRoom(bytes = 1): boolean {
    return this.roomBytes >= bytes && !(this.isDown && this.takes <= 0);
  }

  whenRoom(bytes: number): Promise<void> | undefined {
    if (this.hasRoom(bytes)) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** From now on there is room for so many bytes: all who wait for room look again. */
  makeRoom(bytes: number): void {
    this.roomBytes = bytes;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
