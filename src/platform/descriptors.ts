/**
 * What the kernel knows of the file descriptors of this process, and of the connections among them. The runtime tells
 * nothing of a server's connections; Linux does.
 */
import { dlopen } from "bun:ffi";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A connection that a server has taken. */
export interface Connection {
  readonly fd: number;
  /** Equal for all that come from one address, or one network of IPv6. */
  readonly sender: string;
  /** Since something came on it, or since it was made. */
  readonly quietMs: number;
}

/** Whether the event loop hears of new connections. */
export interface Gate {
  close(): void;
  open(): void;
}

export interface DescriptorCalls {
  /** How many descriptors the process may have now. */
  limit(): number;
  /** The lowest one that is free; undefined if none is. */
  lowestFree(): number | undefined;
  /** Those of a server on `port`, among the first `descriptors` of the process. */
  connectionsOf(port: number, descriptors: number): Connection[];
  /** As if its client had ended it. */
  end(connection: Connection): void;
  /** That of a server on `port`; undefined if it is not to be found. */
  gateOf(port: number): Gate | undefined;
}

/** Constants of Linux on x86-64 and arm64. */
const RLIMIT_NOFILE = 7;
const SOL_SOCKET = 1;
const SO_ACCEPTCONN = 30;
const IPPROTO_TCP = 6;
const TCP_INFO = 11;
const AF_INET = 2;
const AF_INET6 = 10;
const SHUT_RDWR = 2;
const EPOLL_CTL_MOD = 3;

/** Of a socket's address, and where the peer's is in it. */
const ADDRESS_BYTES = 28;
/** Of what TCP_INFO gives, in numbers of four bytes, and which of them tells how many milliseconds ago data came. */
const TCP_INFO_NUMBERS = 64;
const LAST_DATA_RECEIVED = 13;

/** Throws on other systems than Linux. */
export function openDescriptorCalls(): DescriptorCalls {
  const libc = openLibc();
  const limits = new BigUint64Array(2);
  const address = new Uint8Array(ADDRESS_BYTES);
  const size = new Uint32Array(1);
  const isConnectionOf = (fd: number, port: number): boolean => {
    size[0] = ADDRESS_BYTES;
    if (libc.getsockname(fd, address, size) !== 0 || portOf(address) !== port) return false;
    size[0] = ADDRESS_BYTES;
    return libc.getpeername(fd, address, size) === 0;
  };
  const info = new Uint32Array(TCP_INFO_NUMBERS);
  return {
    limit() {
      libc.getrlimit(RLIMIT_NOFILE, limits);
      return Number(limits[0]);
    },
    lowestFree() {
      const fd = libc.dup(0);
      if (fd < 0) return undefined;
      libc.close(fd);
      return fd;
    },
    connectionsOf(port, descriptors) {
      const connections: Connection[] = [];
      for (let fd = 0; fd < descriptors; fd++) {
        if (!isConnectionOf(fd, port)) continue;
        size[0] = info.byteLength;
        const isTold = libc.getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, size) === 0;
        const quietMs = isTold ? (info[LAST_DATA_RECEIVED] ?? 0) : 0;
        connections.push({ fd, sender: senderIn(address), quietMs });
      }
      return connections;
    },
    end: ({ fd }) => void libc.shutdown(fd, SHUT_RDWR),
    gateOf: (port) => findGate(port, libc),
  };
}

type Libc = ReturnType<typeof openLibc>;

function openLibc() {
  return dlopen("libc.so.6", {
    getrlimit: { args: ["i32", "ptr"], returns: "i32" },
    dup: { args: ["i32"], returns: "i32" },
    close: { args: ["i32"], returns: "i32" },
    getsockname: { args: ["i32", "ptr", "ptr"], returns: "i32" },
    getpeername: { args: ["i32", "ptr", "ptr"], returns: "i32" },
    getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
    shutdown: { args: ["i32", "i32"], returns: "i32" },
    epoll_ctl: { args: ["i32", "i32", "i32", "ptr"], returns: "i32" },
  }).symbols;
}

/** Of a socket of another family: -1. */
function portOf(address: Uint8Array): number {
  const family = address[0];
  if (family !== AF_INET && family !== AF_INET6) return -1;
  return (address[2] ?? 0) * 256 + (address[3] ?? 0);
}

function senderIn(address: Uint8Array): string {
  if (address[0] === AF_INET) return Buffer.from(address.subarray(4, 8)).toString("hex");
  const text = Buffer.from(address.subarray(8, 24)).toString("hex");
  const isIpv4 = text.startsWith("00000000000000000000ffff");
  return isIpv4 ? text : text.slice(0, 16);
}

/** A line of what the kernel tells of an epoll descriptor: what is watched, for which events, and what comes with them. */
const WATCHED = /^tfd:\s*(\d+) events:\s*([0-9a-f]+) data:\s*([0-9a-f]+)/gm;

function findGate(port: number, libc: Libc): Gate | undefined {
  const gates: Gate[] = [];
  for (const epollFd of epollDescriptors()) {
    const watched = readFileSync(`/proc/self/fdinfo/${epollFd}`, "latin1");
    for (const [, fd, events, data] of watched.matchAll(WATCHED)) {
      if (!isListening(Number(fd), port, libc)) continue;
      const set = (mask: number) => {
        const event = epollEvent(mask, BigInt(`0x${data}`));
        libc.epoll_ctl(epollFd, EPOLL_CTL_MOD, Number(fd), event);
      };
      gates.push({ close: () => set(0), open: () => set(Number(`0x${events}`)) });
    }
  }
  if (gates.length === 0) return undefined;
  return {
    close: () => gates.forEach((gate) => gate.close()),
    open: () => gates.forEach((gate) => gate.open()),
  };
}

function epollDescriptors(): number[] {
  const descriptors = readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === "anon_inode:[eventpoll]";
    } catch {
      return false; // That by which the folder was read.
    }
  });
  return descriptors.map(Number);
}

function isListening(fd: number, port: number, libc: Libc): boolean {
  const value = new Uint32Array(1);
  const size = Uint32Array.of(value.byteLength);
  if (libc.getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, value, size) !== 0 || value[0] !== 1)
    return false;
  const address = new Uint8Array(ADDRESS_BYTES);
  size[0] = ADDRESS_BYTES;
  return libc.getsockname(fd, address, size) === 0 && portOf(address) === port;
}

/** As the kernel reads it: on x86-64 the two follow one another without a gap. */
function epollEvent(events: number, data: bigint): Uint8Array {
  const event = new DataView(new ArrayBuffer(16));
  event.setUint32(0, events, true);
  event.setBigUint64(process.arch === "x64" ? 4 : 8, data, true);
  return new Uint8Array(event.buffer);
}
