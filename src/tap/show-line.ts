/** A line as a terminal shows it: its parts in colours, what is broken marked, and nothing that the terminal obeys. */
import { newFields, readFields } from "../line/fields.ts";
import { LINE_COMMENT, LINE_OK, lineCodeText, newLineOffsets, scanLine } from "../line/scan.ts";
import { tagEnd, tagKeyEnd, tagStart } from "../line/tags.ts";
import { harmless, harmlessBytes } from "../platform/harmless-text.ts";

export interface ShowOptions {
  readonly hasColours: boolean;
  /** The subject stands in front of the line. */
  readonly withSubject: boolean;
}

/** payload[start, end) is the line without its ending; the text has none either. */
export type ShowLine = (payload: Uint8Array, start: number, end: number, subject: string) => string;

/** What the terminal calls these colours. */
const MEASUREMENT = "1";
const TAG_KEY = "2;36";
const TAG_VALUE = "36";
const FIELD_KEY = "2;32";
const FIELD_VALUE = "32";
const TIMESTAMP = "2";
const SUBJECT = "2";
const COMMENT = "2";
const BROKEN = "31";
const PLAIN = "";

export function createShowLine({ hasColours, withSubject }: ShowOptions): ShowLine {
  const offsets = newLineOffsets();
  const fields = newFields();
  const paint = hasColours ? paintIn : (text: string) => text;
  const mark = hasColours ? reverse : (escape: string) => escape;

  /** Why InfluxDB would not store the line, or empty. */
  function flawOf(payload: Uint8Array, start: number, end: number): string {
    const code = scanLine(payload, start, end, offsets);
    if (code !== LINE_OK) return lineCodeText(code);
    return readFields(payload, offsets, fields) ? "" : "value that InfluxDB refuses";
  }

  /** Of a line without a flaw. */
  function showParts(payload: Uint8Array): string {
    let text = "";
    let at = offsets.lineStart;
    const upTo = (end: number, colour: string) => {
      if (end > at) text += paint(harmlessBytes(payload, at, end, mark), colour);
      at = end;
    };
    upTo(offsets.measurementStart, PLAIN);
    upTo(offsets.measurementEnd, MEASUREMENT);
    for (let tag = 0; tag < offsets.tagCount; tag++) {
      upTo(tagStart(offsets, tag), PLAIN);
      upTo(tagKeyEnd(offsets, tag), TAG_KEY);
      upTo(tagKeyEnd(offsets, tag) + 1, PLAIN);
      upTo(tagEnd(offsets, tag), TAG_VALUE);
    }
    for (let field = 0; field < fields.count; field++) {
      upTo(fields.nameStart[field] as number, PLAIN);
      upTo(fields.nameEnd[field] as number, FIELD_KEY);
      upTo(fields.valueStart[field] as number, PLAIN);
      upTo(fields.valueEnd[field] as number, FIELD_VALUE);
    }
    upTo(offsets.timestampStart, PLAIN);
    upTo(offsets.timestampEnd, TIMESTAMP);
    upTo(offsets.lineEnd, PLAIN);
    return text;
  }

  function showFlawed(text: string, flaw: string): string {
    if (flaw === lineCodeText(LINE_COMMENT)) return paint(text, COMMENT);
    return `${paint(text, BROKEN)} ${paint(`<- ${flaw}`, `1;${BROKEN}`)}`;
  }

  return (payload, start, end, subject) => {
    const flaw = flawOf(payload, start, end);
    const line =
      flaw === "" ? showParts(payload) : showFlawed(harmlessBytes(payload, start, end, mark), flaw);
    return withSubject ? `${paint(harmless(subject, mark), SUBJECT)} ${line}` : line;
  };
}

function paintIn(text: string, colour: string): string {
  return colour === PLAIN ? text : `\u001b[${colour}m${text}\u001b[0m`;
}

/** Within whatever colour there is. */
function reverse(escape: string): string {
  return `\u001b[7m${escape}\u001b[27m`;
}
