/**
 * Mode "filter": starts the threads that do the work, or does it here, where threads would cost more than they
 * bring; adds up what is counted, watches. Its own bus connection is for the metrics alone.
 */
import type { ComponentDeps } from "../config/component.ts";
import type { FilterConfig } from "../config/config.ts";
import { printMetrics } from "../metrics/print.ts";
import { startReporter } from "../metrics/reporter.ts";
import { every } from "../platform/clock.ts";
import { earlier } from "../platform/deadline.ts";
import { DropLog, type Drops } from "../platform/drops.ts";
import { addReports, type Running } from "../platform/lifecycle.ts";
import type { Profiler } from "../platform/profiler.ts";
import { addTotals, filterMetrics, noTotals } from "./counters.ts";
import { FilterPart } from "./part.ts";
import { FilterThread, WATCH_INTERVAL_MS } from "./thread.ts";

export interface FilterDeps extends ComponentDeps {
  /** Where `worker.ts` is; only the main module can tell. Undefined: lines are routed on this thread. */
  readonly workerUrl: URL | undefined;
}

/** One that does the work: a thread, or the router itself. */
type Part = Pick<FilterThread, "ready" | "alive" | "totals" | "stop"> & {
  /** These three of a thread. */
  readonly profiler?: Profiler;
  readonly failed?: Promise<Error>;
  watch?(): void;
};

/** What the parts get of the time to stop; the rest is for the last metrics. */
const STOP_SHARE = 0.9;

/** A part of a limit is never smaller, so that it has room for any message that the limit itself has room for. */
const PART_MIN_BYTES = 8 * 1024 * 1024;

/** There may be thousands of rules. */
const SUBJECTS_SHOWN_MAX = 20;

/** Resolves at once; the parts connect and subscribe in the background (see {@link Running.ready}). */
export async function startFilter(config: FilterConfig, deps: FilterDeps): Promise<Running> {
  const { clock, openBus } = deps;
  const name = `filter "${config.name}"`;
  const bus = openBus({
    name: config.name,
    outboundMaxBytes: config.outboundMaxBytes,
  });

  let isAnnounced = false;
  const onReady = () => {
    if (isAnnounced || !parts.every((part) => part.ready())) return;
    isAnnounced = true;
    announce(config, parts.length, deps.log);
  };
  const drops = new DropLog(deps.log, clock);
  const parts = startParts(config, deps, drops, onReady);
  const totals = () =>
    parts.map((part) => part.totals()).reduce(addTotals, noTotals(config.rules.length));
  const metrics = () => filterMetrics(config.name, config.rules, totals());
  const reporter = startReporter({
    bus,
    subject: config.monitorSubject,
    intervalMs: config.statsIntervalMs,
    clock,
    lines: () => printMetrics(metrics(), config.statsFormat, clock.nowMs()),
  });

  const stopWatching = every(clock, WATCH_INTERVAL_MS, () => {
    for (const part of parts) part.watch?.();
  });

  return {
    name,
    ready: () => bus.state() === "up" && parts.every((part) => part.ready()),
    alive: () => parts.every((part) => part.alive()),
    metrics,
    threadProfilers: () => parts.flatMap(({ profiler }) => profiler ?? []),
    async stop(deadline) {
      stopWatching();
      const reports = await Promise.all(
        parts.map((part) => part.stop(earlier(deadline, STOP_SHARE))),
      );
      drops.flush();
      reporter.stop();
      await bus.close(deadline.remainingMs());
      return addReports(reports);
    },
    // Threads are started again for as long as it takes, if they can be; an error on this one ends the process.
    failed: Promise.race(parts.flatMap(({ failed }) => failed ?? [])),
  };
}

/** `onReady` is called whenever one of them has become ready, perhaps more than once. */
function startParts(
  config: FilterConfig,
  deps: FilterDeps,
  drops: Drops,
  onReady: () => void,
): readonly Part[] {
  const { workerUrl: url, openBus, clock, log } = deps;
  if (url === undefined) return [new FilterPart({ config, openBus, clock, log, drops, onReady })];
  const threadConfig = configOfThread(config);
  return Array.from(
    { length: config.workers },
    (_, index) =>
      new FilterThread({
        url,
        number: index + 1,
        config: threadConfig,
        clock,
        log,
        drops,
        onReport: onReady,
      }),
  );
}

/** The operator's limits are for the whole filter: each thread, with a connection of its own, has a part of them. */
function configOfThread(config: FilterConfig): FilterConfig {
  const partOf = (totalBytes: number) =>
    Math.max(Math.ceil(totalBytes / config.workers), Math.min(totalBytes, PART_MIN_BYTES));
  return {
    ...config,
    outboundMaxBytes: partOf(config.outboundMaxBytes),
    pendingMaxBytes: partOf(config.pendingMaxBytes),
  };
}

function announce(config: FilterConfig, workers: number, log: ComponentDeps["log"]): void {
  const { subject, queueGroup, nats, junkyardSubject } = config;
  const servers = nats.servers.join(",");
  log.info(
    `filter subscribed to [${subject}] in queue group [${queueGroup}] at ${servers} with ${workers} workers`,
  );
  const subjects = [...new Set(config.rules.map((rule) => rule.subject))];
  const shown = subjects.slice(0, SUBJECTS_SHOWN_MAX).join(" ");
  const more = subjects.length - SUBJECTS_SHOWN_MAX;
  log.info(
    `filter publishes to [${shown}]${more > 0 ? ` and ${more} more` : ""}, unmatched lines to [${junkyardSubject}]`,
  );
}
