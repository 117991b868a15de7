/** A bus within one test: the test delivers by hand and sees what was acknowledged, dropped and published. */
import {
  type Bus,
  BusClosed,
  type BusOptions,
  type BusState,
  type Delivery,
  type OpenBus,
  type Pieces,
  putTogether,
  type SubscribeOptions,
  type Subscription,
} from "../../../src/bus/bus.ts";

export class FakeBus implements Bus {
  readonly published: { readonly subject: string; readonly text: string }[] = [];
  readonly subscriptions = new Map<string, FakeSubscription>();
  /** Called when close() begins. */
  onClose: () => void = () => {};
  /** What subscribe() waits for. */
  readonly #connected = Promise.withResolvers<void>();
  #state: BusState = "connecting";

  #options: BusOptions | undefined;

  readonly open: OpenBus = (options) => {
    this.#options = options;
    return this;
  };

  /** A connection broke, and nobody knows what was lost with it. */
  breakUncounted(): void {
    this.#options?.onUncounted?.();
  }

  connect(): void {
    this.#state = "up";
    this.#connected.resolve();
  }

  disconnect(): void {
    this.#state = "down";
  }

  refuse(reason: Error): void {
    this.#connected.reject(reason);
  }

  /** Delivers newline-ended or other text on `subject`; false if the subscription dropped it. */
  deliver(subject: string, text: string): boolean {
    const subscription = this.subscriptions.get(subject);
    if (subscription === undefined) throw new Error(`nobody subscribed to ${subject}`);
    return subscription.accept(subject, new TextEncoder().encode(text));
  }

  /** What was published on `subject` with the measurement, last first. */
  metrics(measurement: string): string[] {
    const isOf = (text: string) =>
      text.startsWith(`${measurement},`) || text.startsWith(`${measurement} `);
    return this.published
      .map(({ text }) => text)
      .filter(isOf)
      .reverse();
  }

  async publish(subject: string, payload: Uint8Array): Promise<void> {
    this.published.push({ subject, text: new TextDecoder().decode(payload) });
  }

  publishPieces(subject: string, pieces: Pieces): Promise<void> {
    return this.publish(subject, putTogether(pieces));
  }

  async subscribe(subject: string, options: SubscribeOptions): Promise<Subscription> {
    await this.#connected.promise;
    const subscription = new FakeSubscription(options);
    this.subscriptions.set(subject, subscription);
    return subscription;
  }

  maxPayloadBytes(): number {
    return 1024 * 1024;
  }

  state(): BusState {
    return this.#state;
  }

  isReady(): boolean {
    return this.#state === "up";
  }

  isRefused(): boolean {
    return false;
  }

  refusedLines(): number {
    return 0;
  }

  whenRoom(): undefined {
    return undefined;
  }

  hasRoom(): boolean {
    return this.#state !== "closed";
  }

  async close(): Promise<void> {
    this.onClose();
    this.#state = "closed";
    this.#connected.reject(new BusClosed("closed"));
  }
}

export class FakeSubscription implements Subscription {
  readonly options: SubscribeOptions;
  readonly #waiting: Delivery[] = [];
  #running: Promise<void> | undefined;
  #isDraining = false;
  /** How many deliveries were acknowledged. */
  doneCount = 0;

  constructor(options: SubscribeOptions) {
    this.options = options;
  }

  accept(subject: string, payload: Uint8Array): boolean {
    if (this.#isDraining) return false;
    if (this.pendingBytes() + payload.length > this.options.pendingMaxBytes) {
      this.options.onDropped(payload, subject);
      return false;
    }
    this.#waiting.push(this.#delivery(subject, payload));
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return true;
  }

  pendingBytes(): number {
    return this.#waiting.reduce((sum, { payload }) => sum + payload.length, 0);
  }

  isAllowed(): boolean {
    return true;
  }

  async drain(): Promise<void> {
    this.#isDraining = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (;;) {
      const delivery = this.#waiting.shift();
      if (delivery === undefined) return;
      await this.options.onDelivery(delivery);
    }
  }

  #delivery(subject: string, payload: Uint8Array): Delivery {
    let isDone = false;
    return {
      subject,
      payload,
      done: () => {
        if (isDone) throw new Error("done() was called twice");
        isDone = true;
        this.doneCount++;
      },
      retry: () => {
        throw new Error("a writer gives nothing back");
      },
    };
  }
}
