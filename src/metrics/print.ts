/** Prints a component's counters as messages for the monitor subject, in the form of 1.x or in that of 2.x. */
import { printLine } from "../line/print.ts";
import { HOST_NAME, STARTED_MS } from "../platform/host.ts";
import type { MetricSet } from "../platform/metric-set.ts";
import { printLabels, samplesHere, STARTED_FIELD } from "./samples.ts";

/** `line`: line protocol, as in 1.x. `prometheus`: what 2.x published, and its monitor reads. */
export type StatsFormat = "line" | "prometheus";

/** One message a set; its lines are newline-ended. `nowMs` is what 2.x stamps them with. */
export function printMetrics(
  sets: readonly MetricSet[],
  format: StatsFormat,
  nowMs: number,
): string[] {
  return format === "line" ? sets.map(printSet) : sets.map((set) => printSamples(set, nowMs));
}

function printSet({ measurement, tags, details, counts }: MetricSet): string {
  const allTags = { ...tags, ...details, host: HOST_NAME };
  return printLine(measurement, allTags, { ...counts, [STARTED_FIELD]: STARTED_MS });
}

/** 2.x had its lines in the order of their text. */
function printSamples(set: MetricSet, nowMs: number): string {
  return samplesHere(set)
    .map(({ name, labels, value }) => `${name}${printLabels(labels)} ${value}`)
    .sort()
    .map((text) => `${text} ${Math.floor(nowMs)}\n`)
    .join("");
}
