/** Keeps one client's line from swallowing the next client's in InfluxDB. */

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/**
 * True if InfluxDB, when it cuts a body into lines, would not end payload[start, end) there but take in the next line
 * as well. It cuts by other rules than it then parses by (found with influxd 1.6.7): a backslash skips the next byte,
 * whatever that is, and behind the first space any quote opens a string while more equals signs than commas were seen.
 * Ask it of a line whose measurement, tags and fields are good. Of those, only the ones with a backslash in a key or
 * with blanks in front can be cut and parsed differently.
 */
export function spillsOver(payload: Uint8Array, start: number, end: number): boolean {
  let isBehindSpace = false;
  let isQuoted = false;
  let openValues = 0;
  for (let at = start; at < end; at++) {
    const byte = payload[at];
    if (byte === BACKSLASH) at++;
    else if (byte === SPACE) isBehindSpace = true;
    else if (!isBehindSpace) continue;
    else if (byte === QUOTE && openValues > 0) isQuoted = !isQuoted;
    else if (byte === EQUALS && !isQuoted) openValues++;
    else if (byte === COMMA && !isQuoted) openValues--;
  }
  return isQuoted;
}
