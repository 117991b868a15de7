/**
 * The backslashes of line protocol: taken out where names are compared, put in where our own metrics are printed.
 *
 * A backslash in front of a comma, a double quote, a space or an equals sign stands for that byte alone. Any other
 * backslash, a second one included, is an ordinary byte. These are the rules of the 1.x filter, for every part of a line.
 */

const BACKSLASH = 0x5c;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const EQUALS = 0x3d;

/**
 * Copies payload[start, end) to `target` from its first byte on, the escaping backslashes left out, and returns how
 * many bytes that is. `target` must have room for end - start bytes; nothing is written behind the bytes returned.
 */
export function unescape(
  payload: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
): number {
  let length = 0;
  for (let at = start; at < end; at++) {
    at = skipEscape(payload, at, end);
    target[length++] = payload[at] as number;
  }
  return length;
}

/** The same for text, whose other characters it leaves alone. */
export function unescapeText(text: string): string {
  return text.includes("\\") ? text.replace(/\\([," =])/g, "$1") : text;
}

/**
 * Compares payload[leftStart, leftEnd) with payload[rightStart, rightEnd), byte by byte, as {@link unescape} would give
 * them: below 0 if the left one comes first, above 0 if the right one does, 0 if they are the same.
 */
export function compareUnescaped(
  payload: Uint8Array,
  leftStart: number,
  leftEnd: number,
  rightStart: number,
  rightEnd: number,
): number {
  let left = leftStart;
  let right = rightStart;
  while (left < leftEnd && right < rightEnd) {
    left = skipEscape(payload, left, leftEnd);
    right = skipEscape(payload, right, rightEnd);
    const difference = (payload[left++] as number) - (payload[right++] as number);
    if (difference !== 0) return difference;
  }
  return Number(left < leftEnd) - Number(right < rightEnd);
}

/** A measurement's name as it is written in a line. A # in front would make a comment of it, a tab would be left out. */
export function escapeMeasurement(name: string): string {
  return escapeName(name, /[, ]/g).replace(/^[#\t]/, asText);
}

/** A tag key, a tag value or a field key as it is written in a line. */
export function escapeTag(text: string): string {
  return escapeName(text, /[,= ]/g);
}

/**
 * A string field's value with its quotes. Backslashes are doubled where they would escape something else: a quote, another
 * backslash, the closing quote.
 */
export function escapeString(text: string): string {
  return `"${withoutControls(text).replace(/\\(?=["\\]|$)|"/g, "\\$&")}"`;
}

/**
 * A backslash in front of an ordinary character stands for itself. In front of one of ours, or of what follows the name, it
 * would escape that, and there is no way of writing it that all who read line protocol agree on: it becomes the text `\x5c`, so that
 * the line is valid and the name that of nobody else.
 */
function escapeName(text: string, special: RegExp): string {
  return withoutControls(text).replace(BINDING_BACKSLASH, asText).replace(special, "\\$&");
}

const BINDING_BACKSLASH = /\\(?=[," =]|$)/g;

/** A newline would end the line, and who reads it may take other control characters, tabs aside, for no part of a name. */
function withoutControls(text: string): string {
  return text.replace(/(?!\t)\p{Cc}/gu, asText);
}

function asText(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/** The place of the byte that stands at `at`: one further on if an escaping backslash is there. */
function skipEscape(payload: Uint8Array, at: number, end: number): number {
  const isEscape = payload[at] === BACKSLASH && at + 1 < end && isEscapable(payload[at + 1]);
  return isEscape ? at + 1 : at;
}

function isEscapable(byte: number | undefined): boolean {
  return byte === COMMA || byte === SPACE || byte === EQUALS || byte === QUOTE;
}
