/** Prints line protocol of our own: the internal metrics. What passes through is never printed anew. */
import { escapeMeasurement, escapeString, escapeTag } from "./escape.ts";

export type FieldValue = number | string | boolean;

/**
 * One line, newline-ended. Tags with an empty key or value are left out (InfluxDB refuses them); numbers are bare, so
 * InfluxDB stores floats, as 1.x had it; booleans are `t` and `f`. No timestamp: InfluxDB stamps the arrival.
 */
export function printLine(
  measurement: string,
  tags: Readonly<Record<string, string>>,
  fields: Readonly<Record<string, FieldValue>>,
  timestampNs?: bigint,
): string {
  let line = escapeMeasurement(measurement);
  for (const [key, value] of Object.entries(tags)) {
    if (key !== "" && value !== "") line += `,${escapeTag(key)}=${escapeTag(value)}`;
  }
  const printed = Object.entries(fields).map(
    ([name, value]) => `${escapeTag(name)}=${printValue(value)}`,
  );
  line += ` ${printed.join(",")}`;
  return timestampNs === undefined ? `${line}\n` : `${line} ${timestampNs}\n`;
}

function printValue(value: FieldValue): string {
  if (typeof value === "string") return escapeString(value);
  if (typeof value === "boolean") return value ? "t" : "f";
  return String(value);
}
