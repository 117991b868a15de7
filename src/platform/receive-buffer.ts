/**
 * The receive buffer of a UDP socket: where datagrams wait while the process is busy, and where the kernel drops
 * them without a word once it is full; and what it hands over beside each. Bun has no options for it, so libc is asked
 * directly.
 */
import { dlopen } from "bun:ffi";

import { messageOf } from "./errors.ts";
import type { Log } from "./log.ts";

/** The part of libc that is needed, so that tests play the kernel. */
export interface SocketCalls {
  readonly pageSizeBytes: number;
  /** False if the kernel refuses. */
  set(fd: number, option: number, value: number, level?: number): boolean;
  /** undefined if the kernel refuses. */
  get(fd: number, option: number): number | undefined;
}

/** Socket options of Linux on x86-64 and arm64. */
export const SO_RCVBUF = 8;
/** Takes more than `net.core.rmem_max` allows, from a privileged process. */
export const SO_RCVBUFFORCE = 33;
const SOL_SOCKET = 1;

/** [level, option]: IP_PKTINFO, IP_RECVTOS, IPV6_RECVPKTINFO and IPV6_RECVTCLASS. */
const ANCILLARY_OPTIONS = [
  [0, 8],
  [0, 13],
  [41, 49],
  [41, 66],
] as const;

/** The kernel keeps its own bookkeeping in the buffer: it doubles what it is asked for, and tells the double. */
const KERNEL_FACTOR = 2;

/**
 * Asks for a receive buffer of `askedBytes`, rounded up to whole pages, and looks what came of it. A smaller buffer
 * than asked for is a warning and no error: the listener works, and loses datagrams earlier. Returns how large it is, 0 if
 * that is not known.
 */
export function setReceiveBuffer(
  fd: number,
  askedBytes: number,
  log: Log,
  openCalls: () => SocketCalls = openSocketCalls,
): number {
  let calls: SocketCalls;
  try {
    calls = openCalls();
  } catch (error) {
    log.warn(`cannot set the receive buffer, it stays as the system made it: ${messageOf(error)}`);
    return 0;
  }
  const bytes = Math.max(1, Math.ceil(askedBytes / calls.pageSizeBytes)) * calls.pageSizeBytes;
  if (bytes !== askedBytes) {
    log.info(`rounding up receive buffer to nearest page size (now ${bytes} bytes)`);
  }
  if (!calls.set(fd, SO_RCVBUFFORCE, bytes)) calls.set(fd, SO_RCVBUF, bytes);
  const givenBytes = (calls.get(fd, SO_RCVBUF) ?? 0) / KERNEL_FACTOR;
  if (givenBytes >= bytes) return givenBytes;
  log.warn(
    `the receive buffer is ${givenBytes} bytes and not ${bytes}, bursts may be lost: ` +
      `the kernel's limit is lower, raise it with sysctl -w net.core.rmem_max=${bytes}`,
  );
  return givenBytes;
}

/**
 * Bun asks for the address that each datagram was sent to and for its class of traffic, and hands neither on: without them
 * a datagram costs up to a tenth less. What the kernel refuses stays as it is, and so does all where libc cannot be called.
 */
export function leaveOutAncillaryData(
  fd: number,
  openCalls: () => SocketCalls = openSocketCalls,
): void {
  try {
    const calls = openCalls();
    for (const [level, option] of ANCILLARY_OPTIONS) calls.set(fd, option, 0, level);
  } catch {
    // setReceiveBuffer() has told it.
  }
}

/** Throws where the C library has another name (musl) or the options other numbers (macOS). */
function openSocketCalls(): SocketCalls {
  const { symbols } = dlopen("libc.so.6", {
    setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
    getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
    getpagesize: { args: [], returns: "i32" },
  });
  return {
    pageSizeBytes: symbols.getpagesize(),
    set: (fd, option, value, level = SOL_SOCKET) =>
      symbols.setsockopt(fd, level, option, Int32Array.of(value), 4) === 0,
    get(fd, option) {
      const value = new Int32Array(1);
      const isRead = symbols.getsockopt(fd, SOL_SOCKET, option, value, Uint32Array.of(4)) === 0;
      return isRead ? value[0] : undefined;
    },
  };
}
