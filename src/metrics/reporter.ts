/**
 * Publishes a component's counters on the monitor subject as line protocol: once as soon as the bus is up, then every
 * interval, and a last time at stop. Metrics give way to data and are not held while the connection is down: counters
 * are cumulative, so the next report says what one that was left out would have said.
 */
import type { Bus } from "../bus/bus.ts";
import type { Clock } from "../platform/clock.ts";

export interface ReporterOptions {
  readonly bus: Bus;
  /** `nats_subject_monitor` */
  readonly subject: string;
  readonly intervalMs: number;
  readonly clock: Clock;
  /** The current lines, each ending in a newline; each becomes one message, as in 1.x. Asked only while the bus is up. */
  readonly lines: () => readonly string[];
}

export interface Reporter {
  /** Publishes the last values and ends. */
  stop(): void;
}

/** How soon a bus that is not up is looked at again. */
const RETRY_MS = 100;

export function startReporter(options: ReporterOptions): Reporter {
  const { clock, intervalMs } = options;
  let cancel = () => {};
  const tick = () => {
    const delayMs = report(options) ? intervalMs : Math.min(intervalMs, RETRY_MS);
    cancel = clock.after(delayMs, tick);
  };
  tick();
  return {
    stop() {
      cancel();
      report(options);
    },
  };
}

/** False if the bus is not up: then `lines` is not asked. */
function report({ bus, subject, lines }: ReporterOptions): boolean {
  if (bus.state() !== "up") return false;
  const encoder = new TextEncoder();
  for (const line of lines()) {
    // What the bus refuses all the same is left out as well.
    if (bus.hasRoom()) bus.publish(subject, encoder.encode(line)).catch(() => {});
  }
  return true;
}
