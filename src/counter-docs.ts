/** What every counter counts, by the component that has it: for the page that Prometheus reads. */
import { DOWNSAMPLER_COUNTERS, DOWNSAMPLER_SUBJECT_COUNTERS } from "./downsampler/counters.ts";
import { FILTER_COUNTERS, FILTER_RULE_COUNTERS } from "./filter/counters.ts";
import { HTTP_COUNTERS, UDP_COUNTERS } from "./listener/counters.ts";
import type { CounterDocs } from "./metrics/page.ts";
import { MONITOR_COUNTERS } from "./monitor/counters.ts";
import { WRITER_COUNTERS, WRITER_SUBJECT_COUNTERS } from "./writer/counters.ts";

export const COUNTER_DOCS: CounterDocs = {
  listener: [UDP_COUNTERS, HTTP_COUNTERS],
  filter: [FILTER_COUNTERS, FILTER_RULE_COUNTERS],
  downsampler: [DOWNSAMPLER_COUNTERS, DOWNSAMPLER_SUBJECT_COUNTERS],
  writer: [WRITER_COUNTERS, WRITER_SUBJECT_COUNTERS],
  monitor: [MONITOR_COUNTERS],
};
