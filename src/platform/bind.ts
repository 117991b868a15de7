/** Binding a port on all addresses, and what the operator is told when that fails. */
import { messageOf, SpoutError } from "./errors.ts";

/** Takes IPv4 senders as well. */
const ALL_ADDRESSES = "::";
/** For a system without IPv6. */
const ALL_IPV4_ADDRESSES = "0.0.0.0";

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
