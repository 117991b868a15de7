/** Lines as a host's agent sends them, all of one length (110 bytes with the newline), so that bytes tell lines. */

const MEASUREMENTS = ["cpu", "mem", "net", "dsk", "sys", "swp", "ker", "pro", "dio", "hdd"];
export const LINE_BYTES = 110;

/** `count` lines, newline-ended, current to the second; `first` varies hosts and values. */
export function hostLines(count: number, first = 0): string {
  const nowNs = `${Math.floor(Date.now() / 1000)}000000000`;
  return Array.from({ length: count }, (_, index) => hostLine(first + index, nowNs)).join("");
}

/** The measurement changes from line to line, through all ten. */
export const MEASUREMENT_NAMES: readonly string[] = MEASUREMENTS;

function hostLine(index: number, timestamp: string): string {
  const measurement = MEASUREMENTS[index % MEASUREMENTS.length];
  const host = String(index % 1000).padStart(4, "0");
  const head = `${measurement},host=server${host},region=eu-west-1 `;
  const fields = `usage_user=${(index % 100).toFixed(2)},usage_idle=${(index % 97).toFixed(2)},total=`;
  const tail = `i ${timestamp}\n`;
  const digits = LINE_BYTES - head.length - fields.length - tail.length;
  return head + fields + "7".repeat(digits) + tail;
}
