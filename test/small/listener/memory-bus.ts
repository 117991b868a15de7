/** A bus that keeps what is published, for the logic in front of it; the listeners themselves run on a real one. */
import { type Bus, BusFull, type BusState, type Subscription } from "../../../src/bus/bus.ts";

export class MemoryBus implements Bus {
  /** `subject` and text of each payload taken. */
  readonly published: (readonly [subject: string, text: string])[] = [];
  maxBytes = 1024 * 1024;
  /** Set: this many payloads more are taken, then none. */
  takes = Number.POSITIVE_INFINITY;
  isDown = false;
  /** What hasRoom() answers by. */
  roomBytes = Number.POSITIVE_INFINITY;
  /** Set: takes payloads over and never says so, as a bus that stores and is cut off from its store. */
  isSilent = false;
  readonly #decoder = new TextDecoder();

  get texts(): string[] {
    return this.published.map(([, text]) => text);
  }

  publish(subject: string, payload: Uint8Array): Promise<void> {
    if (this.takes-- <= 0) return Promise.reject(new BusFull("too much is waiting"));
    this.published.push([subject, this.#decoder.decode(payload)]);
    return this.isSilent ? new Promise(() => {}) : Promise.resolve();
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

  hasRoom(bytes = 1): boolean {
    return this.roomBytes >= bytes && !(this.isDown && this.takes <= 0);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
