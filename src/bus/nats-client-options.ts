/** What the client library is told of our options. Files are read anew for each attempt: somebody may have mended them. */
import { readFile } from "node:fs/promises";

import {
  type Authenticator,
  credsAuthenticator,
  nkeyAuthenticator,
} from "nats/lib/nats-base-client/internal_mod";

import { messageOf, SpoutError } from "../platform/errors.ts";
import { findSeed } from "./nats-nkey.ts";
import type { NatsOptions } from "./nats-options.ts";
import type { AttemptOptions, TlsFiles } from "./nats-transport.ts";

/** Longer than any timer of ours runs, and the longest that the runtime takes: the client's own heartbeat is off. */
const NEVER_MS = 2 ** 31 - 1;

/** Rejects with a SpoutError if a file cannot be read or holds nothing of use. */
export async function clientOptions(
  name: string,
  options: NatsOptions,
): Promise<Omit<AttemptOptions, "attempt">> {
  const authenticator = await createAuthenticator(options);
  return {
    name,
    // Ours is the loop that tries again: see nats.ts.
    reconnect: false,
    ignoreClusterUpdates: true,
    pingInterval: NEVER_MS,
    timeout: NEVER_MS,
    // Names are resolved by the system (hosts file included), not by asking a DNS server past it.
    resolve: false,
    noAsyncTraces: true,
    ...(options.tls ? { tls: await readTlsFiles(options) } : {}),
    ...(options.user === "" ? {} : { user: options.user, pass: options.password }),
    ...(options.token === "" ? {} : { token: options.token }),
    ...(authenticator === undefined ? {} : { authenticator }),
  };
}

async function createAuthenticator(options: NatsOptions): Promise<Authenticator | undefined> {
  const { credsFile, nkeyFile } = options;
  if (credsFile !== "") return credsAuthenticator(await readNamed("credentials file", credsFile));
  if (nkeyFile === "") return undefined;
  const seed = findSeed(new TextDecoder().decode(await readNamed("nkey file", nkeyFile)));
  if (seed === undefined) throw new SpoutError("the nkey file holds no seed of a user (SU...)");
  const authenticator = nkeyAuthenticator(new TextEncoder().encode(seed));
  return (nonce) => {
    try {
      return authenticator(nonce);
    } catch {
      throw new SpoutError("the nkey file holds a broken seed");
    }
  };
}

async function readTlsFiles(options: NatsOptions): Promise<TlsFiles> {
  const { tlsCaFile, tlsCertFile, tlsKeyFile } = options;
  const read = async (what: string, path: string) =>
    new TextDecoder().decode(await readNamed(what, path));
  return {
    ...(tlsCaFile === "" ? {} : { ca: await read("CA file", tlsCaFile) }),
    ...(tlsCertFile === "" ? {} : { cert: await read("certificate file", tlsCertFile) }),
    ...(tlsKeyFile === "" ? {} : { key: await read("key file", tlsKeyFile) }),
  };
}

async function readNamed(what: string, path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new SpoutError(`cannot read the ${what}: ${messageOf(error)}`);
  }
}
