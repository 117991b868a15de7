/**
 * The receive buffer of a UDP socket: where datagrams wait while the process is busy, and where the kernel drops
 * them without a word once it is full, unless it is asked; and what it hands over beside each. Bun has no options for it,
 * so libc is asked directly.
 */
import { messageOf } from "./errors.ts";
import { type Libc, openLibc } from "./libc.ts";
import type { Log } from "./log.ts";

/** The part of libc that is needed, so that tests play the kernel. */
export interface SocketCalls {
  readonly pageSizeBytes: number;
  /** False if the kernel refuses. */
  set(fd: number, option: number, value: number, level?: number): boolean;
  /** undefined if the kernel refuses. */
  get(fd: number, option: number): number | undefined;
  /** undefined if the kernel does not tell. */
  memory(fd: number): SocketMemory | undefined;
}

export interface SocketMemory {
  readonly usedBytes: number;
  readonly maxBytes: number;
  /** Since the socket was made, modulo 2^32. */
  readonly drops: number;
}

/** Socket options of Linux on x86-64 and arm64. */
export const SO_RCVBUF = 8;
/** Takes more than `net.core.rmem_max` allows, from a privileged process. */
export const SO_RCVBUFFORCE = 33;
/** What the kernel keeps of a socket's memory, as nine numbers: what is used for receiving, how much may be, ..., drops. */
const SO_MEMINFO = 55;
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
 * than asked for is a warning and no error: the listener works, and loses datagrams earlier.
 */
export function setReceiveBuffer(
  fd: number,
  askedBytes: number,
  log: Log,
  openCalls: () => SocketCalls = openSocketCalls,
): void {
  let calls: SocketCalls;
  try {
    calls = openCalls();
  } catch (error) {
    log.warn(`cannot set the receive buffer, it stays as the system made it: ${messageOf(error)}`);
    return;
  }
  const bytes = Math.max(1, Math.ceil(askedBytes / calls.pageSizeBytes)) * calls.pageSizeBytes;
  if (bytes !== askedBytes) {
    log.info(`rounding up receive buffer to nearest page size (now ${bytes} bytes)`);
  }
  if (!calls.set(fd, SO_RCVBUFFORCE, bytes)) calls.set(fd, SO_RCVBUF, bytes);
  const givenBytes = (calls.get(fd, SO_RCVBUF) ?? 0) / KERNEL_FACTOR;
  if (givenBytes >= bytes) return;
  log.warn(
    `the receive buffer is ${givenBytes} bytes and not ${bytes}, bursts may be lost: ` +
      `the kernel's limit is lower, raise it with sysctl -w net.core.rmem_max=${bytes}`,
  );
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

/** What the kernel tells of the receive buffer of a socket. */
export interface ReceiveBuffer {
  /** How much of it is taken by what waits: 0 to 1. undefined where that is not told: before Linux 4.12, and elsewhere. */
  filledShare(): number | undefined;
  /**
   * How many datagrams were dropped since this was called last, mostly because the buffer was full; those with a wrong
   * checksum are among them. 0 where that is not told.
   */
  newDrops(): number;
}

export function openReceiveBuffer(
  fd: number,
  openCalls: () => SocketCalls = openSocketCalls,
): ReceiveBuffer {
  let calls: SocketCalls;
  try {
    calls = openCalls();
  } catch {
    return { filledShare: () => undefined, newDrops: () => 0 };
  }
  let dropsBefore = 0;
  return {
    filledShare() {
      const memory = calls.memory(fd);
      return memory && memory.usedBytes / memory.maxBytes;
    },
    newDrops() {
      const drops = calls.memory(fd)?.drops ?? dropsBefore;
      const newDrops = (drops - dropsBefore) >>> 0;
      dropsBefore = drops;
      return newDrops;
    },
  };
}

/** Throws where there is another library, and the options have other numbers (macOS). */
function openSocketCalls(): SocketCalls {
  const libc = openLibc();
  return {
    pageSizeBytes: libc.getpagesize(),
    set: (fd, option, value, level = SOL_SOCKET) =>
      libc.setsockopt(fd, level, option, Int32Array.of(value), 4) === 0,
    get: (fd, option) => getNumbers(libc, fd, option, 1)?.[0],
    memory(fd) {
      const [usedBytes, maxBytes, , , , , , , drops] = getNumbers(libc, fd, SO_MEMINFO, 9) ?? [];
      if (usedBytes === undefined || maxBytes === undefined || drops === undefined)
        return undefined;
      return { usedBytes, maxBytes, drops };
    },
  };
}

/** The first so many numbers of an option of the socket; undefined if the kernel does not tell them. */
function getNumbers(
  libc: Libc,
  fd: number,
  option: number,
  count: number,
): Uint32Array | undefined {
  const values = new Uint32Array(count);
  const size = Uint32Array.of(values.byteLength);
  const isRead = libc.getsockopt(fd, SOL_SOCKET, option, values, size) === 0;
  return isRead && size[0] === values.byteLength ? values : undefined;
}
