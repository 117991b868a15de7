/** What the configuration of a writer makes of its output: batches, lanes, and where they lead. */
import type { BatchLimits } from "../batch/batch.ts";
import type { OutputOptions, WriterConfig } from "../config/config.ts";
import type { Clock } from "../platform/clock.ts";
import { type Log, throttled } from "../platform/log.ts";
import { compileRules } from "../rules/compile.ts";
import { createArchiveKeeper } from "./archives.ts";
import { Batches } from "./batches.ts";
import type { WriterCounters } from "./counters.ts";
import type { FileSystem } from "./file-append.ts";
import { checkWritable } from "./file-check.ts";
import { createFileOutput } from "./file-output.ts";
import { holdsSubject, pathOfSubject, subjectFileName } from "./file-path.ts";
import { createInfluxClient, type Fetch } from "./influx-client.ts";
import { keepTrying } from "./keep-trying.ts";
import { createLane } from "./lane.ts";
import type { Output } from "./output.ts";
import { NO_RETRIES, RetryQueue } from "./retry-queue.ts";
import { createSelect } from "./select.ts";
import { SharedBatch } from "./shared-batch.ts";
import { createStdoutOutput } from "./stdout-output.ts";

/** The world outside that batches go to. */
export interface Destinations {
  readonly fetch: Fetch;
  readonly files: FileSystem;
  readonly stdout: NodeJS.WritableStream;
}

export interface OpenBatchesDeps extends Destinations {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: WriterCounters;
  /** Called if the output can never be written to again. */
  readonly onFailed: (error: Error) => void;
}

/** Takes the lines of the subjects that come after the first `file_max_subjects` ones. */
const OVERFLOW_NAME = "other-subjects";

/** Rejects with a SpoutError if the output is files that cannot be written; nothing else is tried before it is needed. */
export async function openBatches(config: WriterConfig, deps: OpenBatchesDeps): Promise<Batches> {
  const { output: options, rules } = config;
  const { clock, log, counters } = deps;
  if (options.kind === "file") await checkWritable(options, deps.files, clock.nowMs());
  const openOutput = outputOpener(options, deps);
  const select = createSelect(compileRules(rules), counters);
  const batches: Batches = new Batches({
    ...namesOf(options, log),
    open(name) {
      const output = openOutput(name);
      const isGivenUp = () => batches.isGivenUp;
      const send = createLane({ output, counters, clock, log, isGivenUp });
      const isInflux = options.kind === "influxdb";
      const workers = isInflux ? config.workers : 1;
      const retries = new RetryQueue({
        limits: isInflux ? options.retry : NO_RETRIES,
        lanes: workers,
        send,
        target: output.target,
        counters,
        clock,
        log,
        random: Math.random,
      });
      const batch = new SharedBatch({
        limits: limitsOf(config),
        countOf: rules.length > 0 ? "lines" : "messages",
        workers,
        select,
        async write(full) {
          // An idle file, of which there may be many, keeps no memory.
          let isReusable = isInflux;
          await send(full, (rest, answer) => {
            isReusable = false;
            retries.add(rest, answer);
          });
          return isReusable;
        },
        counters,
        clock,
      });
      return { batch, retries, output };
    },
  });
  return batches;
}

/** One batch for everything, unless each subject has a file of its own. */
function namesOf(options: OutputOptions, log: Log) {
  if (options.kind !== "file" || !holdsSubject(options.path)) {
    return { nameOf: () => "", namesMax: 1, overflowName: "", onOverflow: () => {} };
  }
  const { path, subjectsMax } = options;
  return {
    nameOf: subjectFileName,
    namesMax: subjectsMax,
    overflowName: OVERFLOW_NAME,
    onOverflow() {
      const overflowPath = JSON.stringify(pathOfSubject(path, OVERFLOW_NAME));
      log.warn(
        `more than ${subjectsMax} subjects (file_max_subjects): the lines of the rest go to ${overflowPath}`,
      );
    },
  };
}

/** A batch is never larger than a file may become. */
function limitsOf({ batch, output }: WriterConfig): BatchLimits {
  if (output.kind !== "file" || output.sizeMaxBytes === 0) return batch;
  return { ...batch, sizeMaxBytes: Math.min(batch.sizeMaxBytes, output.sizeMaxBytes) };
}

/** What opens the output of the batch of that name. */
function outputOpener(options: OutputOptions, deps: OpenBatchesDeps): (name: string) => Output {
  const { clock, log, counters } = deps;
  const logTornLine = throttled((text) => log.warn(text), clock);
  const logFailure = throttled((text) => log.error(text), clock);
  const logSuccess = throttled((text) => log.info(text), clock);
  const patiently = (output: Output) =>
    keepTrying(output, { counters, clock, logFailure, logSuccess });
  switch (options.kind) {
    case "influxdb":
      return () => createInfluxClient(options, deps);
    case "file": {
      const keeper = createArchiveKeeper(options, deps);
      const fileDeps = { files: deps.files, keeper, clock, logTornLine, logFailure };
      return (name) => patiently(createFileOutput(options, name, fileDeps));
    }
    case "stdout":
      return () => patiently(createStdoutOutput(deps.stdout, deps.onFailed));
  }
}
