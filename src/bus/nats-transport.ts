/**
 * One connection to a server: the client speaks the protocol over it, and publications go past the client straight
 * into its socket.
 *
 * The client's own, over node:net, costs several times as much for each message, has no back-pressure, leaves the
 * socket of an attempt that timed out open for good, and takes some 20 ms to load, on each thread.
 */
import type { ConnectionOptions } from "nats";
import {
  ErrorCode,
  extractProtocolMessage,
  INFO,
  NatsError,
} from "nats/lib/nats-base-client/internal_mod";
import type { Transport } from "nats/lib/nats-base-client/transport";

import { PROGRAM, VERSION } from "../platform/version.ts";
import type { Pieces } from "./bus.ts";
import { CERTIFICATE_WANTED, explainAlert, refusedByUs } from "./nats-tls.ts";
import { SocketWriter } from "./socket-writer.ts";

/** The client hands its options through to the transport, unknown ones included. */
export interface AttemptOptions extends ConnectionOptions {
  /** Ends the attempt, with an Error as its reason. Not to be fired once it has succeeded. */
  readonly attempt: AbortSignal;
  /** Present: a server that offers no TLS is refused before anything is sent to it. */
  readonly tls?: TlsFiles;
  /** What the server's certificate must be for; its host, if left out. */
  readonly tlsName?: string;
}

/** In PEM. The library has options of the same names. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

interface Greeting {
  /** True if it takes no client without a certificate. */
  readonly tls_verify?: boolean;
  readonly tls_required?: boolean;
  readonly tls_available?: boolean;
}

/** A greeting takes some hundred bytes; one that names hundreds of cluster members, some thousand. */
const GREETING_MAX_BYTES = 64 * 1024;

