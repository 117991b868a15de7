/**
 * The lines of a payload, one after the other, each with where its parts stand: what `findLineEnd`, `trimLineEnd` and
 * `scanLine` say together, in less than half of the time for the lines that agents send.
 *
 * Those are read by jumping from one byte of structure to the next. Whatever is not of their form (a blank too many, a
 * control character in a name, a string that holds a newline, whatever is wrong) is left to `scanLine`, which alone knows
 * why a line is refused. Where the processor finds no structure at once, all lines are.
 */
import {
  LINE_BAD_TIMESTAMP,
  LINE_OK,
  type LineCode,
  type LineOffsets,
  newLineOffsets,
  scanLine,
} from "./scan.ts";
import { spillsOver } from "./spill.ts";
import { findLineEnd, trimLineEnd } from "./split.ts";
import { createStructure, NO_STRUCTURE, type Structure } from "./structure.ts";
import { readTimestamp } from "./timestamp.ts";

/** What {@link Lines.next} returns behind the last line. */
export const NO_MORE_LINES: LineCode = -1;

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

const NOT_PLAIN: LineCode = -2;
const BLANK: LineCode = -3;

const NOTHING = new Uint8Array(0);

/** Below this nothing is gained by looking for structure first. */
const STRUCTURE_MIN_BYTES = 256;

export class Lines {
  /** Of the line that {@link Lines.next} came to. */
  readonly offsets: LineOffsets = newLineOffsets();
  readonly #structure: Structure | null;
  #payload: Uint8Array = new Uint8Array(0);
  /** Where the next line starts. */
  #start = 0;
  /** The part of the payload whose structure is known, empty if none is. */
  #pieceStart = 0;
  #pieceEnd = 0;
  /** The number of the first position that is not in front of the next line, or, while that is read, of one in it. */
  #place = 0;
  /** True if the line being read holds a string. */
  #hasString = false;

  constructor(structure: Structure | null = createStructure()) {
    this.#structure = structure;
  }

  /** From the first line of `payload`, which must not change until the last has been looked at. */
  open(payload: Uint8Array): void {
    this.#payload = payload;
    this.#start = 0;
    this.#pieceStart = 0;
    this.#pieceEnd = 0;
    if (payload.length >= STRUCTURE_MIN_BYTES) this.#findStructure();
  }

