/**
 * What a monitor counts. Every line that reaches it ends under exactly one name:
 *
 *     received_lines = metric_lines + ignored_lines + invalid_lines
 *
 * What is dropped above nats_max_pending_size never reached the monitor: it is not among the received.
 */
import type { Counters, CounterSnapshot } from "../metrics/counters.ts";
import type { MetricSet } from "../platform/metric-set.ts";

/** Field of `spout_stat_monitor` -> what it counts. */
export const MONITOR_COUNTERS = {
  received: "Messages received.",
  received_lines: "Lines received, blank ones left out.",
  metric_lines: "Lines with counters, which were taken.",
  ignored_lines: "Lines that hold no counters: spout_mon, writer_drop and the like.",
  invalid_lines:
    "Lines dropped because they are neither line protocol nor what 2.x publishes, or longer than 64 KB.",
  dropped_series:
    "Values dropped because monitor_max_series counters, or 2000 names, were known already.",
  dropped_size:
    "Values dropped because the known counters' names and labels took monitor_max_size already.",
  dropped_long_labels:
    "Values dropped because their name and component have more than 128 characters, or name and labels more than 8192.",
  nats_dropped: "Messages dropped because more than nats_max_pending_size was waiting.",
  nats_dropped_lines: "Lines in the messages dropped above nats_max_pending_size.",
  nats_uncounted_breaks:
    "Broken connections to NATS with which messages may have been lost whose lines nobody can count.",
} as const;

export type MonitorCounters = Counters<keyof typeof MONITOR_COUNTERS>;

export function monitorMetrics(
  name: string,
  counts: CounterSnapshot<keyof typeof MONITOR_COUNTERS>,
): MetricSet[] {
  return [{ measurement: "spout_stat_monitor", tags: { monitor: name }, counts }];
}
