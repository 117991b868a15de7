import type { Output, WriteAnswer } from "../../../src/writer/output.ts";
/** An output whose every answer is the test's: at once what it says, or whenever it says. */
import type { ManualClock } from "../../support/manual-clock.ts";

export interface HeldWrite {
  readonly atMs: number;
  readonly text: string;
  answer(answer: WriteAnswer): void;
}

export class HeldOutput implements Output {
  readonly target = "http://db:8086/write?db=x";
  readonly writes: HeldWrite[] = [];
  /** If set, the answer to every write from now on. */
  answer: WriteAnswer | ((text: string) => WriteAnswer) | undefined;
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  get texts(): string[] {
    return this.writes.map(({ text }) => text);
  }

  /** When each write came, on the test's clock. */
  get timesMs(): number[] {
    return this.writes.map(({ atMs }) => atMs);
  }

  write(payload: Uint8Array): Promise<WriteAnswer> {
    const text = new TextDecoder().decode(payload);
    const { promise, resolve } = Promise.withResolvers<WriteAnswer>();
    this.writes.push({ atMs: this.#clock.monotonicMs(), text, answer: resolve });
    if (typeof this.answer === "function") resolve(this.answer(text));
    else if (this.answer !== undefined) resolve(this.answer);
    return promise;
  }

  abort(): void {}

  async close(): Promise<void> {}
}

export const WRITTEN: WriteAnswer = { kind: "written" };
export const REFUSED: WriteAnswer = { kind: "rejected", reason: "HTTP 400: no" };
export const AWAY: WriteAnswer & { kind: "retry" } = {
  kind: "retry",
  reason: "connection refused",
};
export const TOO_LARGE: WriteAnswer = { kind: "too-large", reason: "HTTP 413" };