  /**
   * Goes to the next line that is not blank and says whether it can be passed on; `offsets` is complete only after LINE_OK,
   * but for where the line starts and ends. Hot: once per line.
   */
  next(): LineCode {
    while (this.#start < this.#payload.length) {
      if (this.#start >= this.#pieceEnd && this.#pieceEnd > 0) this.#findStructure();
      let code = NOT_PLAIN;
      if (this.#structure !== null && this.#start < this.#pieceEnd) {
        code = this.#readPlain(this.#structure);
      }
      if (code === NOT_PLAIN) code = this.#scan();
      if (code !== BLANK) return code;
    }
    this.#payload = NOTHING;
    return NO_MORE_LINES;
  }

  #findStructure(): void {
    if (this.#structure === null) return;
    this.#pieceStart = this.#start;
    this.#pieceEnd = this.#start + this.#structure.find(this.#payload, this.#start);
    this.#place = 0;
  }

  /** The next line if it is of the plain form, else NOT_PLAIN, and then it is still the next. */
  #readPlain({ bytes, positions }: Structure): LineCode {
    const { offsets } = this;
    const base = this.#pieceStart;
    const start = this.#start - base;
    offsets.keysEscaped = false;
    offsets.stringsEscaped = false;
    let measurementEnd = positions[this.#place] as number;
    if (bytes[measurementEnd] === BACKSLASH) {
      this.#place = this.#passEscapes(bytes, positions, this.#place);
      measurementEnd = positions[this.#place] as number;
    }
    if (measurementEnd === start || bytes[start] === HASH) return NOT_PLAIN;
    offsets.measurementEscaped = offsets.keysEscaped;
    const tagsEnd = this.#passTags(bytes, positions);
    if (tagsEnd < 0) return NOT_PLAIN;
    const fieldsEnd = this.#passFields(bytes, positions);
    if (fieldsEnd < 0) return NOT_PLAIN;
    const timestampStart = bytes[fieldsEnd] === SPACE ? fieldsEnd + 1 : fieldsEnd;
    if (timestampStart > fieldsEnd) this.#place++;
    const end = positions[this.#place] as number;
    if (bytes[end] === CARRIAGE_RETURN && positions[this.#place + 1] === end + 1) this.#place++;
    const newline = positions[this.#place] as number;
    if (bytes[newline] !== NEWLINE) return NOT_PLAIN;
    // Without a quote nothing spills over.
    if (offsets.keysEscaped && this.#hasString && spillsOver(bytes, start, end)) return NOT_PLAIN;

    this.#place++;
    this.#start = base + newline + 1;
    offsets.lineStart = base + start;
    offsets.lineEnd = base + end;
    offsets.measurementStart = base + start;
    offsets.measurementEnd = base + measurementEnd;
    offsets.tagsEnd = base + tagsEnd;
    offsets.fieldsStart = base + tagsEnd + 1;
    offsets.fieldsEnd = base + fieldsEnd;
    const isTimestamp = readTimestamp(this.#payload, base + timestampStart, base + end, offsets);
    return isTimestamp ? LINE_OK : LINE_BAD_TIMESTAMP;
  }

  /** From where the measurement ends to where the tags end, a space: where that is, or -1. */
  #passTags(bytes: Uint8Array, positions: Uint32Array): number {
    const { offsets } = this;
    const { tagBounds } = offsets;
    const base = this.#pieceStart;
    let place = this.#place;
    let at = positions[place] as number;
    let byte = bytes[at];
    let bound = 0;
    while (byte === COMMA) {
      const keyStart = at + 1;
      let equals = positions[++place] as number;
      if (bytes[equals] !== EQUALS) {
        place = this.#passEscapes(bytes, positions, place);
        equals = positions[place] as number;
        if (bytes[equals] !== EQUALS) return -1;
      }
      if (equals === keyStart) return -1;
      at = positions[++place] as number;
      byte = bytes[at];
      if (byte === BACKSLASH) {
        place = this.#passEscapes(bytes, positions, place);
        at = positions[place] as number;
        byte = bytes[at];
      }
      if (at === equals + 1 || bound + 2 >= tagBounds.length) return -1;
      tagBounds[bound++] = base + keyStart;
      tagBounds[bound++] = base + equals;
    }
    tagBounds[bound] = base + at + 1;
    offsets.tagCount = bound / 2;
    this.#place = place;
    return byte === SPACE ? at : -1;
  }

  /** From the space in front of the fields to behind them, be that anything but a comma: where that is, or -1. */
  #passFields(bytes: Uint8Array, positions: Uint32Array): number {
    let place = this.#place;
    let at = positions[place] as number;
    this.#hasString = false;
    do {
      const keyStart = at + 1;
      let equals = positions[++place] as number;
      if (bytes[equals] !== EQUALS) {
        place = this.#passEscapes(bytes, positions, place);
        equals = positions[place] as number;
        if (bytes[equals] !== EQUALS) return -1;
      }
      if (equals === keyStart) return -1;
      at = positions[++place] as number;
      if (at > equals + 1) continue;
      // Nothing but a string begins with structure.
      if (bytes[at] !== QUOTE) return -1;
      place = this.#passString(bytes, positions, place);
      const quote = positions[place] as number;
      at = positions[++place] as number;
      if (bytes[quote] !== QUOTE || at > quote + 1) return -1;
    } while (bytes[at] === COMMA);
    this.#place = place;
    return at;
  }

  /**
   * From a position in a name to the first one that ends the name: its number. Passed are backslashes and the
   * spaces, commas and equals signs that they escape. A quote is not, escaped or not: scanLine is to look at it.
   */
  #passEscapes(bytes: Uint8Array, positions: Uint32Array, from: number): number {
    let place = from;
    for (;;) {
      const at = positions[place] as number;
      if (bytes[at] !== BACKSLASH) return place;
      this.offsets.keysEscaped = true;
      const next = bytes[at + 1];
      place += next === SPACE || next === COMMA || next === EQUALS ? 2 : 1;
    }
  }

  /** From the quote that opens a string to the one that closes it, or to the end of the line or of the piece: its number. */
  #passString(bytes: Uint8Array, positions: Uint32Array, from: number): number {
    this.#hasString = true;
    let place = from;
    for (;;) {
      const at = positions[++place] as number;
      const byte = bytes[at];
      if (byte === QUOTE || byte === NEWLINE || byte === NO_STRUCTURE) return place;
      if (byte !== BACKSLASH) continue;
      this.offsets.stringsEscaped = true;
      const next = bytes[at + 1];
      // What it escapes is passed, but for those ends.
      const isWithin = next !== NEWLINE && next !== NO_STRUCTURE;
      if (isWithin && positions[place + 1] === at + 1) place++;
    }
  }

  /** The next line as `scan.ts` has it, or BLANK. */
  #scan(): LineCode {
    const start = this.#start;
    const lineEnd = findLineEnd(this.#payload, start);
    const end = trimLineEnd(this.#payload, start, lineEnd);
    this.#start = lineEnd + 1;
    this.#passStructure(this.#start - this.#pieceStart);
    return end > start ? scanLine(this.#payload, start, end, this.offsets) : BLANK;
  }

  #passStructure(end: number): void {
    if (this.#structure === null || this.#start >= this.#pieceEnd) return;
    const { positions } = this.#structure;
    while ((positions[this.#place] as number) < end) this.#place++;
  }
}
