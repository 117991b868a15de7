/**
 * One connection to one server, from the moment it stands until it ends; it never comes back.
 *
 * It watches over the connection itself. The client's heartbeat, finding a frozen server, waits for its last bytes
 * to be written before it ends the connection, which a frozen server never lets happen.
 */
import type { ServerInfo } from "nats/lib/nats-base-client/internal_mod";

import { type Clock, every } from "../platform/clock.ts";
import { messageOf } from "../platform/errors.ts";
import type { Pieces } from "./bus.ts";
import { type LinkHandlers, LinkSubscriptions } from "./link-subscriptions.ts";
import { type LastMoments, LinkWatch } from "./link-watch.ts";
import type { NatsClient } from "./nats-client.ts";
import { transportOf } from "./nats-connect.ts";
import type { NatsTransport } from "./nats-transport.ts";
import { parseServerError, type PublicationRefusal, unquoted } from "./server-error.ts";

/** They are called within the client's parser, but for the last; none may throw. */
export interface LinkEvents {
  /** The server refused a publication; called before the round trip that follows it is answered. */
  readonly onPublishRefused: (refusal: PublicationRefusal) => void;
  /** The server said something, in these words, that is about nothing known here and does not end the connection. */
  readonly onOtherError: (text: string) => void;
  /** The server told what other servers there are, or {@link Link.isLameDuck} may have become true. */
  readonly onInfo: (link: Link) => void;
  /** {@link Link.isWritable} is true again. */
  readonly onWritable: () => void;
}

export interface LinkOptions extends LinkEvents {
  /** host:port, for the log. */
  readonly server: string;
  readonly clock: Clock;
  /** A server that is frozen, or gone without a word, is noticed within one to three of these. */
  readonly pingIntervalMs: number;
}

export interface LinkSubscription {
  /** Asks the server to stop; resolves when what it had sent until then has been called back. Never rejects. */
  drain(): Promise<void>;
}

/** How a connection ended, and what that says about what waited for us. */
export interface LinkEnd extends LastMoments {
  readonly reason: string;
  /** Another one after each start of a server. */
  readonly serverId: string;
  /** True if the server belonged to a cluster, where others publish at other servers. */
  readonly isInCluster: boolean;
  /** True if nothing was heard of it any more. */
  readonly isFrozen: boolean;
}

/** What nats-server takes unless told otherwise: assumed until a server has said what it takes. */
export const PAYLOAD_MAX_DEFAULT_BYTES = 1024 * 1024;

/** So many looks in a row, one a {@link LinkOptions.pingIntervalMs}, find no sign of life of a server that is gone. */
const SILENT_MAX = 2;

export class Link {
  readonly server: string;
  /** Different after each start of the server. */
  readonly serverId: string;
  /** Resolves once the connection has ended, and what had been read has been called back. */
  readonly ended: Promise<LinkEnd>;
  readonly #client: NatsClient;
  readonly #transport: NatsTransport;
  readonly #subscriptions: LinkSubscriptions;
  #payloadMaxBytes: number;
  /** Round trips under way. */
  #unanswered = 0;
  /** Looks in a row that found no sign of life. */
  #silent = 0;
  #isFrozen = false;
  #reason = "";

