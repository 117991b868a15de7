/**
 * The subscriptions of one connection: which of them the server has confirmed, refused or taken away.
 *
 * NATS confirms none; it refuses some, and what it says then need not name the one that it means. So each is followed by a
 * ping of its own: what the server says before it answers that is about this one.
 */
import type { SubscriptionImpl } from "nats/lib/nats-base-client/internal_mod";

import type { NatsClient } from "./nats-client.ts";
import type { Refusal, SubscriptionRefusal } from "./server-error.ts";

/** They are called within the client's parser: none may throw. */
export interface LinkHandlers {
  /** `payload` is a view into what was read from the socket. */
  readonly onMessage: (subject: string, payload: Uint8Array) => void;
  /** The server has taken the subscription. */
  readonly onConfirmed: () => void;
  /** The server does not allow this subscription, or not any more: it has ended. */
  readonly onRefused: (refusal: Refusal) => void;
}

interface Made {
  readonly subscription: SubscriptionImpl;
  readonly handlers: LinkHandlers;
}

export class LinkSubscriptions {
  readonly #client: NatsClient;
  readonly #made = new Map<number, Made>();
  /** Those whose ping has not been answered yet, the oldest first. */
  readonly #asking: Made[] = [];

  constructor(client: NatsClient) {
    this.#client = client;
  }

  /** Returns what asks the server to stop: it resolves when what was sent until then has been called back, or rejects. */
  add(subject: string, queue: string | undefined, handlers: LinkHandlers): () => Promise<void> {
    const subscription = this.#client.subscribeTo(subject, queue, (message) =>
      handlers.onMessage(message.subject, message.data),
    );
    const made = { subscription, handlers };
    this.#made.set(subscription.getID(), made);
    this.#ask(made);
    return () => subscription.drain();
  }

  /** False if it is about none of them. */
  refuse(refusal: SubscriptionRefusal): boolean {
    const refused = this.#find(refusal);
    if (refused === undefined) return false;
    const { subscription, handlers } = refused;
    this.#made.delete(subscription.getID());
    this.#client.subscriptions.cancel(subscription);
    handlers.onRefused(refusal);
    return true;
  }

  #ask(made: Made): void {
    this.#asking.push(made);
    this.#client.ask(() => {
      this.#asking.shift();
      if (this.#made.has(made.subscription.getID())) made.handlers.onConfirmed();
    });
  }

  #find({ id, subject }: SubscriptionRefusal): Made | undefined {
    if (id !== undefined) return this.#made.get(id);
    const [asking] = this.#asking;
    if (
      asking !== undefined &&
      (subject ?? asking.subscription.subject) === asking.subscription.subject
    ) {
      return asking;
    }
    // Old servers name what they take away by its subject alone.
    return [...this.#made.values()].find((made) => made.subscription.subject === subject);
  }
}
