/**
 * A second scanner, slow and plain: line protocol as one regular expression over text with one character a byte.
 * Written from the rules, without a look at how the real one goes about it.
 */
import type { LineParts } from "./scan-text.ts";

// A delimiter directly behind a backslash is none, even if that backslash stands behind another one.
const NAME = String.raw`(?:[^, ]|(?<=\\)[, ])+(?<!\\)`;
const KEY = String.raw`(?:[^,= ]|(?<=\\)[,= ])+(?<!\\)`;
// In a string, backslashes come with the byte behind them.
const VALUE = String.raw`(?:"(?:[^"\\]|\\[^])*"|[^", =\\]+)`;
const BLANKS = String.raw`[ \t\0]*`;

const LINE = new RegExp(
  `^${BLANKS}(?![# \\t\\0,])(?<measurement>${NAME})(?<tags>(?:,${KEY}=${NAME})*)` +
    ` ${BLANKS}(?![ \\t\\0])(?<fields>${KEY}=${VALUE}(?:,${KEY}=${VALUE})*)` +
    `(?: ${BLANKS}(?:(?<timestamp>-?[0-9]+) *)?)?$`,
);

/** The line's parts, or undefined if it is to be refused, for whatever reason. `line` has no line ending. */
export function referenceScan(line: string): LineParts | undefined {
  const { measurement, tags, fields, timestamp = "" } = LINE.exec(line)?.groups ?? {};
  if (measurement === undefined || tags === undefined || fields === undefined) return undefined;
  const timestampNs = BigInt(timestamp);
  if (BigInt.asIntN(64, timestampNs) !== timestampNs) return undefined;
  const probe = `${line}\nprobe v=1\n`;
  if (cutAsInfluxDb(probe)[0] !== line) return undefined;
  return { measurement, tags, fields, timestamp, timestampNs };
}

/**
 * A body cut into lines as InfluxDB 1.6.7 does it, which does not ask whether a line is good: a backslash takes the next
 * byte with it, a newline too; behind the first space, a quote opens a string if more equals signs than commas came
 * before, and a newline inside of a string ends nothing.
 */
export function cutAsInfluxDb(body: string): string[] {
  const lines: string[] = [];
  let line = "";
  let equals = 0;
  let commas = 0;
  let isBehindSpace = false;
  let isQuoted = false;
  const characters = [...body];
  for (
    let character = characters.shift();
    character !== undefined;
    character = characters.shift()
  ) {
    if (character === "\n" && !isQuoted) {
      lines.push(line);
      [line, equals, commas, isBehindSpace] = ["", 0, 0, false];
      continue;
    }
    line += character;
    if (character === "\\") line += characters.shift() ?? "";
    if (character === " ") isBehindSpace = true;
    if (isBehindSpace && character === '"' && equals > commas) isQuoted = !isQuoted;
    if (isBehindSpace && character === "=" && !isQuoted) equals++;
    if (isBehindSpace && character === "," && !isQuoted) commas++;
  }
  if (line !== "") lines.push(line);
  return lines;
}
