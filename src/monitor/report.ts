/** Takes in one message from the monitor subject, whoever published it: line by line, so that a bad one costs no other. */
import { printLabels, type Sample } from "../metrics/samples.ts";
import { harmlessJson } from "../platform/harmless-text.ts";
import { readCounterLine } from "./counter-line.ts";
import type { MonitorCounters } from "./counters.ts";
import { readPrometheusLine } from "./prometheus-line.ts";
import type { Series } from "./series.ts";

export interface ReportDeps {
  readonly series: Series;
  readonly counters: MonitorCounters;
  /** Both throttled. */
  readonly logInvalid: (text: string) => void;
  readonly logFull: (text: string) => void;
}

/** As much of a line as a log line bears. */
const SAMPLE_MAX_CHARS = 200;

export function takeReport(payload: Uint8Array, deps: ReportDeps): void {
  const { counters } = deps;
  counters.add("received");
  const lines = new TextDecoder().decode(payload).split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    if (line === "") continue;
    counters.add("received_lines");
    takeLine(line, index + 1, deps);
  }
}

function takeLine(line: string, number: number, deps: ReportDeps): void {
  const { counters, logInvalid } = deps;
  const fromPrometheus = readPrometheusLine(line);
  if (!("problem" in fromPrometheus)) {
    counters.add("metric_lines");
    keep([fromPrometheus], deps);
    return;
  }
  const samples = readCounterLine(line);
  if (samples === undefined) {
    counters.add("invalid_lines");
    const shown = harmlessJson(line.slice(0, SAMPLE_MAX_CHARS));
    logInvalid(`invalid metrics received: line ${number}: ${fromPrometheus.problem}: ${shown}`);
  } else if (samples.length === 0) {
    counters.add("ignored_lines");
  } else {
    counters.add("metric_lines");
    keep(samples, deps);
  }
}

function keep(samples: readonly Sample[], { series, counters, logFull }: ReportDeps): void {
  for (const sample of samples) {
    if (series.put(sample)) continue;
    counters.add("dropped_series");
    const shown = `${sample.name}${printLabels(sample.labels)}`;
    logFull(`dropped ${shown}: there are too many different counters (monitor_max_series)`);
  }
}
