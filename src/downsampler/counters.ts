/**
 * What a downsampler counts, and how it is told to the monitor subject.
 *
 * Of the lines that come in, each ends under exactly one name, so at any moment
 *
 *     received_lines = averaged_lines + invalid_lines + comment_lines + invalid_timestamps
 *                    + dropped_series_lines + dropped_stop_lines
 *
 * late_lines is a part of invalid_timestamps. What goes out are other lines, one for each series and period:
 *
 *     lines made = sent_lines + dropped_nats_lines + dropped_long_lines, once nothing is being published
 *
 * lost_nats_lines and refused_nats_lines are parts of sent_lines. What is dropped above nats_max_pending_size never reached the downsampler: it is
 * not among the received.
 */
import type { Counters, CounterSnapshot } from "../metrics/counters.ts";
import type { MetricSet } from "../platform/metric-set.ts";

/** Field of `spout_stat_downsampler` -> what it counts. In the order of publication: those of 2.x, then ours. */
export const DOWNSAMPLER_COUNTERS = {
  received: "Messages received.",
  sent: "Periods of a subject published.",
  invalid_lines:
    "Lines dropped because they are not line protocol, or because a field had another type before in the period.",
  invalid_timestamps: "Lines dropped because their time is not within the periods being averaged.",
  failed_nats_publish: "Messages that NATS had no room for (nats_max_outbound_size): dropped.",
  received_lines: "Lines received, blank ones left out.",
  averaged_lines: "Lines whose values are in a period.",
  comment_lines: "Lines dropped because they are comments.",
  late_lines: "Those of invalid_timestamps whose period had been published before they came.",
  dropped_series_lines: "Lines dropped because of downsample_max_series or downsample_max_size.",
  dropped_stop_lines:
    "Lines dropped because they came after the last period was published, at a stop.",
  sent_lines: "Lines handed to NATS, one for each series and period.",
  dropped_nats_lines: "Lines in the messages that NATS had no room for.",
  lost_nats_lines: "Lines sent and then lost with a broken connection or at a stop.",
  refused_nats_lines: "Lines sent that NATS does not allow on their subject (permissions): lost.",
  dropped_long_lines:
    "Lines to be published that were dropped because one alone exceeds the NATS server's max_payload, or because InfluxDB would read on behind its end.",
  dropped_sums: "Sums left out of their lines because they do not fit 64 bits.",
  nats_dropped: "Messages dropped because more than nats_max_pending_size was waiting.",
  nats_dropped_lines: "Lines in the messages dropped above nats_max_pending_size.",
  nats_uncounted_breaks:
    "Broken connections to NATS with which messages may have been lost whose lines nobody can count.",
} as const;

/** Field of `spout_stat_downsampler_subject` -> what it counts. */
export const DOWNSAMPLER_SUBJECT_COUNTERS = {
  nats_dropped:
    "Messages of the subject dropped because more than nats_max_pending_size was waiting.",
  nats_dropped_lines: "Lines in the messages of the subject dropped above nats_max_pending_size.",
} as const;

export type DownsamplerCounter = keyof typeof DOWNSAMPLER_COUNTERS;
export type DownsamplerCounters = Counters<DownsamplerCounter>;

export type SubjectCounter = keyof typeof DOWNSAMPLER_SUBJECT_COUNTERS;

export interface SubjectCounts {
  readonly subject: string;
  readonly counts: CounterSnapshot<SubjectCounter>;
}

/** What is told of them: a set for the downsampler and one for each subject that it reads. */
export function downsamplerMetrics(
  name: string,
  counts: CounterSnapshot<DownsamplerCounter>,
  subjects: readonly SubjectCounts[],
): MetricSet[] {
  const tags = { downsampler: name };
  const ofSubjects = subjects.map(({ subject, counts: ofSubject }) => ({
    measurement: "spout_stat_downsampler_subject",
    tags: { ...tags, subject },
    counts: ofSubject,
  }));
  return [{ measurement: "spout_stat_downsampler", tags, counts }, ...ofSubjects];
}

/** Lines that were lost in the downsampler, in front of it or behind it. */
export function lostLines(counters: DownsamplerCounters): number {
  return (
    counters.get("dropped_stop_lines") +
    counters.get("dropped_nats_lines") +
    counters.get("lost_nats_lines") +
    counters.get("refused_nats_lines") +
    counters.get("nats_dropped_lines")
  );
}
