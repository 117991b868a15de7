/** What the configuration of a writer makes of its output: batches, lanes, and where they lead. */
import type { BatchLimits } from "../batch/batch.ts";
import type { FileOptions, WriterConfig } from "../config/config.ts";
import { holdsSubject, pathOfSubject } from "../config/file-path.ts";
import type { Clock } from "../platform/clock.ts";
import type { Drops } from "../platform/drops.ts";
import { type Log, throttled, throttledByReason } from "../platform/log.ts";
import { compileRules } from "../rules/compile.ts";
import { costlyLineText } from "../rules/meter.ts";
import { Batches, type BatchesOptions } from "./batches.ts";
import type { WriterCounters } from "./counters.ts";
import { type FileOutputs, openFileOutputs } from "./file-outputs.ts";
import type { FileSystem } from "./file-system.ts";
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
  /** Hears of lines that are dropped before they are in a batch. */
  readonly drops: Drops;
  /** Called if the output can never be written to again. */
  readonly onFailed: (error: Error) => void;
}

/** Rejects with a SpoutError if the output is files that cannot be written; nothing else is tried before it is needed. */
export async function openBatches(config: WriterConfig, deps: OpenBatchesDeps): Promise<Batches> {
  const { output: options, rules } = config;
  const { clock, log, counters } = deps;
  const outputs = await openOutputs(config, deps);
  const logCostlyLine = throttled((text) => log.error(text), clock);
  const select = createSelect(compileRules(rules, { clock }), counters, deps.drops, (line, rule) =>
    logCostlyLine(costlyLineText(line, rule)),
  );
  const batches: Batches = new Batches({
    ...outputs,
    open(name) {
      const output = outputs.open(name);
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

/** A batch is never larger than a file may become. */
function limitsOf({ batch, output }: WriterConfig): BatchLimits {
  if (output.kind !== "file" || output.sizeMaxBytes === 0) return batch;
  return { ...batch, sizeMaxBytes: Math.min(batch.sizeMaxBytes, output.sizeMaxBytes) };
}

/** What batches there are, and the output of each. */
interface Outputs extends Omit<BatchesOptions, "open"> {
  /** Called once for each name. */
  open(name: string): Output;
}

/** One batch for everything. */
const ONE = {
  nameOf: () => "",
  namesMax: 1,
  overflowName: "",
  onOverflow: () => {},
  close: () => Promise.resolve(),
  abort: () => {},
};

async function openOutputs(config: WriterConfig, deps: OpenBatchesDeps): Promise<Outputs> {
  const { output: options } = config;
  const { clock, log, counters } = deps;
  const logFailure = throttledByReason((text) => log.error(text), clock);
  const logSuccess = throttled((text) => log.info(text), clock);
  const patiently = (output: Output) =>
    keepTrying(output, { counters, clock, logFailure, logSuccess });
  switch (options.kind) {
    case "influxdb":
      return { ...ONE, open: () => createInfluxClient(options, deps) };
    case "stdout":
      return { ...ONE, open: () => patiently(createStdoutOutput(deps.stdout, deps.onFailed)) };
    case "file": {
      const fileDeps = { ...deps, logFailure };
      const outputs = await openFileOutputs(config.name, config.subjects, options, fileDeps);
      return {
        ...outputs,
        ...limitOfSubjects(options, outputs, log),
        open: (name) => patiently(outputs.open(name)),
      };
    }
  }
}

function limitOfSubjects(
  { path, subjectsMax }: FileOptions,
  { overflowName }: FileOutputs,
  log: Log,
) {
  return {
    namesMax: holdsSubject(path) ? subjectsMax : 1,
    onOverflow() {
      const overflowPath = JSON.stringify(pathOfSubject(path, overflowName));
      log.warn(
        `more than ${subjectsMax} subjects (file_max_subjects): the lines of the rest go to ${overflowPath}`,
      );
    },
  };
}
