/**
 * Reads the datagrams that wait in a UDP socket, 64 with one system call, into memory that is used again and again.
 *
 * Bun hands over each datagram as an array of its own with its sender's address as a string, eight for one system call: at
 * 100,000 datagrams a second that costs more than all that a listener does with them. Its socket stays the one that binds
 * and that wakes the process; what it gives is what this must give, byte by byte and in the same order.
 */
import { ptr } from "bun:ffi";
import { getSystemErrorMap } from "node:util";

import { type Libc, openLibc } from "./libc.ts";

/** A datagram is memory[start, end), to be read within the call only; nothing if it is empty. */
export type OnDatagram = (memory: Uint8Array, start: number, end: number) => void;

export const DATAGRAMS_AT_ONCE = 64;
/** Longer than any datagram, so none is cut off. */
const DATAGRAM_MAX_BYTES = 64 * 1024;
/** At multiples of 64 KiB they would all share the same few lines of the processor's cache. */
const DISTANCE_BYTES = DATAGRAM_MAX_BYTES + 20 * 64;

/** `struct mmsghdr` of 64-bit Linux in words of 64 bits: where the vectors are, how many, and the length that was read. */
const HEADER_WORDS = 8;
const VECTORS_WORD = 2;
const VECTOR_COUNT_WORD = 3;
const LENGTH_WORD = 7;
/** `struct iovec`: where the bytes go, and how many fit. */
const VECTOR_WORDS = 2;
const WORD_BYTES = 8;

const MSG_DONTWAIT = 0x40;

/** Nothing waits, or a signal came in between. */
const EAGAIN = 11;
const EINTR = 4;

export class DatagramReader {
  readonly #libc: Libc;
  readonly #onError: (error: Error) => void;
  readonly #memory = new Uint8Array(DATAGRAMS_AT_ONCE * DISTANCE_BYTES);
  /** All headers, and behind them a vector for each; and what half of a word is, the lower one first. */
  readonly #table = new BigUint64Array(DATAGRAMS_AT_ONCE * (HEADER_WORDS + VECTOR_WORDS));
  readonly #halves = new Uint32Array(this.#table.buffer);

  /**
   * Undefined where there is no such system call (macOS). `onError` is called for each error of the socket: whoever reads
   * is the one that is told.
   */
  static open(
    onError: (error: Error) => void,
    openCalls: () => Libc = openLibc,
  ): DatagramReader | undefined {
    try {
      return new DatagramReader(openCalls(), onError);
    } catch {
      return undefined;
    }
  }

  private constructor(libc: Libc, onError: (error: Error) => void) {
    this.#libc = libc;
    this.#onError = onError;
    for (let index = 0; index < DATAGRAMS_AT_ONCE; index++) {
      const header = index * HEADER_WORDS;
      const vector = DATAGRAMS_AT_ONCE * HEADER_WORDS + index * VECTOR_WORDS;
      this.#table[header + VECTORS_WORD] = BigInt(ptr(this.#table) + vector * WORD_BYTES);
      this.#table[header + VECTOR_COUNT_WORD] = 1n;
      this.#table[vector] = BigInt(ptr(this.#memory) + index * DISTANCE_BYTES);
      this.#table[vector + 1] = BigInt(DATAGRAM_MAX_BYTES);
    }
  }

  /**
   * Calls `onDatagram` with each datagram that waits in the open UDP socket `fd`, in the order in which they came, at most
   * `datagramsMax` rounded up to a multiple of 64. Returns how many there were.
   */
  read(fd: number, datagramsMax: number, onDatagram: OnDatagram): number {
    for (let read = 0; ;) {
      const count = this.#libc.recvmmsg(fd, this.#table, DATAGRAMS_AT_ONCE, MSG_DONTWAIT, null);
      if (count < 0) this.#reportError();
      for (let index = 0; index < count; index++) {
        const length = this.#halves[(index * HEADER_WORDS + LENGTH_WORD) * 2] as number;
        const start = index * DISTANCE_BYTES;
        onDatagram(this.#memory, start, start + length);
      }
      read += Math.max(0, count);
      if (count < DATAGRAMS_AT_ONCE || read >= datagramsMax) return read;
    }
  }

  #reportError(): void {
    const code = this.#libc.errno();
    if (code === EAGAIN || code === EINTR) return;
    const [name, text] = getSystemErrorMap().get(-code) ?? [`error ${code}`, "unknown"];
    this.#onError(new Error(`${name}: ${text}`));
  }
}
