/**
 * Mode "monitor": hears what all components tell on the monitor subject, in the form of 1.x or of 2.x, and shows the
 * newest of it to Prometheus.
 */
import type { ComponentDeps } from "../config/component.ts";
import type { MonitorConfig } from "../config/config.ts";
import { countLines } from "../line/split.ts";
import { Counters } from "../metrics/counters.ts";
import { type CounterDocs, PAGE_TYPE, type PageGauge, printPage } from "../metrics/page.ts";
import { printMetrics } from "../metrics/print.ts";
import { startReporter } from "../metrics/reporter.ts";
import { samplesHere } from "../metrics/samples.ts";
import type { Clock } from "../platform/clock.ts";
import { messageOf, SpoutError } from "../platform/errors.ts";
import { servePages } from "../platform/http-pages.ts";
import type { Running } from "../platform/lifecycle.ts";
import { type Log, throttled, throttledByReason } from "../platform/log.ts";
import { SharedPage } from "../platform/shared-page.ts";
import { MONITOR_COUNTERS, type MonitorCounters, monitorMetrics } from "./counters.ts";
import { type ReportLog, takeReport } from "./report.ts";
import { type LastReport, Series } from "./series.ts";

export interface MonitorDeps extends ComponentDeps {
  /** Of all components: the monitor knows none of them. */
  readonly counterDocs: CounterDocs;
}

export interface Monitor extends Running {
  /** The port it is bound to, which the system chose if the configuration says 0. */
  readonly port: number;
}

/** Resolves once the port is bound; subscribes in the background. Rejects with a SpoutError if it cannot be. */
export async function startMonitor(config: MonitorConfig, deps: MonitorDeps): Promise<Monitor> {
  const { clock, log, counterDocs } = deps;
  const { name, monitorSubject, statsFormat } = config;
  const counters: MonitorCounters = new Counters(MONITOR_COUNTERS);
  const { seriesMax: max, sizeMaxBytes: maxBytes, expiryMs } = config;
  const series = new Series({ max, maxBytes, expiryMs, clock });
  const metrics = () => monitorMetrics(name, counters.snapshot());
  const page = new SharedPage({
    contentType: PAGE_TYPE,
    clock,
    print() {
      // Its own counters come by the bus as well; these are newer, and there while the bus is not.
      const own = metrics()
        .flatMap(samplesHere)
        .map((sample) => series.show(sample));
      const reports = series.lastReports().map(gaugeOf);
      return printPage(both(series.samples(), own), counterDocs, reports);
    },
  });

  const bus = deps.openBus({
    name,
    outboundMaxBytes: config.outboundMaxBytes,
    onUncounted: () => counters.add("nats_uncounted_breaks"),
  });
  const pages = { "/metrics": (request: Request) => page.answer(request) };
  const server = await servePages(config.port, pages, deps).catch(async (error: unknown) => {
    await bus.close(0);
    throw error;
  });
  log.info(`monitor bound to HTTP socket: ${server.address}`);

  const reportDeps = { series, counters, log: throttledEach(log, clock) };
  const logDropped = throttled((text) => log.error(text), clock);
  const failed = Promise.withResolvers<Error>();
  let isSubscribed = false;
  let isStopping = false;
  const subscribing = bus
    .subscribe(monitorSubject, {
      pendingMaxBytes: config.pendingMaxBytes,
      onDelivery({ payload, done }) {
        takeReport(payload, reportDeps);
        done();
      },
      onDropped(payload) {
        counters.add("nats_dropped");
        counters.add("nats_dropped_lines", countLines(payload));
        logDropped(`dropped metrics: more than nats_max_pending_size waited`);
      },
    })
    .then(() => {
      isSubscribed = true;
      log.info(`monitor subscribed to [${monitorSubject}] at ${config.nats.servers.join(",")}`);
    })
    .catch((error: unknown) => {
      if (isStopping) return;
      const why = `cannot subscribe to [${monitorSubject}]: ${messageOf(error)}`;
      failed.resolve(new SpoutError(why, { cause: error }));
    });
  const reporter = startReporter({
    bus,
    subject: monitorSubject,
    intervalMs: config.statsIntervalMs,
    clock,
    lines: () => printMetrics(metrics(), statsFormat, clock.nowMs()),
  });

  return {
    name: `monitor "${name}"`,
    port: server.port,
    ready: () => isSubscribed && !isStopping && bus.isReady(),
    metrics,
    async stop(deadline) {
      isStopping = true;
      reporter.stop();
      await bus.close(deadline.remainingMs());
      await subscribing;
      await server.stop();
      // It holds no lines: what it has shown, its sources will tell again.
      return { lostLines: 0 };
    },
    failed: failed.promise,
  };
}

function* both<Item>(first: Iterable<Item>, second: Iterable<Item>): Generator<Item, void> {
  yield* first;
  yield* second;
}

function throttledEach(log: Log, clock: Clock): ReportLog {
  const warn = () => throttled((text) => log.warn(text), clock);
  const error = () => throttled((text) => log.error(text), clock);
  return {
    invalid: throttledByReason((text) => log.warn(text), clock),
    keptApart: warn(),
    tooLong: error(),
    tooMany: error(),
    tooManyNames: error(),
    tooLarge: error(),
  };
}

function gaugeOf({ labels, onMs }: LastReport): PageGauge {
  return {
    name: "influx_spout_last_report_timestamp_seconds",
    labels,
    value: onMs / 1000,
    help: "When the monitor last heard of a component, in seconds since 1970.",
  };
}
