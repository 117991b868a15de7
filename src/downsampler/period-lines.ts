/** Makes messages of a period that has ended: a line for each series, with its fields in the order of their names. */
import type { DownsampleFunction } from "../config/config.ts";
import { spillsOver } from "../line/spill.ts";
import { ByteBuffer } from "./byte-buffer.ts";
import type { Period } from "./period.ts";

/** A message ends at this size, so that the event loop soon gets its turn, unless one line alone is longer. */
const MESSAGE_BYTES = 128 * 1024;

export interface Message {
  /** Newline-ended lines. The receiver's. */
  readonly payload: Uint8Array;
  readonly lines: number;
}

/** A field of the output: one of the period's, or what a function makes of it. */
interface Output {
  readonly name: Uint8Array;
  readonly field: number;
  readonly function: DownsampleFunction | undefined;
}

const SPACE = 0x20;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

const encoder = new TextEncoder();

export class PeriodLines {
  readonly #period: Period;
  /** A space, and the time that all lines have. */
  readonly #ending: Uint8Array;
  readonly #columns: readonly {
    readonly function?: DownsampleFunction;
    readonly suffix: Uint8Array;
  }[];
  /** By the name's number and the column's. */
  readonly #names: Uint8Array[] = [];
  readonly #fields: number[] = [];
  readonly #line = new ByteBuffer();
  #nextSeries = 0;
  /** Lines that cannot be published: too long, or read on by InfluxDB behind their end. */
  #droppedLines = 0;
  #droppedSums = 0;

  /** `timeNs` is what all lines are stamped with. */
  constructor(period: Period, functions: readonly DownsampleFunction[], timeNs: bigint) {
    this.#period = period;
    this.#ending = encoder.encode(` ${timeNs}\n`);
    this.#columns = [
      { suffix: new Uint8Array(0) },
      ...functions.map((name) => ({ function: name, suffix: encoder.encode(`_${name}`) })),
    ];
  }

  /** Series that {@link next} has not dealt with yet. */
  get leftSeries(): number {
    return this.#period.seriesCount - this.#nextSeries + (this.#line.length > 0 ? 1 : 0);
  }

  /** Lines dropped so far, because they are longer than a message may be or would spill over in InfluxDB. */
  get droppedLines(): number {
    return this.#droppedLines;
  }

  /** Sums left out of their lines so far, because no 64 bits can hold them. */
  get droppedSums(): number {
    return this.#droppedSums;
  }

  /** The next lines, at most `limitBytes` of them; undefined when there are no more. */
  next(limitBytes: number): Message | undefined {
    const message = new ByteBuffer();
    const targetBytes = Math.min(limitBytes, MESSAGE_BYTES);
    let lines = 0;
    while (this.#hasLine(limitBytes)) {
      if (lines > 0 && message.length + this.#line.length > targetBytes) break;
      message.add(this.#line.view());
      this.#line.clear();
      lines++;
    }
    return lines === 0 ? undefined : { payload: message.take(), lines };
  }

  /** True if a line that can be published is in `#line`, from now on or still. */
  #hasLine(limitBytes: number): boolean {
    const line = this.#line;
    for (;;) {
      if (line.length === 0) {
        if (this.#nextSeries === this.#period.seriesCount) return false;
        this.#write(this.#nextSeries++);
      }
      if (line.length <= limitBytes && !spills(line.view())) return true;
      this.#droppedLines++;
      line.clear();
    }
  }

  #write(series: number): void {
    const period = this.#period;
    const line = this.#line;
    line.add(period.key(series));
    let separator = SPACE;
    let previous: Output | undefined;
    for (const output of this.#outputsOf(series)) {
      // A field that came by this name stands there already.
      if (previous !== undefined && Buffer.compare(previous.name, output.name) === 0) continue;
      previous = output;
      const { field, function: name } = output;
      const value = name === undefined ? period.value(field) : period.result(name, field);
      if (value === undefined) {
        if (name === "sum" && period.hasNumbers(field)) this.#droppedSums++;
        continue;
      }
      line.addByte(separator);
      separator = COMMA;
      line.add(output.name);
      line.addByte(EQUALS);
      if (typeof value === "string") line.addAscii(value);
      else line.add(value);
    }
    line.add(this.#ending);
  }

  /** In the order of their names; of two with one name, the field that came by it is first. */
  #outputsOf(series: number): Output[] {
    const outputs: Output[] = [];
    this.#period.fieldsOf(series, this.#fields);
    for (const [index, column] of this.#columns.entries()) {
      for (const field of this.#fields) {
        outputs.push({ name: this.#outputName(field, index), field, function: column.function });
      }
    }
    return outputs.sort((left, right) => Buffer.compare(left.name, right.name));
  }

  #outputName(field: number, column: number): Uint8Array {
    const name = this.#period.nameOf(field);
    const key = name * this.#columns.length + column;
    return (this.#names[key] ??= Buffer.concat([
      this.#period.nameBytes(name),
      this.#columns[column]?.suffix ?? new Uint8Array(0),
    ]));
  }
}

/** Sorted anew, a line may end elsewhere in InfluxDB's eyes than it did as it came. */
function spills(line: Uint8Array): boolean {
  return line.includes(BACKSLASH) && spillsOver(line, 0, line.length - 1);
}
