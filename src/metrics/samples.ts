/**
 * Counters as Prometheus knows them: one number under a name and labels. Names and labels are those of 2.x, whichever
 * form the counters come in.
 */
import { HOST_NAME, STARTED_MS } from "../platform/host.ts";
import type { MetricSet } from "../platform/metric-set.ts";

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  /** Of `[a-zA-Z_:][a-zA-Z0-9_:]*`. */
  readonly name: string;
  /** Their names are of `[a-zA-Z_][a-zA-Z0-9_]*`; an empty value is the same as no label. */
  readonly labels: Labels;
  readonly value: number;
  /** When the process that counts was started, if it is told: milliseconds since 1970, within what a Date takes. */
  readonly startedMs?: number;
}

/** What a measurement of counters begins with. */
export const MEASUREMENT_START = "spout_stat_";

/**
 * Counters that a component tells for each of its subjects, and in line protocol also their sum. The sum is left out
 * here: whoever adds up a counter over its labels would count it twice.
 */
const TOLD_BY_SUBJECT: Readonly<Record<string, readonly string[]>> = {
  spout_stat_writer: ["nats_dropped", "nats_dropped_lines"],
  spout_stat_downsampler: ["nats_dropped", "nats_dropped_lines"],
};

/** The field of line protocol that tells {@link Sample.startedMs}. */
export const STARTED_FIELD = "started_ms";

/** The samples of a component of this process. */
export function samplesHere(set: MetricSet): Sample[] {
  const here = { ...set, details: { host: HOST_NAME, ...set.details } };
  return samplesOf(here).map((sample) => ({ ...sample, startedMs: STARTED_MS }));
}

/** The samples of `set`: its first tag becomes the labels `component` and `name`, all others labels of their own. */
export function samplesOf({ measurement, tags, details, counts }: MetricSet): Sample[] {
  const [[component, name] = ["", ""], ...others] = Object.entries(tags);
  const own = [...others, ...Object.entries(details ?? {})];
  const labels: Labels = {
    ...Object.fromEntries(own.map(([key, value]) => [labelName(key), value])),
    component,
    name,
  };
  const sums = TOLD_BY_SUBJECT[measurement] ?? [];
  return Object.entries(counts)
    .filter(([counter]) => !sums.includes(counter))
    .map(([counter, value]) => ({ name: metricName(counter), labels, value }));
}

/** `invalid-time`, a field of 1.x, is `invalid_time` in 2.x. */
export function metricName(counter: string): string {
  return counter.replaceAll(/[^a-zA-Z0-9_:]/g, "_").replace(/^(?![a-zA-Z_:])/, "_");
}

/** `{component="filter",host="vm",name="sorter"}`, sorted by name; nothing if there are no labels. */
export function printLabels(labels: Labels): string {
  const printed = Object.keys(labels)
    .filter((name) => labels[name] !== "")
    .sort()
    .map((name) => `${name}="${escapeValue(labels[name] ?? "")}"`);
  return printed.length === 0 ? "" : `{${printed.join(",")}}`;
}

/** Names that begin with two underscores are Prometheus's own. */
function labelName(text: string): string {
  return text.replaceAll(/[^a-zA-Z0-9_]/g, "_").replace(/^_{2,}|^(?![a-zA-Z_])/, "_");
}

const TO_ESCAPE = /[\\"\n]/;

function escapeValue(text: string): string {
  if (!TO_ESCAPE.test(text)) return text;
  return text.replaceAll(/[\\"\n]/g, (char) => (char === "\n" ? "\\n" : `\\${char}`));
}
