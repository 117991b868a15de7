/**
 * The client library's half of a connection. The library prints on the console what it cannot read, byte for byte, and then
 * reads no more of a connection that stays open: here that ends the connection instead, with a reason for the log.
 */
import type { ConnectionOptions } from "nats";
import {
  type Msg,
  type NatsError,
  Parser,
  ProtocolHandler,
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

  /** `callback` hears of each message, or of why the subscription has ended. */
  subscribeTo(
    subject: string,
    queue: string | undefined,
    callback: (error: NatsError | null, message: Msg) => void,
  ): SubscriptionImpl {
    const options = { ...(queue === undefined ? {} : { queue }), callback };
    const subscription = new SubscriptionImpl(this, subject, options);
    this.subscribe(subscription);
    return subscription;
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
