/**
 * The batches of a writer, each with the output that it goes to: one for all lines, or, where files are kept apart by
 * subject, one for each subject. Those are made when the first delivery on their subject comes.
 */
import type { Delivery } from "../bus/bus.ts";
import type { Output } from "./output.ts";
import type { RetryQueue } from "./retry-queue.ts";
import type { SharedBatch } from "./shared-batch.ts";

export interface BatchWithOutput {
  readonly batch: SharedBatch;
  /** What of the batch could not be written yet. */
  readonly retries: Pick<RetryQueue, "finish" | "giveUp">;
  readonly output: Output;
}

export interface BatchesOptions {
  /** The name of the batch that takes what comes on `subject`. Hot: once per message. */
  readonly nameOf: (subject: string) => string;
  /** This many batches, and no more, are made with the names that `nameOf` gives. */
  readonly namesMax: number;
  /** The name of the batch for all the rest. */
  readonly overflowName: string;
  /** Called once for each name. */
  readonly open: (name: string) => BatchWithOutput;
  /** Called when the overflow batch is made. */
  readonly onOverflow: () => void;
  /** Called once all outputs are closed. Resolves when what goes on beside them has ended; never rejects. */
  readonly close: () => Promise<void>;
  /** Ends that at once. */
  readonly abort: () => void;
}

export class Batches {
  readonly #options: BatchesOptions;
  readonly #opened = new Map<string, BatchWithOutput>();
  #isGivenUp = false;

  constructor(options: BatchesOptions) {
    this.#options = options;
  }

  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Takes one delivery in. A returned promise resolves once there was room for all of it. Hot: once per message. */
  deliver(delivery: Delivery): void | Promise<void> {
    return this.#batchFor(this.#options.nameOf(delivery.subject)).deliver(delivery);
  }

  /** Sends what is there, however little, and resolves once all of it has been written or dropped. */
  async finish(): Promise<void> {
    const opened = [...this.#opened.values()];
    await Promise.all(opened.map(({ batch, retries }) => retries.finish(batch.finish())));
    await Promise.all(opened.map(({ output }) => output.close()));
    await this.#options.close();
  }

  /** Drops what is in the batches or under way, and from now on whatever is delivered; all of it is counted. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#options.abort();
    for (const { batch, retries, output } of this.#opened.values()) {
      batch.giveUp();
      retries.giveUp();
      output.abort();
    }
  }

  #batchFor(name: string): SharedBatch {
    const { namesMax, overflowName, onOverflow } = this.#options;
    const known = this.#opened.get(name);
    if (known !== undefined) return known.batch;
    if (this.#opened.size < namesMax) return this.#open(name);
    const overflow = this.#opened.get(overflowName);
    if (overflow !== undefined) return overflow.batch;
    onOverflow();
    return this.#open(overflowName);
  }

  #open(name: string): SharedBatch {
    const opened = this.#options.open(name);
    this.#opened.set(name, opened);
    if (this.#isGivenUp) {
      opened.batch.giveUp();
      opened.retries.giveUp();
    }
    return opened.batch;
  }
}