export class NatsTransport implements Transport {
  /** What the server's monitoring shows of the client. */
  readonly lang = PROGRAM;
  readonly version = VERSION;
  closeError?: Error;
  readonly #writer = new SocketWriter((bytes, offset, length) => {
    return this.#socket?.write(bytes, offset, length) ?? -1;
  });
  readonly #greeting = Promise.withResolvers<Greeting>();
  readonly #closed = Promise.withResolvers<void | Error>();
  #socket: Bun.Socket | undefined;
  #isGreeted = false;
  #isEncrypted = false;
  #isClosed = false;
  #hasSignOfLife = true;
  /** How many pieces were read from the socket so far. */
  chunksRead = 0;
  /** Read, and not fetched by the client yet. */
  #chunks: Uint8Array[] = [];
  #wakeReader: () => void = () => {};
  /** Called each time that {@link NatsTransport.isWritable} becomes true again. */
  onWritable: () => void = () => {};

  /** Resolves when the server has greeted, and TLS stands where one of the two sides wants it. */
  async connect(
    server: { readonly hostname: string; readonly port: number },
    options: ConnectionOptions,
  ): Promise<void> {
    const { attempt, tls, tlsName } = options as AttemptOptions;
    attempt.throwIfAborted();
    attempt.addEventListener("abort", () => this.#end(attempt.reason), { once: true });
    try {
      // Not awaited: an attempt ends when it is given up, and a socket still connecting cannot be told so.
      this.#dial(server).catch((error: Error) => this.#end(error));
      const greeting = await this.#greeting.promise;
      const offersTls = greeting.tls_required === true || greeting.tls_available === true;
      if (offersTls) await this.#encrypt(tlsName ?? server.hostname, tls ?? {}, greeting);
      else if (tls !== undefined) throw new NatsError("tls", ErrorCode.ServerOptionNotAvailable);
    } catch (error) {
      this.#end(error as Error);
      throw error;
    }
  }

  /**
   * Publishes past the client: `subject` must be checked, and `payload` must not change while
   * {@link NatsTransport.keepsPayload}. It leaves with the next flush at the latest.
   */
  publish(subject: string, payload: Uint8Array): void {
    this.#writer.addPublication(subject, payload);
  }

  publishPieces(subject: string, pieces: Pieces): void {
    this.#writer.addPieces(subject, pieces);
  }

  flush(): void {
    this.#writer.flush();
  }

  /** False while the socket takes no more: what is published now makes the buffer grow. */
  get isWritable(): boolean {
    return this.#writer.isWritable;
  }

  /** True while a payload is not with the system yet, and may not change. */
  get keepsPayload(): boolean {
    return this.#writer.keepsPayload;
  }

  /** True if since the last call the server sent anything, or took anything that it had not had room for. */
  takeSignOfLife(): boolean {
    const hasSignOfLife = this.#hasSignOfLife;
    this.#hasSignOfLife = false;
    return hasSignOfLife;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** For the client: its commands go out at once, behind what was published before them. */
  send(command: Uint8Array): void {
    this.#writer.add(command);
    this.#writer.flush();
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    for (;;) {
      const chunks = this.#chunks;
      this.#chunks = [];
      yield* chunks;
      if (this.#chunks.length > 0) continue;
      // What had been read when the server ended the connection is taken apart as well.
      if (this.#isClosed) return;
      await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
  }

  isEncrypted(): boolean {
    return this.#isEncrypted;
  }

  async close(error?: Error): Promise<void> {
    this.#leave(error);
  }

  disconnect(): void {
    this.#leave();
  }

  closed(): Promise<void | Error> {
    return this.#closed.promise;
  }

  /** There is no throttling to end. */
  discard(): void {}

  async #dial({ hostname, port }: { hostname: string; port: number }): Promise<void> {
    await Bun.connect({
      hostname,
      port,
      socket: {
        ...this.#handlers((chunk) => {
          // After the upgrade to TLS these are encrypted bytes, which the other socket decrypts.
          if (!this.#isEncrypted) this.#read(chunk);
        }),
        open: (socket) => {
          if (this.#isClosed) return socket.terminate();
          socket.setNoDelay(true);
          this.#socket = socket;
        },
        connectError: (_, error) => this.#end(error),
      },
    });
  }

  #handlers(onChunk: (chunk: Uint8Array) => void): Bun.SocketHandler<undefined> {
    return {
      data: (_, chunk) => onChunk(chunk),
      drain: () => {
        this.#hasSignOfLife = true;
        this.#writer.resume();
        if (this.#writer.isWritable) this.onWritable();
      },
      error: (_, error) => this.#end(error),
      close: (_, error) => this.#end(error),
    };
  }

  /** Resolves when the server has shown a certificate for `hostname` that `files.ca`, or else the system, vouches for. */
  #encrypt(hostname: string, files: TlsFiles, greeting: Greeting): Promise<void> {
    const hasCertificate = files.cert !== undefined;
    if (greeting.tls_verify === true && !hasCertificate) throw new Error(CERTIFICATE_WANTED);
    const done = Promise.withResolvers<void>();
    void this.#closed.promise.then((error) => done.reject(error));
    this.#isEncrypted = true;
    const [, socket] = this.#socket?.upgradeTLS<undefined>({
      tls: { serverName: hostname, rejectUnauthorized: true, ...files },
      socket: {
        ...this.#handlers((chunk) => this.#read(chunk)),
        handshake: (_, isTrusted, error) => {
          if (isTrusted) done.resolve();
          else this.#end(refusedByUs(error));
        },
        error: (_, error) => this.#end(explainAlert(error, hasCertificate)),
      },
    }) ?? [undefined, undefined];
    this.#socket = socket;
    return done.promise;
  }

  #read(chunk: Uint8Array): void {
    if (this.#isClosed) return;
    this.#hasSignOfLife = true;
    this.chunksRead++;
    this.#chunks.push(chunk);
    if (this.#isGreeted) this.#wakeReader();
    else this.#lookForGreeting();
  }

  /** What was read stays where it is, for the client to read it too. */
  #lookForGreeting(): void {
    const bytes = Buffer.concat(this.#chunks);
    const line = extractProtocolMessage(bytes);
    if (line === "" && bytes.length <= GREETING_MAX_BYTES) return;
    this.#isGreeted = true;
    try {
      this.#greeting.resolve(JSON.parse(INFO.exec(line)?.[1] ?? ""));
    } catch {
      this.#greeting.reject(new Error("unexpected response from server"));
    }
  }

  /** What was read and not fetched is nobody's any more. */
  #leave(error?: Error): void {
    if (!this.#isClosed) this.#chunks = [];
    this.#end(error);
  }

  #end(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (error !== undefined) this.closeError = error;
    this.#greeting.promise.catch(() => {});
    this.#greeting.reject(error);
    this.#closed.resolve(error);
    this.#wakeReader();
    this.#socket?.end();
    this.#socket = undefined;
  }
}
