/**
 * Which lines of one payload go to which output, and then one buffer an output with its lines copied together.
 *
 * While lines are still being judged nothing is copied, only where they stand is noted, so that each buffer is
 * allocated once, at its exact size. Lines that stand next to each other and go the same way are one copy.
 */
import { NEWLINE } from "../line/split.ts";
import { assert } from "../platform/errors.ts";

/** What one output has of the current payload. Made once, used for every payload. */
interface Output {
  readonly number: number;
  lines: number;
  sizeBytes: number;
  /** Start and end of each run of neighbouring lines, in turns; the ending of a run's last line is left out. */
  readonly bounds: number[];
  /** How many of the bounds are of the current payload. */
  boundCount: number;
}

export class Outputs {
  readonly #all: readonly Output[];
  /** Those that have lines, so that thousands of outputs cost nothing while they have none. */
  readonly #used: Output[] = [];

  /** Outputs are numbered from 0 to `count` - 1. */
  constructor(count: number) {
    this.#all = Array.from({ length: count }, (_, number) => ({
      number,
      lines: 0,
      sizeBytes: 0,
      bounds: [],
      boundCount: 0,
    }));
  }

  /**
   * Notes that the line whose text is [start, end) goes to output `number`. Lines come in the order in which they
   * stand in the payload. Hot: once per line.
   */
  add(number: number, start: number, end: number): void {
    const output = this.#all[number];
    assert(output !== undefined, "there is no output of that number");
    if (output.lines++ === 0) this.#used.push(output);
    output.sizeBytes += end - start + 1;
    // One byte apart: only the newline stands between them. Behind a carriage return a new run starts.
    if (output.boundCount > 0 && output.bounds[output.boundCount - 1] === start - 1) {
      output.bounds[output.boundCount - 1] = end;
    } else {
      output.bounds[output.boundCount++] = start;
      output.bounds[output.boundCount++] = end;
    }
  }

  /**
   * Calls `onOutput` for each output that has lines, in the order of their numbers, and is empty afterwards.
   * `bytes` is a copy that the receiver owns: the lines in their order, each with a newline as its whole ending.
   */
  take(
    payload: Uint8Array,
    onOutput: (number: number, bytes: Uint8Array, lines: number) => void,
  ): void {
    this.#used.sort((left, right) => left.number - right.number);
    const source = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    for (const output of this.#used) {
      onOutput(output.number, copyRuns(output, source), output.lines);
      output.lines = 0;
      output.sizeBytes = 0;
      output.boundCount = 0;
    }
    this.#used.length = 0;
  }
}

/** Buffer.copy needs no view for each run, and so takes half the time of `set(subarray())`. */
function copyRuns(output: Output, source: Buffer): Uint8Array {
  const bytes = new Uint8Array(output.sizeBytes);
  let at = 0;
  for (let bound = 0; bound < output.boundCount; bound += 2) {
    at += source.copy(bytes, at, output.bounds[bound], output.bounds[bound + 1]);
    bytes[at++] = NEWLINE;
  }
  assert(at === bytes.length, "an output's runs do not add up to its size");
  return bytes;
}
