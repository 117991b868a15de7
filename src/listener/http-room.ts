/**
 * What bodies hold between reading and handing on, all of them together, and who gives way when that is not enough: no
 * sender keeps the others out by holding much for long, and small bodies find room when large ones have taken all.
 */
import type { Clock } from "../platform/clock.ts";

/** A body that holds no more is a small one. What agents send is, mostly. */
export const SMALL_MAX_BYTES = 256 * 1024;

/** How much of the room is for small ones alone. */
export const SMALL_SHARE = 0.2;

/** A body that is still being read after this long gives way to others: at the pace of a network it would have been there. */
const SLOW_MS = 2000;

export interface RoomOptions {
  readonly maxBytes: number;
  readonly clock: Clock;
}

export interface HoldingOptions {
  /** Of whom others share a name are one sender. Asked for when there is no room. */
  readonly senderName: () => string;
  /** Called when what it holds has been given to others. */
  readonly onGivenAway: () => void;
}

export class Room {
  readonly #maxBytes: number;
  readonly #clock: Clock;
  readonly #holdings = new Set<Holding>();
  #heldBytes = 0;

  constructor({ maxBytes, clock }: RoomOptions) {
    this.#maxBytes = maxBytes;
    this.#clock = clock;
  }

  /** How much one body may hold now; who is slow gives way until that is `wantedBytes`. */
  roomFor(wantedBytes: number): number {
    this.#makeRoom(wantedBytes);
    const smallBytes = Math.min(this.#freeBytes(0), SMALL_MAX_BYTES);
    return Math.max(0, smallBytes, this.#freeBytes(SMALL_MAX_BYTES + 1));
  }

  /** For one body. It is to be ended. */
  open(options: HoldingOptions): Holding {
    return new Holding(this, options, this.#clock.monotonicMs());
  }

  /** `holding`'s alone: see {@link Holding.take}. */
  take(holding: Holding, bytes: number): boolean {
    if (holding.hasEnded || !this.#makeRoom(bytes, holding)) return false;
    this.#heldBytes += bytes;
    this.#holdings.add(holding);
    return true;
  }

  /** `holding`'s alone: see {@link Holding.end}. */
  giveBack(holding: Holding): void {
    if (this.#holdings.delete(holding)) this.#heldBytes -= holding.bytes;
  }

  /** For a body that holds `wantedBytes` then. */
  #freeBytes(wantedBytes: number): number {
    const share = wantedBytes <= SMALL_MAX_BYTES ? 1 : 1 - SMALL_SHARE;
    return this.#maxBytes * share - this.#heldBytes;
  }

  /** For so many bytes, or more of `holding`. False if there is not as much, however many slow ones give way. */
  #makeRoom(bytes: number, holding?: Holding): boolean {
    const wantedBytes = bytes + (holding?.bytes ?? 0);
    while (bytes > this.#freeBytes(wantedBytes)) {
      const slow = this.#mostCostly();
      if (slow === undefined || slow === holding) return false;
      slow.giveAway();
    }
    return true;
  }

  /**
   * Of all that are still being read after a while: what has cost most, in bytes times seconds, of the sender whose
   * bodies have cost most together. Behind a proxy all are one sender's.
   */
  #mostCostly(): Holding | undefined {
    const nowMs = this.#clock.monotonicMs();
    const costs = new Map<string, { sum: number; most: Holding; mostCost: number }>();
    for (const holding of this.#holdings) {
      const ageMs = nowMs - holding.startMs;
      if (!holding.isBeingRead || ageMs < SLOW_MS) continue;
      const cost = holding.bytes * ageMs;
      const sender = costs.get(holding.senderName);
      if (sender === undefined) {
        costs.set(holding.senderName, { sum: cost, most: holding, mostCost: cost });
        continue;
      }
      sender.sum += cost;
      if (cost <= sender.mostCost) continue;
      sender.most = holding;
      sender.mostCost = cost;
    }
    let costliest: { sum: number; most: Holding } | undefined;
    for (const sender of costs.values()) {
      if (costliest === undefined || sender.sum > costliest.sum) costliest = sender;
    }
    return costliest?.most;
  }
}

/** What one body holds: as it came, inflated, with its times in nanoseconds. */
export class Holding {
  readonly startMs: number;
  /** True while bytes of it may still come; then it may have to give way. */
  isBeingRead = true;
  hasEnded = false;
  bytes = 0;
  readonly #room: Room;
  readonly #options: HoldingOptions;
  #senderName: string | undefined;

  constructor(room: Room, options: HoldingOptions, startMs: number) {
    this.#room = room;
    this.#options = options;
    this.startMs = startMs;
  }

  get senderName(): string {
    this.#senderName ??= this.#options.senderName();
    return this.#senderName;
  }

  /** So many bytes more; false, and nothing taken, if there is no room for them. */
  take(bytes: number): boolean {
    if (!this.#room.take(this, bytes)) return false;
    this.bytes += bytes;
    return true;
  }

  /** So many bytes in place of what it holds; false, and nothing held, if there is no room for them. */
  exchange(bytes: number): boolean {
    this.#room.giveBack(this);
    this.bytes = 0;
    return this.take(bytes);
  }

  /** Gives all of it back; it takes no more. */
  end(): void {
    this.hasEnded = true;
    this.#room.giveBack(this);
    this.bytes = 0;
  }

  giveAway(): void {
    this.end();
    this.#options.onGivenAway();
  }
}
