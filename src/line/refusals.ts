/**
 * Lines that are refused while a payload is looked at: counted by reason as they are found, and told to the log once for the
 * payload. Only where the first of each reason stands is remembered, so that lines without end cost next to nothing.
 */
import type { Drops } from "../platform/drops.ts";
import { sampleOf } from "../platform/harmless-text.ts";
import { LINE_CODE_TEXTS } from "./scan.ts";

/** The number of the first reason that is not a code of a line. */
export const FIRST_OTHER_REASON = LINE_CODE_TEXTS.length;

export class Refusals {
  readonly #reasons: readonly string[];
  readonly #lines: Float64Array;
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;
  #isEmpty = true;

  /** The codes of lines are reasons by themselves; `others` are numbered behind them. */
  constructor(others: readonly string[]) {
    this.#reasons = [...LINE_CODE_TEXTS, ...others];
    this.#lines = new Float64Array(this.#reasons.length);
    this.#starts = new Uint32Array(this.#reasons.length);
    this.#ends = new Uint32Array(this.#reasons.length);
  }

  /** The line [start, end) of the payload is refused. Hot: once per refused line. */
  note(reason: number, start: number, end: number): void {
    const before = this.#lines[reason] as number;
    this.#lines[reason] = before + 1;
    if (before > 0) return;
    this.#starts[reason] = start;
    this.#ends[reason] = end;
    this.#isEmpty = false;
  }

  /** Tells what was noted, of lines that stand in `payload`, and forgets it. Hot: once per payload. */
  tell(payload: Uint8Array, where: string, drops: Drops): void {
    if (this.#isEmpty) return;
    this.#isEmpty = true;
    for (const [reason, text] of this.#reasons.entries()) {
      const lines = this.#lines[reason] as number;
      if (lines === 0) continue;
      this.#lines[reason] = 0;
      drops.drop(text, lines, where, () =>
        sampleOf(payload.subarray(this.#starts[reason], this.#ends[reason])),
      );
    }
  }
}
