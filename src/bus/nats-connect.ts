/** One attempt to connect to one server. */
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";

import { credsAuthenticator, type NatsConnection } from "nats";
import {
  ErrorCode,
  isNatsError,
  NatsConnectionImpl,
  setTransportFactory,
} from "nats/lib/nats-base-client/internal_mod";

import type { Clock } from "../platform/clock.ts";
import { messageOf, SpoutError } from "../platform/errors.ts";
import type { NatsOptions } from "./nats-options.ts";
import { AbortableTransport, type AttemptOptions } from "./nats-transport.ts";

export interface ConnectDeps {
  readonly clock: Clock;
  readonly connectMaxMs: number;
  /** Ends the attempt early. */
  readonly stop: AbortSignal;
}

/** Why one server could not be used. The message names it and shows no credentials. */
export class ConnectError extends SpoutError {
  override readonly name = "ConnectError";
  /** True if trying again will not help until somebody changes something. */
  readonly needsHuman: boolean;

  constructor(server: string, why: string, needsHuman: boolean) {
    super(`${server}: ${why}`);
    this.needsHuman = needsHuman;
  }
}

/** Longer than any timer of ours runs, and the longest that the runtime takes: the client's own heartbeat is off. */
const NEVER_MS = 2 ** 31 - 1;

/** Resolves with a connection that never reconnects by itself. Rejects with a {@link ConnectError}. */
export async function connectToServer(
  server: string,
  name: string,
  options: NatsOptions,
  deps: ConnectDeps,
): Promise<NatsConnection> {
  const attempt = new AbortController();
  const giveUp = () => attempt.abort(deps.stop.reason);
  deps.stop.addEventListener("abort", giveUp);
  const cancelTimeLimit = deps.clock.after(deps.connectMaxMs, () =>
    attempt.abort(new ConnectError(server, `no answer within ${deps.connectMaxMs} ms`, false)),
  );
  try {
    setTransportFactory({ factory: () => new AbortableTransport() });
    return await NatsConnectionImpl.connect({
      ...(await clientOptions(server, name, options)),
      attempt: attempt.signal,
    } as AttemptOptions);
  } catch (error) {
    throw explain(server, attempt.signal.aborted ? attempt.signal.reason : error);
  } finally {
    cancelTimeLimit();
    deps.stop.removeEventListener("abort", giveUp);
  }
}

async function clientOptions(
  server: string,
  name: string,
  options: NatsOptions,
): Promise<Omit<AttemptOptions, "attempt">> {
  return {
    servers: [server],
    name,
    // Ours is the loop that tries again: see nats.ts.
    reconnect: false,
    ignoreClusterUpdates: true,
    pingInterval: NEVER_MS,
    timeout: NEVER_MS,
    // Names are resolved by the system (hosts file included), not by asking a DNS server past it.
    resolve: false,
    noAsyncTraces: true,
    ...(options.tls ? { tls: tlsOptions(server, options.tlsCaFile) } : {}),
    ...(options.user === "" ? {} : { user: options.user, pass: options.password }),
    ...(options.token === "" ? {} : { token: options.token }),
    ...(options.credsFile === ""
      ? {}
      : { authenticator: credsAuthenticator(await readCreds(options.credsFile)) }),
  };
}

/** Present at all, it makes the client refuse a server without TLS before it sends anything. */
function tlsOptions(server: string, caFile: string): { caFile?: string; servername?: string } {
  const host = server.slice(0, server.lastIndexOf(":"));
  const isAddress = host.startsWith("[") || isIP(host) !== 0;
  return {
    ...(caFile === "" ? {} : { caFile }),
    // An address is not allowed as a TLS server name; the certificate is checked against it all the same.
    ...(isAddress ? {} : { servername: host }),
  };
}

async function readCreds(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new SpoutError(`cannot read the credentials file: ${messageOf(error)}`);
  }
}

/** What the system calls network trouble: ECONNRESET, ENOTFOUND, EAI_AGAIN. All else (certificates, files) is set wrong. */
const NETWORK_ERROR = /^E[A-Z]+(_AGAIN)?$/;

/** The client's codes, in words. */
const EXPLANATIONS: Readonly<Record<string, { why: string; needsHuman: boolean }>> = {
  [ErrorCode.ConnectionRefused]: { why: "connection refused", needsHuman: false },
  [ErrorCode.AuthorizationViolation]: { why: "credentials refused", needsHuman: true },
  [ErrorCode.AuthenticationTimeout]: { why: "credentials refused (too late)", needsHuman: true },
  [ErrorCode.AuthenticationExpired]: { why: "credentials expired", needsHuman: true },
  [ErrorCode.AccountExpired]: { why: "account expired", needsHuman: true },
  [ErrorCode.BadCreds]: { why: "the credentials file holds no JWT and seed", needsHuman: true },
  [ErrorCode.ServerOptionNotAvailable]: {
    why: "TLS is required here and the server offers none",
    needsHuman: true,
  },
};

function explain(server: string, error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  if (!(error instanceof Error)) return new ConnectError(server, "no connection", false);
  if (!isNatsError(error)) return new ConnectError(server, error.message, true);
  const known = EXPLANATIONS[error.code];
  if (known !== undefined) return new ConnectError(server, known.why, known.needsHuman);
  const isOfNetwork = NETWORK_ERROR.test(error.code);
  return new ConnectError(server, (error.chainedError ?? error).message, !isOfNetwork);
}
