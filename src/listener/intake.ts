/**
 * What both listeners do with what they receive: gather it in a batch and publish that when it is full or old,
 * or when the next payload does not fit. Bytes pass through; only a missing final newline is added, so that no
 * sender's last line fuses with another's first. Blank lines pass too: whoever cuts the lines apart skips them.
 */
import { Batch, type BatchLimits } from "../batch/batch.ts";
import { cutAtLineEnds } from "../batch/chunk.ts";
import { type Bus, isTaken, type OnFree, whyRefused } from "../bus/bus.ts";
import { countLines, endedLength, withFinalNewline } from "../line/split.ts";
import type { Counters } from "../metrics/counters.ts";
import type { Clock } from "../platform/clock.ts";
import type { Drops } from "../platform/drops.ts";
import { sampleOf } from "../platform/harmless-text.ts";
import { giveBack } from "../platform/memory.ts";
import type { PublishingCounter } from "./counters.ts";

export interface IntakeOptions {
  readonly limits: BatchLimits;
  readonly subject: string;
  readonly bus: Bus;
  readonly counters: Counters<PublishingCounter>;
  readonly clock: Clock;
  readonly drops: Drops;
}

/** The publication of one batch, shared by all whose payloads are in it. */
export interface Publication {
  /** False while the batch waits for more payloads or for its age. */
  readonly isUnderWay: boolean;
  /** Lines left out because one alone is too long to publish. */
  readonly longLines: number;
  /** Resolves with whether the bus took all of it; never rejects. On a bus that stores: once it is stored. */
  readonly isTaken: Promise<boolean>;
}

/** A part of a batch, no longer than one message may be. */
interface Message {
  readonly payload: Uint8Array;
  readonly lines: number;
}

/** A payload this long goes out as it is: copying it into a batch would cost more than a message of its own. */
const ALONE_MIN_BYTES = 128 * 1024;

export class Intake {
  readonly #options: IntakeOptions;
  readonly #batch: Batch;
  readonly #reuse: OnFree = (payload) => this.#batch.reuse(payload);
  /** That of the batch being filled. */
  #next = new BatchPublication();
  readonly #underWay = new Set<BatchPublication>();
  #linesUnderWay = 0;

  constructor(options: IntakeOptions) {
    const { limits, clock } = options;
    this.#options = options;
    this.#batch = new Batch(limits, clock, () => this.flush());
  }

  /**
   * Takes over `payload`, at least one byte, with its number of lines; the caller no longer looks at its bytes.
   * Returns the publication that it goes out with. Hot: once per body.
   */
  accept(payload: Uint8Array, lines: number): Publication {
    return this.#gather(payload, lines, 0, payload.length) ?? this.#publishAlone(payload, lines);
  }

  /** As {@link accept}, of a copy of memory[start, end): the caller goes on using it. Hot: once per datagram. */
  acceptCopy(memory: Uint8Array, lines: number, start: number, end: number): Publication {
    return (
      this.#gather(memory, lines, start, end) ?? this.#publishAlone(memory.slice(start, end), lines)
    );
  }

