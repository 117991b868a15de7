/**
 * Mode "writer": what its subscriptions deliver goes, sorted out by the rules if there are any, into one batch, and
 * full or old batches go to InfluxDB over a number of lanes; or to files or standard output, `open-batches.ts` says how.
 */
import type { Bus, Subscription } from "../bus/bus.ts";
import { Overlaps } from "../bus/overlaps.ts";
import type { ComponentDeps } from "../config/component.ts";
import type { WriterConfig } from "../config/config.ts";
import { Counters } from "../metrics/counters.ts";
import { printMetrics } from "../metrics/print.ts";
import { type Reporter, startReporter } from "../metrics/reporter.ts";
import type { Clock } from "../platform/clock.ts";
import { DropLog } from "../platform/drops.ts";
import { messageOf, SpoutError } from "../platform/errors.ts";
import { type Deadline, type Running, stopReport } from "../platform/lifecycle.ts";
import type { MetricSet } from "../platform/metric-set.ts";
import { Naps } from "../platform/naps.ts";
import { formatByteSize, formatDuration } from "../platform/units.ts";
import type { Batches } from "./batches.ts";
import { WRITER_COUNTERS, type WriterCounters, writerMetrics } from "./counters.ts";
import { createDropWatch, type DropWatch } from "./drop-watch.ts";
import { writeUrl } from "./influx-client.ts";
import { watchOutput } from "./influx-watch.ts";
import { type Destinations, openBatches } from "./open-batches.ts";

export interface WriterDeps extends ComponentDeps, Destinations {}

/**
 * A writer that has its process to itself rests for so long while messages follow one another: a twentieth of the age that
 * its batches may have, and this at most.
 */
const NAP_MAX_MS = 10;
const NAP_PART_OF_AGE = 1 / 20;
/** How often a changed count of dropped messages is published, as in 1.x. */
const DROP_REPORT_INTERVAL_MS = 1000;
/** The end of the time to stop, kept for counting what is given up and for closing the bus; less where time is short. */
const STOP_RESERVE_MS = 500;
const STOP_RESERVE_SHARE = 0.2;

/**
 * Resolves at once; the subscriptions are made in the background (see {@link Running.ready}). Rejects with a SpoutError
 * if the lines are to go to files that cannot be written.
 */
export async function startWriter(config: WriterConfig, deps: WriterDeps): Promise<Running> {
  const { clock, log } = deps;
  const counters: WriterCounters = new Counters(WRITER_COUNTERS);
  const failed = Promise.withResolvers<Error>();
  const drops = new DropLog(log, clock);
  const batches = await openBatches(config, { ...deps, counters, drops, onFailed: failed.resolve });
  const bus = deps.openBus({
    name: config.name,
    outboundMaxBytes: config.outboundMaxBytes,
    onUncounted: () => counters.add("nats_uncounted_breaks"),
  });
  const dropWatches = config.subjects.map((subject, index) =>
    createDropWatch({ ...config, subject, offsetNs: index, counters, clock, drops }),
  );
  const metrics = () =>
    writerMetrics(
      config,
      counters.snapshot(),
      dropWatches.map((watch) => watch.counts()),
    );
  const reporters = startReporters({ config, deps, bus, dropWatches, metrics });
  const watch = watchOutput(config.output, {
    ...deps,
    writtenLines: () => counters.get("written_lines"),
  });

  const naps = deps.isAlone === true ? createNaps(config) : undefined;
  const subscriptions = subscribeAll({ config, bus, batches, dropWatches, naps });
  let isStopping = false;
  subscriptions.complete.then(
    () => announce(config, log),
    (error: unknown) => {
      if (!isStopping) failed.resolve(cannotSubscribe(config, error));
    },
  );

  return {
    name: `writer "${config.name}"`,
    ready() {
      const isAnswering = watch.isAnswering();
      const isSubscribed = subscriptions.made.length === config.subjects.length;
      return isAnswering && isSubscribed && bus.isReady();
    },
    metrics,
    async stop(deadline) {
      isStopping = true;
      const lostBefore = lostLines(counters);
      const finish = async () => {
        await Promise.all(subscriptions.made.map((subscription) => subscription.drain()));
        await batches.finish();
      };
      await finishOrGiveUp(finish, () => batches.giveUp(), deadline, clock);
      // A subscription that was not confirmed in time may still deliver while the bus closes.
      batches.giveUp();
      for (const reporter of reporters) reporter.stop();
      await bus.close(deadline.remainingMs());
      drops.flush();
      const isUncounted = counters.get("nats_uncounted_breaks") > 0;
      return stopReport(lostLines(counters) - lostBefore, isUncounted);
    },
    failed: failed.promise,
  };
}

/** Lines that were lost in the writer or in front of it. */
function lostLines(counters: WriterCounters): number {
  return (
    counters.get("dropped_write_lines") +
    counters.get("dropped_stop_lines") +
    counters.get("dropped_retry_timeout_lines") +
    counters.get("dropped_retry_full_lines") +
    counters.get("nats_dropped_lines")
  );
}

