/** One attempt to connect to one server. */
import {
  ErrorCode,
  isNatsError,
  setTransportFactory,
} from "nats/lib/nats-base-client/internal_mod";

import type { Clock } from "../platform/clock.ts";
import { assert, SpoutError } from "../platform/errors.ts";
import { clientOptions } from "./nats-client-options.ts";
import { connectClient, type NatsClient } from "./nats-client.ts";
import type { NatsOptions } from "./nats-options.ts";
import type { Server } from "./nats-servers.ts";
import { type AttemptOptions, NatsTransport } from "./nats-transport.ts";
import { unquoted, withRemedy } from "./server-error.ts";

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

/** What carries a connection made here. */
export function transportOf({ transport }: NatsClient): NatsTransport {
  assert(transport instanceof NatsTransport, "the client has a transport that is not ours");
  return transport;
}

/** Resolves with a connection that never reconnects by itself. Rejects with a {@link ConnectError}. */
export async function connectToServer(
  server: Server,
  name: string,
  options: NatsOptions,
  deps: ConnectDeps,
): Promise<NatsClient> {
  const { address, tlsName, needsTls } = server;
  const attempt = new AbortController();
  const giveUp = () => attempt.abort(deps.stop.reason);
  deps.stop.addEventListener("abort", giveUp);
  const cancelTimeLimit = deps.clock.after(deps.connectMaxMs, () =>
    attempt.abort(new ConnectError(address, `no answer within ${deps.connectMaxMs} ms`, false)),
  );
  try {
    setTransportFactory({ factory: () => new NatsTransport() });
    return await connectClient({
      ...(await clientOptions(name, { ...options, tls: options.tls || needsTls })),
      ...(tlsName === undefined ? {} : { tlsName }),
      servers: [address],
      attempt: attempt.signal,
    } as AttemptOptions);
  } catch (error) {
    throw explain(address, attempt.signal.aborted ? attempt.signal.reason : error);
  } finally {
    cancelTimeLimit();
    deps.stop.removeEventListener("abort", giveUp);
  }
}

/** What the system calls network trouble: ECONNRESET, ENOTFOUND, EAI_AGAIN. All else (certificates, files) is set wrong. */
const NETWORK_ERROR = /^E[A-Z]+(_AGAIN)?$/;

/** The codes of the system and of the client, in words. */
const EXPLANATIONS: Readonly<Record<string, { why: string; needsHuman: boolean }>> = {
  ECONNREFUSED: { why: "connection refused", needsHuman: false },
  // The client's word for an end without an error.
  [ErrorCode.ConnectionRefused]: { why: "closed by the server", needsHuman: false },
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
  const message = withRemedy(unquoted((error.chainedError ?? error).message));
  // The runtime says "Failed to connect", whatever the code.
  const why = isOfNetwork && !message.includes(error.code) ? `${message} (${error.code})` : message;
  return new ConnectError(server, why, !isOfNetwork);
}
