/** Who connects: tries the servers that there are, one after the other, and keeps why each could not be used. */
import type { Clock } from "../platform/clock.ts";
import { assert } from "../platform/errors.ts";
import { ConnectError, connectToServer } from "./nats-connect.ts";
import { Link, type LinkEvents } from "./nats-link.ts";
import type { NatsOptions } from "./nats-options.ts";
import { type Server, Servers } from "./nats-servers.ts";

export interface DialerOptions {
  /** Of the connections. */
  readonly name: string;
  readonly nats: NatsOptions;
  readonly clock: Clock;
  readonly connectMaxMs: number;
  readonly pingIntervalMs: number;
  /** Ends every attempt. */
  readonly stop: AbortSignal;
  /** Of each connection that is made. */
  readonly events: LinkEvents;
  /** No server of a round could be used. */
  readonly onNotConnected: (failures: readonly ConnectError[]) => void;
}

export class Dialer {
  readonly #options: DialerOptions;
  readonly #servers: Servers;
  /** Why those that the cluster announced could not be reached, by address: they are tried in turn, and told together. */
  readonly #announcedFailures = new Map<string, ConnectError>();

  constructor(options: DialerOptions) {
    this.#options = options;
    this.#servers = new Servers(options.nats.servers);
  }

  /** Takes what the server of `link` tells of its cluster. */
  learn(link: Link): void {
    this.#servers.announce(link.announced, { address: link.server, isEncrypted: link.isEncrypted });
    this.#announcedFailures.clear();
  }

  /** Undefined if no server of the round can be used. */
  async connect(): Promise<Link | undefined> {
    const failures: ConnectError[] = [];
    for (const server of this.#servers.nextRound()) {
      const link = await this.#try(server);
      if (link instanceof Link) return link;
      if (server.isAnnounced) this.#announcedFailures.set(server.address, link);
      else failures.push(link);
      if (this.#options.stop.aborted) return undefined;
    }
    this.#options.onNotConnected([...failures, ...this.#announcedFailures.values()]);
    return undefined;
  }

  /** A connection to another server than that of `from`, which does not say that it is about to stop as well. */
  async connectElsewhere(from: Link): Promise<Link | undefined> {
    for (const server of this.#servers.elsewhere(from.server)) {
      const link = await this.#try(server);
      if (link instanceof Link) {
        // One server may have several addresses.
        if (link.serverId !== from.serverId && !link.isLameDuck) return link;
        link.close("no better than the one before");
      }
      if (this.#options.stop.aborted || from.hasEnded()) return undefined;
    }
    return undefined;
  }

  async #try(server: Server): Promise<Link | ConnectError> {
    const { name, nats, clock, pingIntervalMs, events } = this.#options;
    try {
      const client = await connectToServer(server, name, nats, this.#options);
      return new Link(client, { ...events, server: server.address, clock, pingIntervalMs });
    } catch (error) {
      assert(error instanceof ConnectError, `connecting threw ${error}`);
      return error;
    }
  }
}
