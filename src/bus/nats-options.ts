/** How to reach NATS. Plain data: it crosses to worker threads. Secrets are in here: never print it. */
export interface NatsOptions {
  /** host:port of each server, in the order given; the port is always there. */
  readonly servers: readonly string[];
  /** From tls:// in the address or `nats_tls_ca`. */
  readonly tls: boolean;
  /** PEM file that signs the servers' certificates; empty: the system's. */
  readonly tlsCaFile: string;
  readonly user: string;
  readonly password: string;
  readonly token: string;
  /** Credentials file (JWT and seed); empty: none. */
  readonly credsFile: string;
}
