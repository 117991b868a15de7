/**
 * The client's own socket handling, made to give up.
 *
 * As it comes, an attempt that times out leaves its socket open for good: against a server that accepts and never
 * answers (frozen, or no NATS at all) each retry would cost one more file descriptor. This one ends its socket, in
 * whatever phase it is, when the attempt's signal says so.
 */
import { createConnection, type Socket } from "node:net";

import type { ConnectionOptions } from "nats";
import { NodeTransport } from "nats/lib/src/node_transport";

/** The client hands its options through to the transport, unknown ones included. */
export interface AttemptOptions extends ConnectionOptions {
  /** Ends the attempt, with an Error as its reason. Not to be fired once it has succeeded. */
  readonly attempt: AbortSignal;
}

export class AbortableTransport extends NodeTransport {
  override async connect(
    server: { hostname: string; port: number; tlsName: string },
    options: ConnectionOptions,
  ): Promise<void> {
    const { attempt } = options as AttemptOptions;
    attempt.throwIfAborted();
    attempt.addEventListener("abort", () => this.#giveUp(attempt.reason), { once: true });
    try {
      await super.connect(server, options);
    } catch (error) {
      throw attempt.aborted ? attempt.reason : error;
    }
    if (attempt.aborted) throw attempt.reason;
  }

  /** Like the inherited one, but the socket is known, and so can be ended, while it still connects. */
  override dial(server: { hostname: string; port: number }): Promise<Socket> {
    return new Promise((resolve, reject) => {
      let failure: Error | undefined;
      const socket = createConnection(server.port, server.hostname);
      this.socket = socket;
      socket.setNoDelay(true);
      socket.on("error", (error) => (failure = error));
      socket.on("close", () => reject(failure));
      socket.on("connect", () => {
        socket.removeAllListeners();
        resolve(socket);
      });
    });
  }

  #giveUp(reason: Error): void {
    if (this.connected) void this.close(reason);
    else this.socket?.destroy();
  }
}