  /** Undefined if it is not for a batch with others; what came before it has then been published. */
  #gather(memory: Uint8Array, lines: number, start: number, end: number): Publication | undefined {
    const sizeBytes = endedLength(memory, start, end);
    const maxBytes = this.#messageMaxBytes();
    if (this.#batch.sizeBytes + sizeBytes > maxBytes) this.flush();
    if (sizeBytes > maxBytes || sizeBytes >= ALONE_MIN_BYTES) {
      this.flush();
      return undefined;
    }
    const publication = this.#next;
    if (this.#batch.add(memory, lines, start, end)) this.flush();
    return publication;
  }

  /** Publishes what has been gathered. */
  flush(): void {
    if (this.#batch.isEmpty) return;
    const { payload, lines } = this.#batch.take();
    const publication = this.#next;
    this.#next = new BatchPublication();
    this.#publish(publication, payload, lines, this.#reuse);
  }

  /** Bytes in the batch, which are handed to the bus before whatever comes next. */
  get heldBytes(): number {
    return this.#batch.sizeBytes;
  }

  /** Lines in the batch and in publications under way: neither sent nor dropped yet. */
  get heldLines(): number {
    return this.#batch.lines + this.#linesUnderWay;
  }

  /** Resolves when each publication now under way has been taken or refused. */
  async whenSettled(): Promise<void> {
    await Promise.all(Array.from(this.#underWay, (publication) => publication.isTaken));
  }

  /** What is gathered for one message. The server tells its own limit when it is connected, and another may tell another. */
  #messageMaxBytes(): number {
    const { limits, bus } = this.#options;
    return Math.min(limits.sizeMaxBytes, bus.maxPayloadBytes());
  }

  /** A batch of its own; if it is more than a message holds, published in pieces. */
  #publishAlone(payload: Uint8Array, lines: number): Publication {
    const publication = new BatchPublication();
    const ended = withFinalNewline(payload);
    if (ended !== payload) giveBack(payload);
    this.#publish(publication, ended, lines, giveBack);
    return publication;
  }

  /** `onFree` may be called with `payload` when nobody has any more use for its bytes. */
  #publish(
    publication: BatchPublication,
    payload: Uint8Array,
    lines: number,
    onFree: OnFree,
  ): void {
    const messages = this.#cut(publication, payload, lines);
    if (messages.length > 0) this.#underWay.add(publication);
    publication.start(messages.length);
    // Of several, no single one tells when all of it is free.
    const onMessageFree = messages.length === 1 ? onFree : undefined;
    for (const message of messages) this.#handOver(message, publication, onMessageFree);
  }

  /** At the size to send at; a line longer than that is a message of its own, if there is a message that long. */
  #cut(publication: BatchPublication, payload: Uint8Array, lines: number): readonly Message[] {
    const { bus, subject, drops } = this.#options;
    const sizeMaxBytes = this.#messageMaxBytes();
    if (payload.length <= sizeMaxBytes) return [{ payload, lines }];
    const maxBytes = bus.maxPayloadBytes();
    const messages: Message[] = [];
    const keep = (chunk: Uint8Array) =>
      void messages.push({ payload: chunk, lines: countLines(chunk) });
    cutAtLineEnds(payload, sizeMaxBytes, keep, (line) => {
      if (line.length <= maxBytes) return keep(line);
      const longLines = countLines(line);
      publication.longLines += longLines;
      const why = `longer than the ${maxBytes} bytes that can be published at once`;
      drops.drop(why, longLines, `for [${subject}]`, () => sampleOf(line));
    });
    this.#options.counters.add("dropped_long_lines", publication.longLines);
    return messages;
  }

  /** Callbacks and no async function: at a small batch count this is called ten thousand times a second. */
  #handOver(
    { payload, lines }: Message,
    publication: BatchPublication,
    onFree: OnFree | undefined,
  ): void {
    const { bus, subject, counters, drops } = this.#options;
    const taken = bus.publish(subject, payload, lines, onFree);
    this.#linesUnderWay += lines;
    const onTaken = () => {
      counters.add("sent_lines", lines);
      this.#settle(publication, lines, true);
    };
    if (isTaken(taken)) {
      return onTaken();
    }
    taken.then(onTaken, (error: unknown) => {
      counters.add("failed_nats_publish");
      counters.add("dropped_nats_lines", lines);
      drops.drop(whyRefused(error), lines, `for [${subject}]`);
      this.#settle(publication, lines, false);
    });
  }

  #settle(publication: BatchPublication, lines: number, isTaken: boolean): void {
    this.#linesUnderWay -= lines;
    if (!publication.settle(isTaken)) return;
    this.#underWay.delete(publication);
    if (publication.takenMessages > 0) this.#options.counters.add("sent");
  }
}

class BatchPublication implements Publication {
  isUnderWay = false;
  longLines = 0;
  takenMessages = 0;
  #messages = 0;
  #settledMessages = 0;
  /** Made when it is asked for: mostly nobody does. */
  #taken: PromiseWithResolvers<boolean> | undefined;

  get isTaken(): Promise<boolean> {
    this.#taken ??= Promise.withResolvers<boolean>();
    this.#tellIfSettled();
    return this.#taken.promise;
  }

  start(messages: number): void {
    this.isUnderWay = true;
    this.#messages = messages;
  }

  /** One of the messages has been taken or refused. True if it was the last. */
  settle(isTaken: boolean): boolean {
    if (isTaken) this.takenMessages++;
    if (++this.#settledMessages < this.#messages) return false;
    this.#tellIfSettled();
    return true;
  }

  #tellIfSettled(): void {
    if (!this.isUnderWay || this.#settledMessages < this.#messages) return;
    this.#taken?.resolve(this.takenMessages === this.#messages);
  }
}
