/** Foreign bytes as text that a terminal only shows: whatever it would obey, or could not show, becomes an escape. */

/** How an escape is set off from the same characters written out; given `\x1b`, for example. */
export type Mark = (escape: string) => string;

/** Control characters, those of 8 bits too, and what moves or hides other characters (as from right to left). */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const REPLACEMENT = "\ufffd";
const HEX = 16;

const tolerant = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** bytes[start, end) as text; what is no UTF-8 is escaped byte by byte: `\xff`. */
export function harmlessText(bytes: Uint8Array, start: number, end: number, mark: Mark): string {
  const part = bytes.subarray(start, end);
  const text = tolerant.decode(part);
  return text.includes(REPLACEMENT) ? fromFlawed(part, mark) : harmlessString(text, mark);
}

export function harmlessString(text: string, mark: Mark): string {
  return text.replace(UNSAFE, (character) => mark(escapeOf(character.codePointAt(0) ?? 0)));
}

function escapeOf(code: number): string {
  const digits = code.toString(HEX);
  return code < 0x80 ? `\\x${digits.padStart(2, "0")}` : `\\u{${digits}}`;
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
        : harmlessString(character, mark);
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
