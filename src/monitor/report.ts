/** Takes in one message from the monitor subject, whoever published it: line by line, so that a bad one costs no other. */
import { type Labels, printLabels, type Sample } from "../metrics/samples.ts";
import { harmlessJson } from "../platform/harmless-text.ts";
import { readCounterLine } from "./counter-line.ts";
import type { MonitorCounters } from "./counters.ts";
import { readPrometheusLine } from "./prometheus-line.ts";
import {
  COUNTER_MAX_CHARS,
  NAME_MAX_CHARS,
  NAMES_MAX,
  type Outcome,
  type Series,
} from "./series.ts";

export interface ReportDeps {
  readonly series: Series;
  readonly counters: MonitorCounters;
  readonly log: ReportLog;
}

/** What can be said of a line or a value, each throttled by itself, so that none hides another. */
export interface ReportLog {
  /** Each reason by itself. */
  readonly invalid: (reason: string, text: string) => void;
  readonly keptApart: (text: string) => void;
  readonly tooLong: (text: string) => void;
  readonly tooMany: (text: string) => void;
  readonly tooManyNames: (text: string) => void;
  readonly tooLarge: (text: string) => void;
}

/** As much of a line as a log line bears. */
const SAMPLE_MAX_CHARS = 200;
/** A component's counters take less than one. What is longer is not even read: its cost would be out of all proportion. */
const LINE_MAX_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

export function takeReport(payload: Uint8Array, deps: ReportDeps): void {
  const { counters, log } = deps;
  counters.add("received");
  let number = 0;
  for (let start = 0, end = 0; start < payload.length; start = end + 1) {
    const newline = payload.indexOf(NEWLINE, start);
    end = newline < 0 ? payload.length : newline;
    number++;
    const isLong = end - start > LINE_MAX_BYTES;
    const bytes = payload.subarray(start, isLong ? start + SAMPLE_MAX_CHARS : end);
    const line = new TextDecoder().decode(bytes).replace(/\r$/, "");
    if (line === "") continue;
    counters.add("received_lines");
    if (!isLong) {
      takeLine(line, number, deps);
      continue;
    }
    counters.add("invalid_lines");
    const what = `${end - start} bytes, ${LINE_MAX_BYTES} at most`;
    log.invalid(what, `invalid metrics received: line ${number}: ${what}: ${shown(line)}`);
  }
}

function takeLine(line: string, number: number, deps: ReportDeps): void {
  const { counters, log } = deps;
  const fromPrometheus = readPrometheusLine(line);
  if (!("problem" in fromPrometheus)) {
    counters.add("metric_lines");
    keep([fromPrometheus], deps);
    return;
  }
  const samples = readCounterLine(line);
  if (samples === undefined) {
    counters.add("invalid_lines");
    const { problem } = fromPrometheus;
    log.invalid(problem, `invalid metrics received: line ${number}: ${problem}: ${shown(line)}`);
  } else if (samples.length === 0) {
    counters.add("ignored_lines");
  } else {
    counters.add("metric_lines");
    keep(samples, deps);
  }
}

function keep(samples: readonly Sample[], { series, counters, log }: ReportDeps): void {
  let labels: Labels | undefined;
  let printed = "";
  for (const sample of samples) {
    // Those of one line share theirs.
    if (sample.labels !== labels) printed = printLabels(sample.labels);
    labels = sample.labels;
    tell(series.put(sample, printed), () => cut(sample.name + printed), counters, log);
  }
}

function tell(
  outcome: Outcome,
  what: () => string,
  counters: MonitorCounters,
  log: ReportLog,
): void {
  switch (outcome) {
    case "kept":
      return;
    case "kept-apart":
      return log.keptApart(
        `two processes tell ${what()}: here the one that was started first has the label "started"; give each component a name of its own`,
      );
    case "too-long":
      counters.add("dropped_long_labels");
      return log.tooLong(
        `dropped ${what()}: its name and component have more than ${NAME_MAX_CHARS} characters, or name and labels more than ${COUNTER_MAX_CHARS}`,
      );
    case "too-many":
      counters.add("dropped_series");
      return log.tooMany(
        `dropped ${what()}: there are too many different counters (monitor_max_series)`,
      );
    case "too-many-names":
      counters.add("dropped_series");
      return log.tooManyNames(
        `dropped ${what()}: there are more than ${NAMES_MAX} different names: who tells them on the monitor subject?`,
      );
    case "too-large":
      counters.add("dropped_size");
      return log.tooLarge(
        `dropped ${what()}: the names and labels of all counters take too much memory (monitor_max_size)`,
      );
  }
}

function shown(text: string): string {
  return harmlessJson(text.slice(0, SAMPLE_MAX_CHARS));
}

function cut(text: string): string {
  return text.length > SAMPLE_MAX_CHARS ? `${text.slice(0, SAMPLE_MAX_CHARS)}...` : text;
}
