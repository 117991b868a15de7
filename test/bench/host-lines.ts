/** Lines as a host's agent sends them, all of one length, so that bytes tell lines. */

/** With the newline, unless another length is asked for. */
export const LINE_BYTES = 110;
/** The measurement changes from line to line, through all ten unless another number is asked for. */
export const MEASUREMENTS = 10;

export interface HostLinesOptions {
  /** Varies hosts and values. */
  readonly first?: number;
  /** With the newline; at least 49. Longer lines have more fields. */
  readonly lengthBytes?: number;
  /** How many measurements the lines go through, in turns; at most 100. */
  readonly measurements?: number;
}

const NAMES = ["cpu", "mem", "net", "dsk", "sys", "swp", "ker", "pro", "dio", "hdd"];
const FIELD_NAMES = ["usage_user", "usage_idle"];
/** Of the last field, an integer: what is left when no other field fits in. */
const DIGITS_MAX = 18;

/** The names of the first `count` measurements, all of three letters. */
export function measurementNames(count = MEASUREMENTS): readonly string[] {
  return Array.from({ length: count }, (_, index) => NAMES[index] ?? `m${index}`);
}

/** `count` lines, newline-ended, current to the second. */
export function hostLines(count: number, options: HostLinesOptions = {}): string {
  const { first = 0, lengthBytes = LINE_BYTES, measurements = MEASUREMENTS } = options;
  const names = measurementNames(measurements);
  const nowNs = `${Math.floor(Date.now() / 1000)}000000000`;
  const line = (index: number) =>
    hostLine(index, names[index % names.length] ?? "", nowNs, lengthBytes);
  return Array.from({ length: count }, (_, index) => line(first + index)).join("");
}

function hostLine(index: number, name: string, timestamp: string, lengthBytes: number): string {
  let tags = `${name},host=server${String(index % 1000).padStart(4, "0")}`;
  let fields = " ";
  const tail = `i ${timestamp}\n`;
  const digits = () => lengthBytes - `${tags}${fields}total=${tail}`.length;
  if (digits() > DIGITS_MAX) tags += ",region=eu-west-1";
  for (let field = 0; digits() > DIGITS_MAX; field++) {
    const value = (index % (100 - 3 * (field % 20))).toFixed(2);
    fields += `${FIELD_NAMES[field] ?? `usage_${field}`}=${value},`;
  }
  return `${tags}${fields}total=${"7".repeat(digits())}${tail}`;
}
