/**
 * The side of a listener that faces the bus, the same for both: the connection, the intake in front of it, the
 * metrics, and the order in which they end.
 */
import type { Bus } from "../bus/bus.ts";
import type { ComponentDeps } from "../config/component.ts";
import type { HttpListenerConfig, ListenerConfig } from "../config/config.ts";
import type { Counters } from "../metrics/counters.ts";
import { LOSS_COUNTERS } from "../metrics/losses.ts";
import { printMetrics } from "../metrics/print.ts";
import { type Reporter, startReporter } from "../metrics/reporter.ts";
import { isDoneInTime } from "../platform/deadline.ts";
import { DropLog } from "../platform/drops.ts";
import type { Deadline, StopReport } from "../platform/lifecycle.ts";
import type { MetricSet } from "../platform/metric-set.ts";
import { listenerMetrics, printState, type PublishingCounter } from "./counters.ts";
import { Intake } from "./intake.ts";

export interface Outlet {
  readonly bus: Bus;
  readonly intake: Intake;
  /** Tells the log what is dropped. */
  readonly drops: DropLog;
  /** Once the socket is bound to `address`: tells the log and the monitor subject, and goes on telling the counters. */
  announce(transport: "UDP" | "HTTP", address: string): void;
  /** What has been counted by now. */
  metrics(): readonly MetricSet[];
  /** Publishes what was taken in and the last metrics, and closes the bus by `deadline`. Never rejects. */
  close(deadline: Deadline): Promise<StopReport>;
}

/** Opens the bus, which connects in the background; from now on the intake takes payloads. */
export function openOutlet<Counter extends PublishingCounter>(
  config: ListenerConfig | HttpListenerConfig,
  counters: Counters<Counter | PublishingCounter>,
  deps: ComponentDeps,
): Outlet {
  const { clock, log } = deps;
  const { name, subject, monitorSubject, statsFormat } = config;
  const bus = deps.openBus({
    name,
    outboundMaxBytes: config.outboundMaxBytes,
    onLost: (lostSubject, lines, why) => {
      if (lostSubject === subject) counters.add(LOSS_COUNTERS[why], lines);
    },
  });
  const drops = new DropLog(log, clock);
  const intake = new Intake({ limits: config.batch, subject, bus, counters, clock, drops });
  const metrics = () => listenerMetrics(config, counters.snapshot());
  let reporter: Reporter | undefined;
  return {
    bus,
    intake,
    drops,
    announce(transport, address) {
      log.info(`listener bound to ${transport} socket: ${address}`);
      log.info(
        `${transport} listener publishing to [${subject}] at ${config.nats.servers.join(",")}`,
      );
      // Said once, in front of the first report, when the listener is connected as well as bound.
      const states = statsFormat === "line" ? [printState("boot"), printState("ready")] : [];
      reporter = startReporter({
        bus,
        subject: monitorSubject,
        intervalMs: config.statsIntervalMs,
        clock,
        lines: () => [...states.splice(0), ...printMetrics(metrics(), statsFormat, clock.nowMs())],
      });
    },
    metrics,
    async close(deadline) {
      // What is lost for as long as NATS does not allow it is told at a stop as well.
      const lostBefore = goneLines(counters) - bus.refusedLines();
      intake.flush();
      await isDoneInTime(intake.whenSettled(), deadline, clock);
      reporter?.stop();
      await bus.close(deadline.remainingMs());
      drops.flush();
      return { lostLines: goneLines(counters) - lostBefore + intake.heldLines };
    },
  };
}

/** Lines that the bus refused or lost. */
function goneLines(counters: Counters<PublishingCounter>): number {
  return (
    counters.get("dropped_nats_lines") +
    counters.get("lost_nats_lines") +
    counters.get("refused_nats_lines")
  );
}