interface Subscriptions {
  /** Those that the server has confirmed so far. */
  readonly made: readonly Subscription[];
  /** Resolves when all are; rejects with the first one's error. */
  readonly complete: Promise<unknown>;
}

/** Undefined where each would be shorter than a millisecond. */
function createNaps({ batch }: WriterConfig): Naps | undefined {
  const napMs = Math.min(NAP_MAX_MS, Math.floor(batch.ageMaxMs * NAP_PART_OF_AGE));
  return napMs === 0 ? undefined : new Naps(napMs);
}

interface SubscribeOptions {
  readonly config: WriterConfig;
  readonly bus: Bus;
  readonly batches: Batches;
  readonly dropWatches: readonly DropWatch[];
  readonly naps: Naps | undefined;
}

function subscribeAll(options: SubscribeOptions): Subscriptions {
  const { config, bus, batches, dropWatches, naps } = options;
  const made: Subscription[] = [];
  const overlaps = new Overlaps(config.subjects, config.queueGroup);
  const complete = config.subjects.map(async (subject, index) => {
    const subscription = await bus.subscribe(subject, {
      ...(config.queueGroup === "" ? {} : { queue: config.queueGroup }),
      pendingMaxBytes: config.pendingMaxBytes,
      onDelivery(delivery) {
        if (overlaps.isDouble(index, delivery.subject)) return delivery.done();
        const held = batches.deliver(delivery);
        // While it is held back, messages wait already, and for the answers that a nap would keep from being read.
        naps?.took(held === undefined ? delivery.payload.length : Infinity);
        return held;
      },
      onDropped(payload, onSubject) {
        if (!overlaps.isDouble(index, onSubject)) dropWatches[index]?.onDropped(payload);
      },
    });
    overlaps.confirm(subject, subscription);
    made.push(subscription);
  });
  return { made, complete: Promise.all(complete) };
}

function cannotSubscribe(config: WriterConfig, error: unknown): SpoutError {
  const subjects = config.subjects.join(" ");
  return new SpoutError(`cannot subscribe to [${subjects}]: ${messageOf(error)}`, { cause: error });
}

/**
 * Waits for `finish`. Shortly before the deadline calls `giveUp`, which lets `finish` end with what is left dropped
 * and counted; and if even that takes too long, waits no more.
 */
async function finishOrGiveUp(
  finish: () => Promise<void>,
  giveUp: () => void,
  deadline: Deadline,
  clock: Clock,
): Promise<void> {
  const totalMs = deadline.remainingMs();
  const reserveMs = Math.min(STOP_RESERVE_MS, totalMs * STOP_RESERVE_SHARE);
  const outOfTime = Promise.withResolvers<void>();
  const cancelGivingUp = clock.after(totalMs - reserveMs, giveUp);
  const cancelWaiting = clock.after(totalMs - reserveMs / 2, outOfTime.resolve);
  await Promise.race([finish(), outOfTime.promise]);
  cancelGivingUp();
  cancelWaiting();
}

function startReporters(options: {
  readonly config: WriterConfig;
  readonly deps: WriterDeps;
  readonly bus: Bus;
  readonly dropWatches: readonly DropWatch[];
  readonly metrics: () => readonly MetricSet[];
}): Reporter[] {
  const { config, deps, bus, dropWatches, metrics } = options;
  const { statsFormat } = config;
  const common = { bus, subject: config.monitorSubject, clock: deps.clock };
  return [
    startReporter({
      ...common,
      intervalMs: DROP_REPORT_INTERVAL_MS,
      lines() {
        const lines = dropWatches
          .map((watch) => watch.report())
          .filter((line) => line !== undefined);
        // A monitor of 2.x knows no line protocol, and hears of drops with the other counters.
        return statsFormat === "line" ? lines : [];
      },
    }),
    startReporter({
      ...common,
      intervalMs: config.statsIntervalMs,
      lines: () => printMetrics(metrics(), statsFormat, deps.clock.nowMs()),
    }),
  ];
}

/** The facts that 1.x logs at the start, in its words; and in ours where it had none. */
function announce(config: WriterConfig, log: ComponentDeps["log"]): void {
  const { subjects, nats, workers, output, pendingMaxBytes } = config;
  const subscribed = `writer subscribed to [${subjects.join(" ")}] at ${nats.servers.join(",")}`;
  switch (output.kind) {
    case "influxdb": {
      log.info(`${subscribed} with ${workers} workers, writing to ${writeUrl(output)}`);
      const timeoutNs = BigInt(Math.round(output.writeTimeoutMs * 1e6));
      log.info(`POST timeout: ${timeoutNs === 0n ? "none" : formatDuration(timeoutNs)}`);
      break;
    }
    case "file":
      log.info(`${subscribed}, appending to ${JSON.stringify(output.path)}`);
      break;
    case "stdout":
      log.info(`${subscribed}, writing to standard output`);
  }
  log.info(`maximum NATS subject size: ${formatByteSize(BigInt(pendingMaxBytes))}`);
}
