/**
 * Publishes a component's counters on the monitor subject as line protocol (spec 9.1): once at the start, then
 * every interval, and a last time at stop. Counters are cumulative, so a report that the bus refuses is not missed.
 */
import type { Bus } from "../bus/bus.ts";
import { type Clock, every } from "../platform/clock.ts";

export interface ReporterOptions {
  readonly bus: Bus;
  /** `nats_subject_monitor` */
  readonly subject: string;
  readonly intervalMs: number;
  readonly clock: Clock;
  /** The current lines, each ending in a newline; each becomes one message, as in 1.x. */
  readonly lines: () => readonly string[];
}

export interface Reporter {
  /** Publishes the last values and ends. */
  stop(): void;
}

export function startReporter(options: ReporterOptions): Reporter {
  const encoder = new TextEncoder();
  const report = () => {
    for (const line of options.lines())
      publishQuietly(options.bus, options.subject, encoder.encode(line));
  };
  report();
  const cancel = every(options.clock, options.intervalMs, report);
  return {
    stop() {
      cancel();
      report();
    },
  };
}

/** Metrics give way to data: what the bus has no room for is left out, and the next report says it all again. */
function publishQuietly(bus: Bus, subject: string, payload: Uint8Array): void {
  if (!bus.hasRoom()) return;
  bus.publish(subject, payload).catch(() => {});
}
