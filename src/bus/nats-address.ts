/**
 * The address of NATS, as operators write it: `nats://user:password@a:4222,tls://b`. The client itself reads
 * neither credentials nor `tls://` from an address and takes only the last server of a list.
 */

export interface NatsAddress {
  /** host:port of each server, in the order written; an IPv6 host is in brackets. Never empty. */
  readonly servers: readonly string[];
  /** True if any server was written with tls://; it then holds for all, as in other NATS clients. */
  readonly tls: boolean;
  /** Empty where the address gives none: then all three are. */
  readonly user: string;
  readonly password: string;
  readonly token: string;
}

interface Credentials {
  readonly user: string;
  readonly password: string;
  readonly token: string;
}

interface Server {
  readonly hostPort: string;
  readonly tls: boolean;
  readonly credentials: Credentials | undefined;
}

const PORT_DEFAULT = "4222";
const NO_CREDENTIALS: Credentials = { user: "", password: "", token: "" };

/**
 * Parses one server or several separated by commas, each `[nats://|tls://][user:password@|token@]host[:port]` with
 * credentials percent-encoded. Servers without credentials share those of the others. Throws an Error whose message
 * says what is wrong with which server, and never shows credentials.
 */
export function parseNatsAddress(text: string): NatsAddress {
  const servers = text.split(",").map((entry, index) => parseServer(entry.trim(), index + 1));
  return {
    servers: servers.map((server) => server.hostPort),
    tls: servers.some((server) => server.tls),
    ...commonCredentials(servers),
  };
}

function commonCredentials(servers: readonly Server[]): Credentials {
  const given = servers.flatMap((server) => server.credentials ?? []);
  const [first = NO_CREDENTIALS] = given;
  const differs = given.some(
    ({ user, password, token }) =>
      user !== first.user || password !== first.password || token !== first.token,
  );
  if (differs) throw new Error("the servers have different credentials");
  return first;
}

function parseServer(entry: string, position: number): Server {
  const fail = (why: string): never => {
    throw new Error(`server ${position} ${why}`);
  };
  if (entry === "") fail("is empty");

  const [, scheme = "nats", rest = ""] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(entry) ?? [];
  const kind = scheme.toLowerCase();
  if (kind !== "nats" && kind !== "tls") fail(`has the scheme "${kind}", not nats or tls`);

  // The last @ ends the credentials; no message shows what is before it, nor what is behind it: where the @ was
  // forgotten, that is the password.
  const at = rest.lastIndexOf("@");
  const credentials = at < 0 ? undefined : parseCredentials(rest.slice(0, at), fail);
  return { hostPort: parseHostPort(rest.slice(at + 1), fail), tls: kind === "tls", credentials };
}

function parseCredentials(text: string, fail: (why: string) => never): Credentials {
  const colon = text.indexOf(":");
  const decode = (part: string): string => {
    try {
      return decodeURIComponent(part);
    } catch {
      return fail("has credentials with a % that starts no percent-encoded character");
    }
  };
  const credentials =
    colon < 0
      ? { user: "", password: "", token: decode(text) }
      : { user: decode(text.slice(0, colon)), password: decode(text.slice(colon + 1)), token: "" };
  if (credentials.user === "" && credentials.token === "") fail("has an empty user before the @");
  return credentials;
}

/** `text` with the default port if it has none; `fail` is called with what is wrong. */
export function parseHostPort(text: string, fail: (why: string) => never): string {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d*))?\/?$/i.exec(text);
  const [, host = "", port = ""] =
    match ?? fail("is not host or host:port (an IPv6 host in brackets)");
  if (port !== "" && (Number(port) < 1 || Number(port) > 65_535)) {
    fail("has a port that is not from 1 to 65535");
  }
  return `${host}:${port === "" ? PORT_DEFAULT : Number(port)}`;
}
