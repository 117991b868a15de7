/**
 * The client library's half of a connection. The library prints on the console what it cannot read, byte for byte, and then
 * reads no more of a connection that stays open: here that ends the connection instead, with a reason for the log.
 */
import type { ConnectionOptions } from "nats";
import {
  deferred,
  type Msg,
  Parser,
  ProtocolHandler,
  type ServerInfo,
  State,
  SubscriptionImpl,
} from "nats/lib/nats-base-client/internal_mod";
import { parseOptions } from "nats/lib/nats-base-client/options";

/** As much of what cannot be read as a log line bears. */
const SAMPLE_MAX_BYTES = 60;

export class NatsClient extends ProtocolHandler {
  constructor(options: ConnectionOptions) {
    // Its second part is for answers to requests, which nobody sends us.
    super(parseOptions(options), { publish() {} });
  }

  /** Called with what the server tells of itself, each time that it does so from now on. */
  onInfo: (info: ServerInfo) => void = () => {};

  /** What the server says with -ERR, in quotes, comes here first: true if there is nothing left to be done about it. */
  onError: (argument: string) => boolean = () => false;

  /** `onMessage` is called within the parser. */
  subscribeTo(
    subject: string,
    queue: string | undefined,
    onMessage: (message: Msg) => void,
  ): SubscriptionImpl {
    const subscription = new SubscriptionImpl(this, subject, {
      ...(queue === undefined ? {} : { queue }),
      callback(error, message) {
        if (error === null) onMessage(message);
      },
    });
    this.subscribe(subscription);
    return subscription;
  }

  /** `onAnswer` is called within the parser, in the answer's place among all that the server says; never if it ends before. */
  ask(onAnswer: () => void): void {
    const answered = deferred<void>();
    // A promise would tell of it later than of what the server says next.
    answered.resolve = onAnswer;
    this.flush(answered).catch(() => {});
  }

  /** True while a part of a message has been read and the rest has not. */
  get isWithinMessage(): boolean {
    return this.parser.state !== State.OP_START;
  }

  override processInfo(argument: Uint8Array): void {
    super.processInfo(argument);
    if (this.info !== undefined) this.onInfo(this.info);
  }

  override processError(argument: Uint8Array): void {
    if (!this.onError(new TextDecoder().decode(argument))) super.processError(argument);
  }

  /** The library calls it before each connection, for a parser that has read nothing yet. */
  override resetOutbound(): void {
    super.resetOutbound();
    this.parser = new CarefulParser(this, (error) => void this.transport.close(error));
  }
}

/** Resolves when the server has taken us in. What the library throws comes as it is. */
export async function connectClient(options: ConnectionOptions): Promise<NatsClient> {
  const client = new NatsClient(options);
  await client.dialLoop();
  return client;
}

class CarefulParser extends Parser {
  readonly #onBroken: (error: Error) => void;
  #isBroken = false;

  constructor(client: NatsClient, onBroken: (error: Error) => void) {
    super(client);
    this.#onBroken = onBroken;
  }

  /** Hot: once per chunk read from the socket. */
  override parse(chunk: Uint8Array): void {
    if (this.#isBroken) return;
    try {
      super.parse(chunk);
    } catch {
      // Its message holds the whole chunk.
      this.#isBroken = true;
      this.state = State.OP_START;
      this.#onBroken(new Error(`the server sent what NATS servers do not: ${sampleOf(chunk)}`));
    }
  }
}

/** What is not printable comes as a question mark. */
function sampleOf(chunk: Uint8Array): string {
  const sample = Buffer.from(chunk.subarray(0, SAMPLE_MAX_BYTES)).toString("latin1");
  const more = chunk.length > SAMPLE_MAX_BYTES ? "..." : "";
  return JSON.stringify(sample.replaceAll(/[^\x20-\x7e\r\n]/g, "?")) + more;
}
