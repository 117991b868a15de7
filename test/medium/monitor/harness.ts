/** A monitor under test against a real nats-server, and a bus client beside it that publishes in the components' place. */
import { createOpenBus } from "../../../src/bus/open.ts";
import type { MonitorConfig } from "../../../src/config/config.ts";
import { COUNTER_DOCS } from "../../../src/counter-docs.ts";
import { type Monitor, startMonitor } from "../../../src/monitor/monitor.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { deadlineIn, type StopReport } from "../../../src/platform/lifecycle.ts";
import { eventually } from "../../support/eventually.ts";
import { natsOptions } from "../../support/nats-options.ts";
import { type Publisher, startPublisher as startPublisherOn } from "../../support/publisher.ts";
import { RecordingLog } from "../../support/recording-log.ts";

export const SUBJECT = "monitor";

export interface TestMonitor extends AsyncDisposable {
  readonly running: Monitor;
  readonly log: RecordingLog;
  /** The lines of the page, those of HELP and TYPE left out. */
  values(): Promise<string[]>;
  page(): Promise<string>;
  stop(deadlineMs?: number): Promise<StopReport>;
}

/** Resolves once the monitor is ready, unless `isReadyExpected` is false. It tells its own counters once an hour. */
export async function startTestMonitor(
  address: string,
  changes: Partial<MonitorConfig> = {},
  { isReadyExpected = true } = {},
): Promise<TestMonitor> {
  const config: MonitorConfig = {
    mode: "monitor",
    name: "watcher",
    debug: false,
    nats: natsOptions({ servers: [address] }),
    outboundMaxBytes: 1024 ** 2,
    monitorSubject: SUBJECT,
    statsIntervalMs: 3_600_000,
    statsFormat: "line",
    stopTimeoutMs: 10_000,
    probePort: 0,
    pprofPort: 0,
    port: 0,
    pendingMaxBytes: 1024 ** 2,
    expiryMs: 60_000,
    seriesMax: 1000,
    sizeMaxBytes: 1024 ** 2,
    ...changes,
  };
  const log = new RecordingLog();
  const deps = { clock: systemClock, log };
  const openBus = createOpenBus(config.nats, deps);
  const running = await startMonitor(config, { ...deps, openBus, counterDocs: COUNTER_DOCS });
  let stopped: Promise<StopReport> | undefined;
  const stop = (deadlineMs = 10_000) => {
    stopped ??= running.stop(deadlineIn(systemClock, deadlineMs));
    return stopped;
  };
  const page = async () => (await fetch(`http://127.0.0.1:${running.port}/metrics`)).text();
  if (isReadyExpected) await eventually("the monitor is ready", () => running.ready());
  return {
    running,
    log,
    page,
    async values() {
      const lines = (await page()).split("\n");
      return lines.filter((line) => line !== "" && !line.startsWith("#"));
    },
    stop,
    [Symbol.asyncDispose]: () => stop(100).then(() => {}),
  };
}

export function startPublisher(address: string): Promise<Publisher> {
  return startPublisherOn(address, SUBJECT);
}
