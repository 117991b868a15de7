/**
 * Foreign text made harmless for whoever looks at it: what a terminal would obey, what would break a line, and what moves
 * or hides other characters becomes an escape. Whatever is printed for people goes through this file.
 */

/** How an escape is set off from the same characters written out; given `\x1b`, for example. */
export type Mark = (escape: string) => string;

/**
 * Control characters, those of 8 bits too; characters that move or hide others (as from right to left), or are not seen
 * at all; separators of lines; halves of surrogate pairs.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const REPLACEMENT = "\ufffd";
const HEX = 16;

/** As much of foreign bytes as a log line bears. */
const SAMPLE_MAX_BYTES = 200;

const tolerant = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** `text` on one line: `\n`, `\x1b`, `\u{202e}` stand for what is unsafe. Backslashes stay as they are. */
export function harmless(text: string, mark: Mark = unmarked): string {
  return replaceUnsafe(text, (code) => mark(escapeOf(code)));
}

/** The same for bytes[start, end); what is no UTF-8 is escaped byte by byte: `\xff`. */
export function harmlessBytes(
  bytes: Uint8Array,
  start: number,
  end: number,
  mark: Mark = unmarked,
): string {
  const part = bytes.subarray(start, end);
  const text = tolerant.decode(part);
  return text.includes(REPLACEMENT) ? fromFlawed(part, mark) : harmless(text, mark);
}

/** The beginning of foreign bytes as {@link harmlessJson} has it: `"cpu,host=a"`, or `"cpu,ho"...` if there is more. */
export function sampleOf(bytes: Uint8Array): string {
  const sample = harmlessJson(tolerant.decode(bytes.subarray(0, SAMPLE_MAX_BYTES)));
  return bytes.length > SAMPLE_MAX_BYTES ? `${sample}...` : sample;
}

/** A text in quotes, or any other value as JSON: `"a\u009b"` says the same as without the escape, and may be looked at. */
export function harmlessJson(value: unknown): string {
  // One escape for each unit of UTF-16.
  return JSON.stringify(value).replace(UNSAFE, (character) =>
    character.replace(/[^]/g, (unit) => `\\u${hex(unit.charCodeAt(0), 4)}`),
  );
}

/** `text` with what is unsafe in it replaced by what `escape` gives for its code point. */
export function replaceUnsafe(text: string, escape: (code: number) => string): string {
  return text.replace(UNSAFE, (character) => escape(character.codePointAt(0) ?? 0));
}

function unmarked(escape: string): string {
  return escape;
}

function escapeOf(code: number): string {
  if (code === 0x0a) return "\\n";
  return code < 0x80 ? `\\x${hex(code, 2)}` : `\\u{${hex(code, 0)}}`;
}

function hex(code: number, digits: number): string {
  return code.toString(HEX).padStart(digits, "0");
}

/** Character by character: the replacement character may also have been there. */
function fromFlawed(bytes: Uint8Array, mark: Mark): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes[at] as number);
    const character = decodeStrictly(bytes.subarray(at, at + length));
    text +=
      character === undefined
        ? mark(`\\x${(bytes[at] as number).toString(HEX)}`)
        : harmless(character, mark);
    at += character === undefined ? 1 : length;
  }
  return text;
}

/** How many bytes a character takes that begins with this one. */
function sequenceLength(first: number): number {
  if (first >= 0xf0) return 4;
  if (first >= 0xe0) return 3;
  return first >= 0xc0 ? 2 : 1;
}

function decodeStrictly(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}
