/**
 * Short sleeps of the UDP listener while datagrams follow one another, in which its socket gathers the next ones.
 *
 * Each turn of the event loop costs the same, whether it reads one datagram or a hundred, and at 100,000 a second
 * fourteen were read in one. Datagrams that come after a pause are read at once, and so is one after a sleep that has
 * gathered no second one: they are not late because there are few. The others are late by as long as the sleep at most.
 *
 * The process sleeps, event loop and all, so this is for one that does nothing else. Bun has no way to leave a UDP socket
 * alone for a while.
 */
import { type NapDeps, systemNaps } from "../platform/naps.ts";

const SLEEP_MS = 2;

/** A datagram that comes within so much of the end of a turn follows it. */
const FOLLOWING_MS = 2;

/**
 * A turn that used so much of the socket's receive buffer is followed by the next at once: a quarter of what the kernel
 * really has, which is twice what it is asked for.
 */
const ENOUGH_OF_BUFFER = 1 / 2;

/** What a datagram takes of the buffer beside its own bytes, at least. */
const DATAGRAM_EXTRA_BYTES = 700;

export class Gathering {
  readonly #enoughBytes: number;
  readonly #deps: NapDeps;
  #turnDatagrams = 0;
  #turnBytes = 0;
  /** True if this turn began with a sleep. */
  #isSleeping = false;
  /** True if the last one did, and had nothing of it. */
  #wasInVain = false;
  #lastTurnMs = -Infinity;

  constructor(receiveBufferBytes: number, deps: NapDeps = systemNaps) {
    this.#enoughBytes = receiveBufferBytes * ENOUGH_OF_BUFFER;
    this.#deps = deps;
  }

  /** Call it with each datagram that was read: with the first of a turn it sleeps, if that pays. Hot: once per datagram. */
  read(bytes: number): void {
    if (this.#turnDatagrams++ === 0) this.#beginTurn();
    this.#turnBytes += bytes + DATAGRAM_EXTRA_BYTES;
  }

  /** The socket is read until it is empty, so what comes during the sleep is read in the same turn. */
  #beginTurn(): void {
    setImmediate(this.#endTurn);
    const isFollowing = this.#deps.nowMs() - this.#lastTurnMs < FOLLOWING_MS;
    const isEnough = this.#turnBytes >= this.#enoughBytes;
    this.#turnBytes = 0;
    this.#isSleeping = isFollowing && !isEnough && !this.#wasInVain;
    if (this.#isSleeping) this.#deps.sleep(SLEEP_MS);
  }

  readonly #endTurn = (): void => {
    this.#wasInVain = this.#isSleeping && this.#turnDatagrams === 1;
    this.#turnDatagrams = 0;
    this.#lastTurnMs = this.#deps.nowMs();
  };
}
