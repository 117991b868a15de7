/** How to reach NATS. Plain data: it crosses to worker threads. Secrets are in here: never print it. */
export interface NatsOptions {
  /** host:port of each server, in the order given; the port is always there. */
  readonly servers: readonly string[];
  /** From tls:// in the address, `nats_tls_ca` or `nats_tls_cert`. */
  readonly tls: boolean;
  /** PEM file that signs the servers' certificates; empty: the system's. */
  readonly tlsCaFile: string;
  /** PEM files of the certificate that is shown to a server which asks for one, and of its key; both empty: none. */
  readonly tlsCertFile: string;
  readonly tlsKeyFile: string;
  readonly user: string;
  readonly password: string;
  readonly token: string;
  /** Credentials file (JWT and seed); empty: none. */
  readonly credsFile: string;
  /** File with the seed of a user's nkey; empty: none. */
  readonly nkeyFile: string;
}

/** No TLS and no login. */
export const PLAIN_NATS: Omit<NatsOptions, "servers"> = {
  tls: false,
  tlsCaFile: "",
  tlsCertFile: "",
  tlsKeyFile: "",
  user: "",
  password: "",
  token: "",
  credsFile: "",
  nkeyFile: "",
};
