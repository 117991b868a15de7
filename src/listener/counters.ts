/**
 * What the listeners count, and how it is told to the monitor subject. Every line received ends under exactly one
 * name, so at any moment
 *
 *     received_lines = sent_lines + dropped_nats_lines + dropped_long_lines
 *                    + dropped_truncated_lines (UDP) or dropped_overflow_lines (HTTP)
 *                    + lines in the batch or being published
 *
 * lost_nats_lines and refused_nats_lines are parts of sent_lines. What the kernel drops before a socket is read (dropped_datagrams: it does not
 * tell how many lines), and what a request holds that is refused as a whole, never reached the listener: it is not among
 * the received.
 */
import { printLine } from "../line/print.ts";
import type { Counters, CounterSnapshot } from "../metrics/counters.ts";
import type { MetricSet } from "../platform/metric-set.ts";

/** What becomes of the lines, whichever way they came. */
const PUBLISHING_COUNTERS = {
  received_bytes: "Bytes received, after inflating.",
  received_lines: "Lines received, blank ones left out.",
  sent_lines: "Lines handed to NATS.",
  failed_nats_publish: "Messages that NATS had no room for (nats_max_outbound_size): dropped.",
  dropped_nats_lines: "Lines in the messages that NATS had no room for.",
  lost_nats_lines: "Lines sent and then lost with a broken connection or at a stop.",
  refused_nats_lines: "Lines sent that NATS does not allow on their subject (permissions): lost.",
  dropped_long_lines: "Lines dropped because one alone exceeds the NATS server's max_payload.",
} as const;

/** Field of `spout_stat_listener` of mode listener -> what it counts. In the order of publication: those of 1.x, then ours. */
export const UDP_COUNTERS = {
  received: "Datagrams received, empty ones left out.",
  sent: "Batches handed to NATS.",
  read_errors: "Errors that the socket reported.",
  ...PUBLISHING_COUNTERS,
  truncated: "Datagrams that the kernel cut off.",
  dropped_truncated_lines: "Lines dropped because their datagram was cut off inside of them.",
  dropped_datagrams:
    "Datagrams that the kernel dropped, mostly because the receive buffer (read_buffer_size) was full; Linux alone tells.",
} as const;

/** Field of `spout_stat_listener` of mode listener_http -> what it counts. In the order of publication. */
export const HTTP_COUNTERS = {
  received: "Write requests taken, those with an empty body left out.",
  sent: "Batches handed to NATS.",
  read_errors:
    "Requests whose client went away before they were taken, or whose body was not complete after a minute.",
  ...PUBLISHING_COUNTERS,
  dropped_overflow_lines: "Lines dropped because no nanosecond timestamp can hold their time.",
  refused_requests: "Write requests answered with 400, 413 or 415, of which nothing was taken.",
  unavailable_requests: "Write requests answered with 503: no room, or not allowed by NATS.",
} as const;

export type PublishingCounter = keyof typeof PUBLISHING_COUNTERS | "sent";
export type UdpCounters = Counters<keyof typeof UDP_COUNTERS>;
export type HttpCounters = Counters<keyof typeof HTTP_COUNTERS>;

/**
 * What is told of them. Both modes are the component "listener", as they were in 1.x and 2.x; the mode beside it keeps
 * two of one name apart.
 */
export function listenerMetrics(
  config: { readonly mode: "listener" | "listener_http"; readonly name: string },
  counts: CounterSnapshot<string>,
): MetricSet[] {
  const { mode, name } = config;
  return [
    { measurement: "spout_stat_listener", tags: { listener: name }, details: { mode }, counts },
  ];
}

/** 1.x's news of a listener's life; it called the HTTP listener "listener" too. */
export function printState(state: "boot" | "ready"): string {
  return printLine("spout_mon", {}, { type: "listener", state, pid: process.pid });
}
