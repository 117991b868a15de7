/**
 * What waits between the bus and one handler.
 *
 * The NATS client calls back while it parses what it read from the socket; a handler run right there would stop the
 * reading, and a server that cannot write to us for long cuts us off. So deliveries are taken off at once, bounded
 * in bytes, and handed on from the event loop. After a few milliseconds of that the event loop gets its turn, or
 * the socket would not be read at all.
 *
 * A payload that waits as a view keeps the whole chunk alive that was read from the socket, up to 512 KiB (in process: the
 * body that it was cut from). So views that are still waiting when the event loop gets its turn are copied if they are a
 * small part of their chunk together; what is handled at once is not. So what waits takes a few times its size, and the
 * first and the last chunk, at most.
 *
 * A handler that throws or rejects is a bug of ours: it is thrown on where nobody catches it, and ends the process.
 */
import type { Delivery, SubscribeOptions } from "./bus.ts";
import { Fifo } from "./fifo.ts";

export type PendingQueueOptions = Pick<
  SubscribeOptions,
  "pendingMaxBytes" | "onDelivery" | "onDropped"
>;

/** A limit in bytes alone would let tiny payloads pile up: each takes some 100 bytes more than its own. */
const DELIVERIES_MAX = 512 * 1024;

/** Views that are together less than this part of what they keep alive are copied when they have to wait. */
const VIEWS_MIN_PART = 1 / 4;

/** How long deliveries are handed on before the event loop gets its turn. */
const SLICE_MAX_MS = 5;

/** Whose payload is replaced by a copy when it has to wait. */
type Waiting = { -readonly [Name in keyof Delivery]: Delivery[Name] };

export class PendingQueue {
  readonly #options: PendingQueueOptions;
  readonly #waiting = new Fifo<Waiting>();
  /** How many of the first that wait have been looked at for whether they are to be copied. */
  #looked = 0;
  /** True while the handler takes its time. */
  #isHandling = false;
  readonly #finished = Promise.withResolvers<void>();
  #waitingBytes = 0;
  /** True from the first offer until nothing waits and the handler is done: it is never called twice at a time. */
  #running = false;
  #finishing = false;
  /** Real time, not a Clock's: it is about how long the processor was ours. */
  #sliceEndMs = 0;

  constructor(options: PendingQueueOptions) {
    this.#options = options;
  }

  /** Payload bytes that the handler has not been given yet. */
  get bytes(): number {
    return this.#waitingBytes;
  }

  /**
   * Takes `delivery`, which is the queue's from now on, or drops it above the limit. Never calls the handler. Hot: once
   * per delivery.
   */
  offer(delivery: Waiting): void {
    const bytes = this.#waitingBytes + delivery.payload.length;
    const hasRoom = bytes <= this.#options.pendingMaxBytes && this.#waiting.length < DELIVERIES_MAX;
    if (!hasRoom || this.#finishing) return this.#drop(delivery);
    if (this.#isHandling && this.#isOfNewChunk(delivery)) this.#copyViews();
    this.#waiting.push(delivery);
    this.#waitingBytes = bytes;
    if (this.#running) return;
    this.#running = true;
    setImmediate(this.#handOn);
  }

  /** Takes no more; resolves when what waits has been handled. */
  finish(): Promise<void> {
    this.#finishing = true;
    if (!this.#running) this.#finished.resolve();
    return this.#finished.promise;
  }

  /** Drops what waits, and does not wait for the handler either. */
  abandon(): void {
    this.#finishing = true;
    for (let next = this.#take(); next !== undefined; next = this.#take()) this.#drop(next);
    this.#finished.resolve();
  }

  readonly #handOn = (): void => {
    this.#sliceEndMs = performance.now() + SLICE_MAX_MS;
    this.#handOnUntilSliceEnds();
  };

  #handOnUntilSliceEnds(): void {
    while (performance.now() < this.#sliceEndMs) {
      const delivery = this.#take();
      if (delivery === undefined) {
        this.#running = false;
        if (this.#finishing) this.#finished.resolve();
        return;
      }
      const handled = this.#options.onDelivery(delivery);
      if (handled !== undefined) {
        this.#isHandling = true;
        this.#copyViews();
        void handled.then(() => {
          this.#isHandling = false;
          this.#handOnUntilSliceEnds();
        });
        return;
      }
    }
    this.#copyViews();
    setImmediate(this.#handOn);
  }

  #take(): Delivery | undefined {
    const delivery = this.#waiting.shift();
    if (delivery === undefined) return undefined;
    this.#waitingBytes -= delivery.payload.length;
    if (this.#looked > 0) this.#looked--;
    return delivery;
  }

  #isOfNewChunk({ payload }: Waiting): boolean {
    return this.#waiting.last()?.payload.buffer !== payload.buffer;
  }

  /** Of what waits and will go on waiting. Each is looked at once; of its last chunk no more views may follow. */
  #copyViews(): void {
    while (this.#looked < this.#waiting.length) {
      const start = this.#looked;
      let payload = this.#waiting.at(start)?.payload;
      const chunk = payload?.buffer;
      let bytes = 0;
      while (payload !== undefined && payload.buffer === chunk) {
        bytes += payload.length;
        payload = this.#waiting.at(++this.#looked)?.payload;
      }
      const isSmall = chunk !== undefined && bytes < chunk.byteLength * VIEWS_MIN_PART;
      if (isSmall) this.#copy(start, this.#looked);
    }
  }

  #copy(start: number, end: number): void {
    for (let place = start; place < end; place++) {
      const delivery = this.#waiting.at(place);
      if (delivery !== undefined) delivery.payload = new Uint8Array(delivery.payload);
    }
  }

  /** Runs within the client's parser, which swallows whatever is thrown there and then reads no more. */
  #drop(delivery: Delivery): void {
    try {
      this.#options.onDropped(delivery.payload, delivery.subject);
    } catch (error) {
      crash(error);
    }
  }
}

/** As a rejection that nobody handles, the error keeps the stack of where it was thrown. */
function crash(error: unknown): void {
  void Promise.reject(error);
}
