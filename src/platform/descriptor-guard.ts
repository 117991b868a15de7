/**
 * Keeps the clients of a server from using up the file descriptors of the process. Without it the runtime tries to accept
 * the next connection again and again, a core at full load, and nothing else gets a descriptor: no probe, no connection
 * to NATS, no file.
 *
 * Descriptors are few when the lowest free one is a high one. Then the server takes no connections for a while, those who
 * want one wait in the kernel's queue, and some are ended: of whoever has most, what has been quiet for longest.
 */
import type { Cancel, Clock } from "./clock.ts";
import {
  type Connection,
  type DescriptorCalls,
  type Gate,
  openDescriptorCalls,
} from "./descriptors.ts";
import { type Log, throttled } from "./log.ts";

export interface GuardOptions {
  /** The server's. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
  /** The kernel, so that tests play it; throws where nothing of this can be done. */
  readonly openCalls?: () => DescriptorCalls;
}

/** How often it looks, and how often for a while after connections were ended: what is free may be gone as quickly. */
const LOOK_MS = 200;
const LOOK_AGAIN_MS = 10;
const AGAIN_MS = 5000;

/** How long no connections are taken then: finding out who has which may take fifty milliseconds. */
const CLOSED_MS = 250;

/** A process that may have more descriptors uses no more: so many connections take some 200 MB. */
const DESCRIPTORS_MAX = 32 * 1024;

/** Kept free, for all else: an eighth, within these. */
const SPARE_SHARE = 1 / 8;
const SPARE_MIN = 16;
const SPARE_MAX = 256;

/** A server whose clients have a smaller share is not the cause. */
const CAUSE_MIN_SHARE = 1 / 8;

/** How many of a server's connections are ended at a time. */
const ENDED_SHARE = 1 / 4;

/** Begins a moment later. Does nothing where the system has no such calls. */
export function guardDescriptors(options: GuardOptions): Cancel {
  const { clock, openCalls = openDescriptorCalls } = options;
  let guard: Guard | undefined;
  let cancel = clock.after(LOOK_MS, look);
  function look(): void {
    guard ??= openGuard(options, openCalls);
    if (guard !== undefined) cancel = clock.after(guard.look(), look);
  }
  return () => cancel();
}

function openGuard(options: GuardOptions, openCalls: () => DescriptorCalls): Guard | undefined {
  try {
    return new Guard(options, openCalls());
  } catch {
    return undefined; // Not Linux.
  }
}

class Guard {
  readonly #options: GuardOptions;
  readonly #calls: DescriptorCalls;
  readonly #report: (text: string) => void;
  #gate: Gate | undefined;
  #isClosed = false;
  #endedMs = -Infinity;

  constructor(options: GuardOptions, calls: DescriptorCalls) {
    this.#options = options;
    this.#calls = calls;
    this.#report = throttled(options.log.warn.bind(options.log), options.clock);
    this.#findGate();
  }

  /** Returns when to look again. */
  look(): number {
    const { clock, port } = this.#options;
    const limit = this.#calls.limit();
    const descriptorsMax = Math.min(limit, DESCRIPTORS_MAX);
    const lowestFree = this.#calls.lowestFree() ?? limit;
    const isShort = lowestFree >= descriptorsMax - spareOf(descriptorsMax);
    // Nearly all below the lowest free one are in use, so connections are hardly above it.
    const connections = isShort ? this.#calls.connectionsOf(port, lowestFree) : [];
    if (!isShort || connections.length < descriptorsMax * CAUSE_MIN_SHARE) {
      this.#open();
      return clock.monotonicMs() - this.#endedMs < AGAIN_MS ? LOOK_AGAIN_MS : LOOK_MS;
    }
    this.#close();
    this.#endSome(connections, descriptorsMax);
    this.#endedMs = clock.monotonicMs();
    return CLOSED_MS;
  }

  #endSome(connections: readonly Connection[], descriptorsMax: number): void {
    const ended = leastMissed(connections, Math.ceil(connections.length * ENDED_SHARE));
    for (const connection of ended) this.#calls.end(connection);
    this.#report(
      `clients have ${connections.length} connections to port ${this.#options.port}, and ${descriptorsMax} file ` +
        `descriptors are all there are: ended ${ended.length} connections, of who has most those that were quiet for ` +
        "longest; let clients make fewer, or raise the limit (LimitNOFILE= of systemd, ulimit -n)",
    );
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#findGate();
    this.#gate?.close();
    this.#isClosed = true;
  }

  #open(): void {
    if (!this.#isClosed) return;
    this.#gate?.open();
    this.#isClosed = false;
  }

  #findGate(): void {
    try {
      this.#gate ??= this.#calls.gateOf(this.#options.port);
    } catch {
      // There is no descriptor left to look with: some are about to be free.
    }
  }
}

function spareOf(descriptors: number): number {
  return Math.min(SPARE_MAX, Math.max(SPARE_MIN, Math.floor(descriptors * SPARE_SHARE)));
}

/**
 * So many of the connections: first those of the senders that have most, until all have as many, and of each sender what
 * was quiet for longest.
 */
function leastMissed(connections: readonly Connection[], count: number): Connection[] {
  const bySender = Map.groupBy(connections, ({ sender }) => sender);
  const ranked = [...bySender.values()].flatMap((ofOne) =>
    ofOne
      .toSorted((left, right) => left.quietMs - right.quietMs)
      .map((connection, livelier) => ({ connection, livelier })),
  );
  ranked.sort(
    (left, right) =>
      right.livelier - left.livelier || right.connection.quietMs - left.connection.quietMs,
  );
  return ranked.slice(0, count).map(({ connection }) => connection);
}
