/**
 * How a UDP listener that has its process to itself reads while datagrams follow one another: it sleeps for two
 * milliseconds, or less where its socket's buffer is small, reads all that has gathered there meanwhile, past the event
 * loop, and so on as long as that is more than one datagram.
 *
 * Each turn of the event loop costs the same, whether it reads one datagram or a hundred, and at 100,000 a second
 * fourteen were read in one. Datagrams that come after a pause are read by the event loop, at once: they are not late
 * because there are few. The others are late by as long as the sleep at most.
 *
 * The process sleeps, event loop and all, so this is for one that does nothing else.
 */
import { type NapDeps, systemNaps } from "../platform/naps.ts";

/** How long a sleep is at most, and at least: each costs some 20 microseconds. */
const SLEEP_MAX_MS = 2;
const SLEEP_MIN_MS = 0.5;

/** A sleep that fills more of the socket's receive buffer was too long, and half as much at least allows for a longer one. */
const FILLED_MAX_SHARE = 1 / 2;
const FILLED_LITTLE_SHARE = FILLED_MAX_SHARE / 2;

/** A turn of the event loop that begins within so much of the end of the last reading follows it. */
const FOLLOWING_MS = 2;

/** So many are read before the event loop has its turn: some ten milliseconds' work. What still waits then, it reads. */
const DATAGRAMS_MAX = 16 * 1024;

export interface GatheringOptions {
  /** Reads what waits, and calls {@link Gathering.took} for each datagram; stops at `datagramsMax`. */
  readonly readWaiting: (datagramsMax: number) => void;
  /** How much of the receive buffer is taken by what waits, 0 to 1. */
  readonly filledShare: () => number;
}

export class Gathering {
  readonly #options: GatheringOptions;
  readonly #deps: NapDeps;
  /** Since the last reading ended, whoever read them. */
  #datagrams = 0;
  #lastEndMs = -Infinity;
  #sleepMs = SLEEP_MIN_MS;
  /** True from the turn that this follows on, until a reading ends it. */
  #isGathering = false;
  /** True if the last reading did: the next turn is the event loop's. */
  #hasEnded = false;
  #isStopped = false;

  constructor(options: GatheringOptions, deps: NapDeps = systemNaps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** A datagram was read, and its lines are where they belong. Hot: once per datagram. */
  took(): void {
    if (this.#datagrams++ > 0 || this.#isGathering) return;
    // The first of a turn of the event loop.
    const isFollowing = this.#deps.nowMs() - this.#lastEndMs < FOLLOWING_MS;
    this.#isGathering = isFollowing && !this.#hasEnded;
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
      this.#deps.sleep(this.#sleepMs);
      const isShortEnough = this.#adaptSleep();
      this.#options.readWaiting(DATAGRAMS_MAX);
      this.#isGathering = isShortEnough && this.#datagrams > 1;
      // Behind what has been published, so that it is written before the next sleep.
      if (this.#isGathering) setImmediate(this.#endTurn);
    }
    this.#hasEnded = wasGathering && !this.#isGathering;
    this.#datagrams = 0;
    this.#lastEndMs = this.#deps.nowMs();
  };

  /** False if even the shortest sleep fills too much. */
  #adaptSleep(): boolean {
    const filled = this.#options.filledShare();
    const isShortest = this.#sleepMs <= SLEEP_MIN_MS;
    if (filled > FILLED_MAX_SHARE) this.#sleepMs = Math.max(SLEEP_MIN_MS, this.#sleepMs / 2);
    if (filled < FILLED_LITTLE_SHARE) this.#sleepMs = Math.min(SLEEP_MAX_MS, this.#sleepMs * 2);
    return filled <= FILLED_MAX_SHARE || !isShortest;
  }
}
