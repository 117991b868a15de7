/**
 * The messages that are being gathered, for each output the lines that came for it, over one payload or several.
 *
 * Nothing is copied while lines are judged: it is noted where they stand, and each message is copied once, to where it
 * leaves from. Lines that stand next to each other and go the same way are one copy.
 */
import type { Pieces } from "../bus/bus.ts";
import { NEWLINE } from "../line/split.ts";
import { assert } from "../platform/errors.ts";

/** Newline-ended lines that are to be published together. Good until the call ends that it was given to. */
export interface Message extends Pieces {
  readonly subject: string;
}

/** One that needed more is not used again, or the largest ever would stay in memory for each output. */
const BOUNDS_KEPT_MAX = 16 * 1024;

export class Outputs {
  readonly #subjects: readonly string[];
  /** By output, the message that its next line goes into. */
  readonly #open: (Gathered | undefined)[];
  readonly #gathered: Gathered[] = [];
  /** Used before. */
  readonly #spare: Gathered[] = [];
  readonly #payloads: Buffer[] = [];
  #messageMaxBytes = 0;
  #isPayloadUsed = false;
  #sizeBytes = 0;

  /** Outputs are numbered as their subjects are, from 0; several may have the same. */
  constructor(subjects: readonly string[]) {
    this.#subjects = subjects;
    this.#open = new Array<Gathered | undefined>(subjects.length).fill(undefined);
  }

  /** Of all messages together. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The lines that follow are of another payload, and messages grow to so many bytes at most. */
  startPayload(messageMaxBytes: number): void {
    this.#messageMaxBytes = messageMaxBytes;
  }

  /**
   * Notes that the line whose text is [start, end) goes to output `number`; with its newline it must fit a message. Lines
   * come in the order in which they stand in the payload. Hot: once per line.
   */
  add(number: number, start: number, end: number): void {
    const sizeBytes = end - start + 1;
    let message = this.#open[number];
    if (message === undefined || message.sizeBytes + sizeBytes > this.#messageMaxBytes) {
      message = this.#begin(number);
    }
    message.add(this.#payloads.length, start, end);
    this.#sizeBytes += sizeBytes;
    this.#isPayloadUsed = true;
  }

  /** The lines since `startPayload` stand in `payload`, which must not change until {@link Outputs.take}. */
  endPayload(payload: Uint8Array): void {
    if (!this.#isPayloadUsed) return;
    this.#isPayloadUsed = false;
    this.#payloads.push(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength));
  }

  /** Hands out all messages, in the order of their outputs, and is empty afterwards. */
  take(onMessage: (message: Message) => void): void {
    this.#gathered.sort((left, right) => left.number - right.number);
    for (const message of this.#gathered) {
      onMessage(message);
      this.#open[message.number] = undefined;
      if (message.isSmall) this.#spare.push(message);
    }
    this.#gathered.length = 0;
    this.#payloads.length = 0;
    this.#sizeBytes = 0;
  }

  #begin(number: number): Gathered {
    const message = this.#spare.pop() ?? new Gathered(this.#payloads);
    message.begin(number, this.#subjects[number] ?? "");
    this.#open[number] = message;
    this.#gathered.push(message);
    return message;
  }
}

class Gathered implements Message {
  number = 0;
  subject = "";
  lines = 0;
  sizeBytes = 0;
  readonly #payloads: readonly Buffer[];
  /** Of each run of neighbouring lines: the place of its payload, its start and its end, without the last line's ending. */
  readonly #bounds: number[] = [];
  /** How many of the bounds count; the others are of earlier messages. */
  #boundCount = 0;

  constructor(payloads: readonly Buffer[]) {
    this.#payloads = payloads;
  }

  get isSmall(): boolean {
    return this.#bounds.length <= BOUNDS_KEPT_MAX;
  }

  begin(number: number, subject: string): void {
    this.number = number;
    this.subject = subject;
    this.lines = 0;
    this.sizeBytes = 0;
    this.#boundCount = 0;
  }

  /** Hot: once per line. */
  add(payload: number, start: number, end: number): void {
    const bounds = this.#bounds;
    const count = this.#boundCount;
    this.lines++;
    this.sizeBytes += end - start + 1;
    // One byte apart: only the newline stands between them. Behind a carriage return a new run starts.
    if (count > 0 && bounds[count - 1] === start - 1 && bounds[count - 3] === payload) {
      bounds[count - 1] = end;
      return;
    }
    bounds[count] = payload;
    bounds[count + 1] = start;
    bounds[count + 2] = end;
    this.#boundCount = count + 3;
  }

  /** Buffer.copy needs no view for each run, and so takes half the time of `set(subarray())`. */
  copyTo(target: Uint8Array, at: number): void {
    const bounds = this.#bounds;
    let to = at;
    for (let bound = 0; bound < this.#boundCount; bound += 3) {
      const payload = this.#payloads[bounds[bound] as number];
      assert(payload !== undefined, "a run's payload is gone");
      to += payload.copy(target, to, bounds[bound + 1], bounds[bound + 2]);
      target[to++] = NEWLINE;
    }
    assert(to === at + this.sizeBytes, "a message's runs do not add up to its size");
  }
}
