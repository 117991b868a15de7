/**
 * How a UDP listener that has its process to itself reads while datagrams follow one another: it sleeps for two
 * milliseconds, reads all that its socket has gathered meanwhile, past the event loop, and so on as long as that is more
 * than one datagram.
 *
 * Each turn of the event loop costs the same, whether it reads one datagram or a hundred, and at 100,000 a second
 * fourteen were read in one. Datagrams that come after a pause are read by the event loop, at once: they are not late
 * because there are few. The others are late by as long as the sleep at most.
 *
 * The process sleeps, event loop and all, so this is for one that does nothing else.
 */
import { type NapDeps, systemNaps } from "../platform/naps.ts";

const SLEEP_MS = 2;

/** A turn of the event loop that begins within so much of the end of the last reading follows it. */
const FOLLOWING_MS = 2;

/** So many are read before the event loop has its turn, in which the batches leave. */
const DATAGRAMS_MAX = 1024;

/**
 * So much of the socket's receive buffer may fill during a sleep: a quarter of what the kernel really has, which is
 * twice what it is asked for.
 */
const SLEEP_MAX_PART = 1 / 2;

/** What a datagram takes of the buffer beside its own bytes, at least. */
const DATAGRAM_EXTRA_BYTES = 700;

export interface GatheringOptions {
  readonly receiveBufferBytes: number;
  /** Reads what waits, and calls {@link Gathering.took} with each datagram; stops at `datagramsMax`. */
  readonly readWaiting: (datagramsMax: number) => void;
}

export class Gathering {
  readonly #options: GatheringOptions;
  readonly #deps: NapDeps;
  /** Since the last reading ended, whoever read them. */
  #datagrams = 0;
  #bytes = 0;
  #lastEndMs = -Infinity;
  /** True from the turn that this follows on, until a reading brings no second datagram. */
  #isGathering = false;
  /** True if the last reading was such a one. */
  #wasInVain = false;
  #mayFill = false;
  #isStopped = false;

  constructor(options: GatheringOptions, deps: NapDeps = systemNaps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** A datagram was read, and its lines are where they belong. Hot: once per datagram. */
  took(bytes: number): void {
    this.#bytes += bytes + DATAGRAM_EXTRA_BYTES;
    if (this.#datagrams++ > 0 || this.#isGathering) return;
    // The first of a turn of the event loop.
    const isFollowing = this.#deps.nowMs() - this.#lastEndMs < FOLLOWING_MS;
    this.#isGathering = isFollowing && !this.#wasInVain;
    setImmediate(this.#endTurn);
  }

  /** The socket is going to be closed: it is not read from here any more. */
  stop(): void {
    this.#isStopped = true;
  }

  readonly #endTurn = (): void => {
    if (this.#isStopped) return;
    const wasGathering = this.#isGathering;
    if (wasGathering) {
      if (this.#mayFill) this.#deps.sleep(SLEEP_MS);
      this.#options.readWaiting(DATAGRAMS_MAX);
      this.#isGathering = this.#datagrams > 1;
      // Behind what has been published, so that it is written before the next sleep.
      if (this.#isGathering) setImmediate(this.#endTurn);
    }
    this.#wasInVain = wasGathering && !this.#isGathering;
    this.#endReading();
  };

  #endReading(): void {
    const nowMs = this.#deps.nowMs();
    // What comes after a pause came together.
    const tookMs = Math.min(nowMs - this.#lastEndMs, SLEEP_MS);
    const roomBytes = this.#options.receiveBufferBytes * SLEEP_MAX_PART;
    this.#mayFill = this.#bytes * SLEEP_MS <= roomBytes * tookMs;
    this.#datagrams = 0;
    this.#bytes = 0;
    this.#lastEndMs = nowMs;
  }
}
