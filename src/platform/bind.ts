/** Binding a port, on all addresses or for this machine alone, and what the operator is told when that fails. */
import { messageOf, SpoutError } from "./errors.ts";

/** Takes IPv4 senders as well. */
const ALL_ADDRESSES = "::";
/** For a system without IPv6. */
const ALL_IPV4_ADDRESSES = "0.0.0.0";
/** There is none that stands for both, and clients try either. */
const LOOPBACK_ADDRESSES = ["127.0.0.1", "::1"];

/** Calls `bind` with the host name to bind to. Rejects with a SpoutError that names the port. */
export async function bindAllAddresses<Socket>(
  protocol: "UDP" | "TCP",
  port: number,
  bind: (hostname: string) => Socket | Promise<Socket>,
): Promise<Socket> {
  try {
    return await bind(ALL_ADDRESSES);
  } catch (error) {
    if (codeOf(error) === "EADDRINUSE") throw cannotBind(protocol, port, error);
  }
  try {
    return await bind(ALL_IPV4_ADDRESSES);
  } catch (error) {
    throw cannotBind(protocol, port, error);
  }
}

/**
 * Calls `bind` with each loopback address, and resolves with what it gave for those that could be bound. Rejects with a
 * SpoutError that names the port if none could be.
 */
export async function bindLoopback<Socket>(
  protocol: "UDP" | "TCP",
  port: number,
  bind: (hostname: string) => Socket | Promise<Socket>,
): Promise<readonly Socket[]> {
  const bound: Socket[] = [];
  const refusals: unknown[] = [];
  for (const hostname of LOOPBACK_ADDRESSES) {
    try {
      bound.push(await bind(hostname));
    } catch (error) {
      refusals.push(error);
    }
  }
  if (bound.length === 0) throw cannotBind(protocol, port, refusals[0]);
  return bound;
}

/** `host:port` as it is written: an IPv6 address in brackets. */
export function formatAddress(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

function cannotBind(protocol: "UDP" | "TCP", port: number, error: unknown): SpoutError {
  const why =
    codeOf(error) === "EADDRINUSE"
      ? "address already in use (another influx-spout, or another program, has it)"
      : messageOf(error);
  return new SpoutError(`cannot bind ${protocol} port ${port}: ${why}`, { cause: error });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
