/**
 * The backslashes of line protocol: taken out where a rule compares names, put in where our own metrics are printed.
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
    if (payload[at] === BACKSLASH && at + 1 < end && isEscapable(payload[at + 1])) at++;
    target[length++] = payload[at] as number;
  }
  return length;
}

/** The same for text, whose other characters it leaves alone. */
export function unescapeText(text: string): string {
  return text.includes("\\") ? text.replace(/\\([," =])/g, "$1") : text;
}

/** A measurement's name as it is written in a line. Backslashes that are there already are not doubled. */
export function escapeMeasurement(name: string): string {
  return name.replace(/[, ]/g, "\\$&");
}

/** A tag key, a tag value or a field key as it is written in a line. Backslashes are not doubled. */
export function escapeTag(text: string): string {
  return text.replace(/[,= ]/g, "\\$&");
}

/** A string field's value with its quotes. Only quotes are escaped; backslashes are not doubled. */
export function escapeString(text: string): string {
  return `"${text.replaceAll('"', '\\"')}"`;
}

function isEscapable(byte: number | undefined): boolean {
  return byte === COMMA || byte === SPACE || byte === EQUALS || byte === QUOTE;
}
