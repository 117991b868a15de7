/**
 * What a writer counts, and how it is told to the monitor subject. Every line received ends under exactly one
 * name, so at any moment
 *
 *     received_lines = written_lines + dropped_write_lines + dropped_stop_lines
 *                    + dropped_retry_timeout_lines + dropped_retry_full_lines
 *                    + unmatched_lines + comment_lines + invalid_lines + dropped_costly_lines
 *                    + lines still in the writer
 *
 * What is dropped above nats_max_pending_size never reached the writer: it is not among the received. Neither is what was lost
 * with nats_uncounted_breaks.
 */
import type { OutputOptions, WriterConfig } from "../config/config.ts";
import type { Counters, CounterSnapshot } from "../metrics/counters.ts";
import type { MetricSet } from "../platform/metric-set.ts";

/** Field of `spout_stat_writer` -> what it counts. In the order of publication: those of 1.x, then ours. */
export const WRITER_COUNTERS = {
  received: "Messages received.",
  write_requests: "Requests sent to InfluxDB, or tries to append to a file.",
  failed_writes: "Requests that InfluxDB did not answer with success, or tries that failed.",
  received_lines: "Lines received, blank ones left out.",
  received_bytes: "Bytes received.",
  written_lines: "Lines that InfluxDB took, or that are in a file.",
  written_bytes: "Bytes that InfluxDB took, or that are in a file.",
  dropped_write_lines: "Lines dropped because their request failed, and is not one to try again.",
  dropped_stop_lines: "Lines dropped because the writer had to end before they were written.",
  retry_batches: "Batches that failed and were kept for another try.",
  retries: "Further tries of such batches.",
  dropped_retry_timeout_lines:
    "Lines dropped because no try within writer_retry_timeout succeeded.",
  dropped_retry_full_lines:
    "Lines of the oldest batches dropped because more than writer_retry_batches or writer_retry_max_size waited.",
  unmatched_lines: "Lines dropped because no rule of the writer matches them.",
  invalid_lines: "Lines dropped by a writer with rules because they are not line protocol.",
  comment_lines: "Lines dropped by a writer with rules because they are comments.",
  dropped_costly_lines:
    "Lines dropped because the expressions of the writer's rules had not judged them within a second each.",
  nats_dropped: "Messages dropped because more than nats_max_pending_size was waiting.",
  nats_dropped_lines: "Lines in the messages dropped above nats_max_pending_size.",
  nats_uncounted_breaks:
    "Broken connections to NATS with which messages may have been lost whose lines nobody can count.",
} as const;

export type WriterCounter = keyof typeof WRITER_COUNTERS;
export type WriterCounters = Counters<WriterCounter>;

/** Field of `spout_stat_writer_subject` -> what it counts. */
export const WRITER_SUBJECT_COUNTERS = {
  nats_dropped: WRITER_COUNTERS.nats_dropped,
  nats_dropped_lines: WRITER_COUNTERS.nats_dropped_lines,
} as const;

export interface SubjectCounts {
  readonly subject: string;
  readonly counts: CounterSnapshot<keyof typeof WRITER_SUBJECT_COUNTERS>;
}

/**
 * What is told of them: a set for the writer and one for each subject it reads. The writer's measurement, InfluxDB's
 * tags and the first three counters are those of 1.x.
 */
export function writerMetrics(
  config: WriterConfig,
  counts: CounterSnapshot<WriterCounter>,
  subjects: readonly SubjectCounts[],
): MetricSet[] {
  const tags = { writer: config.name, ...outputTags(config.output) };
  const ofSubjects = subjects.map(({ subject, counts: ofSubject }) => ({
    measurement: "spout_stat_writer_subject",
    tags: { ...tags, subject },
    counts: ofSubject,
  }));
  return [{ measurement: "spout_stat_writer", tags, counts }, ...ofSubjects];
}

function outputTags(output: OutputOptions): Readonly<Record<string, string>> {
  switch (output.kind) {
    case "influxdb":
      return {
        influxdb_address: output.address,
        influxdb_port: String(output.port),
        influxdb_dbname: output.database,
      };
    case "file":
      return { output: output.kind, file_path: output.path };
    case "stdout":
      return { output: output.kind };
  }
}
