/**
 * Mode "downsampler": reads some subjects, averages what comes on each of them over periods of the clock, and publishes one
 * line for each series and period on the subject with a suffix.
 */
import type { ComponentDeps } from "../config/component.ts";
import type { DownsamplerConfig } from "../config/config.ts";
import { Counters } from "../metrics/counters.ts";
import { LOSS_COUNTERS } from "../metrics/losses.ts";
import { printMetrics } from "../metrics/print.ts";
import { startReporter } from "../metrics/reporter.ts";
import type { Cancel, Clock } from "../platform/clock.ts";
import { earlier, isDoneInTime } from "../platform/deadline.ts";
import { DropLog } from "../platform/drops.ts";
import { messageOf, SpoutError } from "../platform/errors.ts";
import { type Deadline, type Running, stopReport } from "../platform/lifecycle.ts";
import { formatDuration, msToNs, nsToMs } from "../platform/units.ts";
import {
  DOWNSAMPLER_COUNTERS,
  type DownsamplerCounters,
  downsamplerMetrics,
  lostLines,
} from "./counters.ts";
import { Stream } from "./stream.ts";

/** The clock is looked at this often, whatever was to be expected: it may be set while a timer runs. */
const LOOK_MAX_MS = 1000;
const LOOK_MIN_MS = 1;
/** Less is a clock that is kept in time. */
const STEP_MIN_MS = 1000;

/** By when, in shares of the time to stop, what waits is averaged and then published; the rest is for NATS to confirm it. */
const DRAIN_SHARE = 0.5;
const PUBLISH_SHARE = 0.8;

/** Resolves at once; the subscriptions are made in the background (see {@link Running.ready}). */
export async function startDownsampler(
  config: DownsamplerConfig,
  deps: ComponentDeps,
): Promise<Running> {
  const { clock, log } = deps;
  const counters: DownsamplerCounters = new Counters(DOWNSAMPLER_COUNTERS);
  const failed = Promise.withResolvers<Error>();
  const bus = deps.openBus({
    name: config.name,
    outboundMaxBytes: config.outboundMaxBytes,
    onLost: (subject, lines, why) => {
      if (subject !== config.monitorSubject) counters.add(LOSS_COUNTERS[why], lines);
    },
    onUncounted: () => counters.add("nats_uncounted_breaks"),
  });
  const drops = new DropLog(log, clock);
  const streams = config.subjects.map(
    (subject) => new Stream({ config, subject, bus, counters, clock, log, drops }),
  );
  const metrics = () =>
    downsamplerMetrics(
      config.name,
      counters.snapshot(),
      streams.map((stream) => stream.counts()),
    );
  const reporter = startReporter({
    bus,
    subject: config.monitorSubject,
    intervalMs: config.statsIntervalMs,
    clock,
    lines: () => printMetrics(metrics(), config.statsFormat, clock.nowMs()),
  });
  const stopLooking = lookAtClock(streams, { periodNs: config.periodNs, clock, log });

  let isStopping = false;
  Promise.all(streams.map((stream) => stream.subscribe())).then(
    () => announce(config, log),
    (error: unknown) => {
      if (!isStopping) failed.resolve(cannotSubscribe(config, error));
    },
  );

  return {
    name: `downsampler "${config.name}"`,
    ready: () => bus.isReady() && streams.every((stream) => stream.isSubscribed),
    metrics,
    async stop(deadline) {
      isStopping = true;
      // What is lost for as long as NATS does not allow it is told at a stop as well.
      const lostBefore = lostLines(counters) - bus.refusedLines();
      stopLooking();
      await finish(streams, deadline, clock);
      reporter.stop();
      await bus.close(deadline.remainingMs());
      drops.flush();
      const isUncounted = counters.get("nats_uncounted_breaks") > 0;
      return stopReport(lostLines(counters) - lostBefore, isUncounted);
    },
    failed: failed.promise,
  };
}

interface LookOptions {
  readonly periodNs: bigint;
  readonly clock: Clock;
  readonly log: ComponentDeps["log"];
}

/** Publishes whatever is over, as soon as it is, and tells when that is because somebody has set the clock. */
function lookAtClock(streams: readonly Stream[], { periodNs, clock, log }: LookOptions): Cancel {
  let cancel: Cancel = () => {};
  const startedAt = () => clock.nowMs() - clock.monotonicMs();
  let startedAtMs = startedAt();
  const look = () => {
    const setByMs = Math.round(startedAt() - startedAtMs);
    if (Math.abs(setByMs) >= Math.max(nsToMs(periodNs), STEP_MIN_MS)) {
      const setBy = formatDuration(msToNs(setByMs));
      log.warn(
        `the system's clock was set by ${setBy}: periods that it left are published as they are, ` +
          "and one that comes once more replaces them in InfluxDB",
      );
    }
    startedAtMs += setByMs;
    const dueInMs = Math.min(LOOK_MAX_MS, ...streams.map((stream) => stream.advance()));
    cancel = clock.after(Math.max(LOOK_MIN_MS, Math.ceil(dueInMs)), look);
  };
  look();
  return () => cancel();
}

/** Averages what waits, publishes all periods as they are, and drops what the bus does not take in time. */
async function finish(streams: readonly Stream[], deadline: Deadline, clock: Clock): Promise<void> {
  const publishing = earlier(deadline, PUBLISH_SHARE);
  const drained = Promise.all(streams.map((stream) => stream.drain()));
  await isDoneInTime(drained, earlier(deadline, DRAIN_SHARE), clock);
  const published = Promise.all(streams.map((stream) => stream.end()));
  await isDoneInTime(published, publishing, clock);
  for (const stream of streams) stream.giveUp();
}

function announce(config: DownsamplerConfig, log: ComponentDeps["log"]): void {
  const { subjects, suffix, nats, periodNs } = config;
  const outputs = subjects.map((subject) => `${subject}${suffix}`).join(" ");
  log.info(
    `downsampler subscribed to [${subjects.join(" ")}] at ${nats.servers.join(",")}, ` +
      `publishing averages over ${formatDuration(periodNs)} to [${outputs}]`,
  );
}

function cannotSubscribe(config: DownsamplerConfig, error: unknown): SpoutError {
  const subjects = config.subjects.join(" ");
  return new SpoutError(`cannot subscribe to [${subjects}]: ${messageOf(error)}`, { cause: error });
}
