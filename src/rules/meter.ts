/**
 * What one line may cost the expressions of the rules. They take linear time, but a line may have a megabyte, and for a contrived
 * expression each byte of it may cost 20 µs and more: one such line must not hold up all that come behind it.
 *
 * Nearly all lines are so short that they are cheap with any expression; for those nothing is measured. The others are read
 * through a {@link MeteredText}, which looks at the clock now and then and breaks off what takes too long.
 */
import type { Clock } from "../platform/clock.ts";
import { sampleOf } from "../platform/harmless-text.ts";

/** What all expressions together may take for one line. */
export const EXPRESSIONS_MAX_MS = 1000;

/**
 * A step is one instruction of an expression's program at one character, 10 to 50 ns at the worst: so many are always allowed,
 * and take 200 ms at most. Only contrived expressions take all steps that they might; most take one a character.
 */
const FREE_STEPS = 4 * 1024 * 1024;
/** So many characters are asked for between two looks at the clock. An expression asks for each one to three times. */
const LOOK_EVERY = 256;
/** Time that passed without a look is the machine's, not the expression's: a process that was stopped goes on with its line. */
const LOOK_MAX_MS = 100;

const TOO_LONG = Symbol("the expressions take too long");

export interface MeterDeps {
  readonly clock: Clock;
  /** Called whenever expressions have worked for a while: somebody may be waiting for a sign of life. */
  readonly onWorking: () => void;
}

export class Meter {
  readonly #deps: MeterDeps;
  #spentMs = 0;
  #steps = 0;
  /** Of all lines since the last sign of life. */
  #silentSteps = 0;

  constructor(deps: MeterDeps) {
    this.#deps = deps;
  }

  startLine(): void {
    this.#spentMs = 0;
    this.#steps = 0;
  }

  /**
   * What `test` finds in `text`, for an expression whose program has `size` instructions, or undefined if this line has taken too
   * long. `test` must read no more of what it is given than a string's characters, its length and `indexOf`.
   */
  run(test: (text: string) => boolean, size: number, text: string): boolean | undefined {
    const steps = size * text.length;
    this.#steps += steps;
    this.#silentSteps += steps;
    if (this.#silentSteps > FREE_STEPS) this.#tell();
    if (this.#steps <= FREE_STEPS) return test(text);
    try {
      // What tells strings apart from other things takes it for one.
      return test(new MeteredText(text, this.#createLook()) as unknown as string);
    } catch (error) {
      if (error === TOO_LONG) return undefined;
      throw error;
    }
  }

  #tell(): void {
    this.#silentSteps = 0;
    this.#deps.onWorking();
  }

  #createLook(): () => void {
    const { clock } = this.#deps;
    let lastMs = clock.monotonicMs();
    return () => {
      const nowMs = clock.monotonicMs();
      this.#spentMs += Math.min(nowMs - lastMs, LOOK_MAX_MS);
      lastMs = nowMs;
      if (this.#spentMs > EXPRESSIONS_MAX_MS) throw TOO_LONG;
    };
  }
}

/** As much of a string as re2js reads: it asks for one character after the other, and searches for literals. */
class MeteredText {
  readonly length: number;
  readonly #text: string;
  readonly #look: () => void;
  #untilLook = LOOK_EVERY;

  constructor(text: string, look: () => void) {
    this.length = text.length;
    this.#text = text;
    this.#look = look;
  }

  /** `Object.prototype.toString` says that it is a string. */
  get [Symbol.toStringTag](): string {
    return "String";
  }

  charCodeAt(at: number): number {
    if (--this.#untilLook === 0) {
      this.#untilLook = LOOK_EVERY;
      this.#look();
    }
    return this.#text.charCodeAt(at);
  }

  indexOf(text: string, from: number): number {
    return this.#text.indexOf(text, from);
  }
}

/** What became of a line that was too costly, for the log. `rule` counts from 0. */
export function costlyLineText(line: Uint8Array, rule: number): string {
  const seconds = EXPRESSIONS_MAX_MS / 1000;
  return (
    `dropped a line of ${line.length} bytes: the expressions of the rules had not judged it within ${seconds} s ` +
    `(rule ${rule + 1} should be simpler): ${sampleOf(line)}`
  );
}
