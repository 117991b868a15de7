/**
 * The receive buffer of a UDP socket: where datagrams wait while the process is busy, and where the kernel drops
 * them without a word once it is full, unless it is asked; and what it hands over beside each. Bun has no options for it,
 * so libc is asked directly.
 */
import { messageOf } from "./errors.ts";
import { openLibc } from "./libc.ts";
import type { Log } from "./log.ts";

/** The part of libc that is needed, so that tests play the kernel. */
export interface SocketCalls {
  readonly pageSizeBytes: number;
  /** False if the kernel refuses. */
  set(fd: number, option: number, value: number, level?: number): boolean;
  /** undefined if the kernel refuses. */
  get(fd: number, option: number): number | undefined;
  /** Datagrams dropped since the socket was made, modulo 2^32. undefined if the kernel does not tell. */
  drops(fd: number): number | undefined;
}

/** Socket options of Linux on x86-64 and arm64. */
export const SO_RCVBUF = 8;
/** Takes more than `net.core.rmem_max` allows, from a privileged process. */
export const SO_RCVBUFFORCE = 33;
/** What the kernel keeps of a socket's memory: nine numbers, the last of which is how many datagrams it dropped. */
const SO_MEMINFO = 55;
const MEMINFO_DROPS = 8;
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

/**
 * Tells how many datagrams the kernel has dropped since it was asked last because the receive buffer of `fd` was full. 0
 * where that is not told: before Linux 4.12, and on other systems.
 */
export function countDrops(
  fd: number,
  openCalls: () => SocketCalls = openSocketCalls,
): () => number {
  let calls: SocketCalls;
  try {
    calls = openCalls();
  } catch {
    return () => 0;
  }
  let before = 0;
  return () => {
    const drops = calls.drops(fd) ?? before;
    // The kernel counts in 32 bits.
    const since = (drops - before) >>> 0;
    before = drops;
    return since;
  };
}

/** Throws where there is another library, and the options have other numbers (macOS). */
function openSocketCalls(): SocketCalls {
  const libc = openLibc();
  return {
    pageSizeBytes: libc.getpagesize(),
    set: (fd, option, value, level = SOL_SOCKET) =>
      libc.setsockopt(fd, level, option, Int32Array.of(value), 4) === 0,
    get: (fd, option) => getNumbers(fd, option, 1)?.[0],
    drops: (fd) => getNumbers(fd, SO_MEMINFO, MEMINFO_DROPS + 1)?.[MEMINFO_DROPS],
  };
}

/** The first so many numbers of an option of the socket; undefined if the kernel does not tell them. */
function getNumbers(fd: number, option: number, count: number): Uint32Array | undefined {
  const values = new Uint32Array(count);
  const size = Uint32Array.of(values.byteLength);
  const isRead = openLibc().getsockopt(fd, SOL_SOCKET, option, values, size) === 0;
  return isRead && size[0] === values.byteLength ? values : undefined;
}