  constructor(client: NatsClient, options: LinkOptions) {
    this.server = options.server;
    this.#client = client;
    this.#transport = transportOf(client);
    this.#transport.onWritable = options.onWritable;
    this.#subscriptions = new LinkSubscriptions(client);
    this.#payloadMaxBytes = client.info?.max_payload ?? PAYLOAD_MAX_DEFAULT_BYTES;
    const cancel = every(options.clock, options.pingIntervalMs, () => this.#checkAlive());
    this.serverId = client.info?.server_id ?? "";
    const watch = new LinkWatch(client, this.#transport, options.clock);
    this.ended = client.closed.then(async (error) => {
      cancel();
      watch.stop();
      await new Promise((resolve) => setImmediate(resolve));
      const reason = this.#reason || reasonOf(error);
      return {
        ...watch.lastMoments(reason),
        reason,
        serverId: this.serverId,
        isInCluster: hasPeers(client.info),
        isFrozen: this.#isFrozen,
      };
    });
    this.#watchErrors(options);
    client.onInfo = () => options.onInfo(this);
  }

  /** True if the server is about to stop: it takes no new connections, and ends those that it has one by one. */
  get isLameDuck(): boolean {
    return this.#client.info?.ldm === true;
  }

  /** The addresses of all servers of the cluster, as the server last told. Not to be trusted. */
  get announced(): unknown {
    return this.#client.info?.connect_urls;
  }

  get isEncrypted(): boolean {
    return this.#transport.isEncrypted();
  }

  /** As the server last told; it may tell anew while connected. */
  payloadMaxBytes(): number {
    this.#payloadMaxBytes = this.#client.info?.max_payload ?? this.#payloadMaxBytes;
    return this.#payloadMaxBytes;
  }

  /** True as soon as nothing can be done with it, which may be shortly before {@link Link.ended} resolves. */
  hasEnded(): boolean {
    return this.#client.isClosed();
  }

  /** False while the server does not read as fast as is published. */
  get isWritable(): boolean {
    return this.#transport.isWritable;
  }

  /** True if a payload published before may not change yet. */
  get keepsPayload(): boolean {
    return this.#transport.keepsPayload;
  }

  /** Leaves with the next flush or round trip at the latest. `payload` must fit {@link Link.payloadMaxBytes}. */
  publish(subject: string, payload: Uint8Array): void {
    this.#transport.publish(subject, payload);
  }

  /** The same for a payload in pieces, small enough for the socket's buffer (socket-writer.ts): it is copied before this returns. */
  publishPieces(subject: string, pieces: Pieces): void {
    this.#transport.publishPieces(subject, pieces);
  }

  flush(): void {
    this.#transport.flush();
  }

  /**
   * Resolves once the server has answered, and so has seen all that was handed over before this call. Never
   * settles if the connection ends first: that is told by {@link Link.ended} alone. `onAnswer` is called before whatever the
   * server says next is read; it must not throw.
   */
  roundTrip(onAnswer: () => void = () => {}): Promise<void> {
    return new Promise((resolve) => {
      if (this.hasEnded()) return;
      this.#unanswered++;
      this.#client.ask(() => {
        this.#unanswered--;
        onAnswer();
        resolve();
      });
    });
  }

  /** Undefined if the connection has ended. */
  subscribe(
    subject: string,
    queue: string | undefined,
    handlers: LinkHandlers,
  ): LinkSubscription | undefined {
    if (this.hasEnded()) return undefined;
    const drain = this.#subscriptions.add(subject, queue, handlers);
    return {
      drain: () => Promise.race([drain().catch(() => {}), this.ended.then(() => {})]),
    };
  }

  /** Ends the connection at once; what it had not sent is gone. */
  close(reason: string): void {
    this.#reason ||= reason;
    void this.#client.close();
  }

  /** Whatever moves is a sign of life: an answer may stand behind a minute of messages, a ping behind a minute of ours. */
  #checkAlive(): void {
    const isAlive = this.#transport.takeSignOfLife();
    if (this.#unanswered === 0) void this.roundTrip();
    this.#silent = isAlive ? 0 : this.#silent + 1;
    if (this.#silent < SILENT_MAX) return;
    this.#isFrozen = true;
    this.close("the server does not answer");
  }

  /** What the server says, in the order in which it says it. What is about the connection is the client's to deal with. */
  #watchErrors(options: LinkOptions): void {
    this.#client.onError = (argument) => {
      const error = parseServerError(argument);
      if (error.kind === "publication") {
        options.onPublishRefused(error);
        return true;
      }
      if (error.kind === "subscription" && this.#subscriptions.refuse(error)) return true;
      void this.roundTrip().then(() => {
        // The connection outlives it: it is not what it ends with, some day.
        delete this.#client.lastError;
        options.onOtherError(error.text);
      });
      return false;
    };
  }
}

/** A cluster of one has its own address alone to announce; one that announces none (no_advertise) may have others. */
function hasPeers(info: ServerInfo | undefined): boolean {
  return info?.cluster !== undefined && info.connect_urls?.length !== 1;
}

/** The client gives no error when the server simply closed the connection, as it does with a slow consumer. */
function reasonOf(error: void | Error): string {
  return error ? unquoted(messageOf(error)) : "closed by the server";
}
