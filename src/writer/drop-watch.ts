/**
 * What one subscription lost because more waited than its pending limit allows: counted, told, and published as
 * 1.x does, one `writer_drop` line whenever the count has changed.
 */
import { printLine } from "../line/print.ts";
import { countLines } from "../line/split.ts";
import type { Clock } from "../platform/clock.ts";
import type { Drops } from "../platform/drops.ts";
import { formatByteSize } from "../platform/units.ts";
import type { SubjectCounts, WriterCounters } from "./counters.ts";

export interface DropWatch {
  /** Counts one message that was dropped. */
  onDropped(payload: Uint8Array): void;
  /** The line to publish if anything was dropped since the last call. */
  report(): string | undefined;
  /** All that was dropped so far. */
  counts(): SubjectCounts;
}

export interface DropWatchOptions {
  readonly subject: string;
  readonly pendingMaxBytes: number;
  /** Added to the timestamp: two subscriptions' lines of one moment would be one point to InfluxDB. */
  readonly offsetNs: number;
  readonly counters: WriterCounters;
  readonly clock: Clock;
  readonly drops: Drops;
}

const NS_PER_MS = 1_000_000n;

export function createDropWatch(options: DropWatchOptions): DropWatch {
  const { subject, counters, clock, drops } = options;
  const limit = formatByteSize(BigInt(options.pendingMaxBytes));
  const why = `more than ${limit} waited (nats_max_pending_size)`;
  let total = 0;
  let totalLines = 0;
  let reported = 0;

  return {
    onDropped(payload) {
      const lines = countLines(payload);
      total++;
      totalLines += lines;
      counters.add("nats_dropped");
      counters.add("nats_dropped_lines", lines);
      drops.drop(why, lines, `from [${subject}]`);
    },
    counts: () => ({ subject, counts: { nats_dropped: total, nats_dropped_lines: totalLines } }),
    report() {
      const diff = total - reported;
      if (diff === 0) return undefined;
      reported = total;
      const timestampNs = BigInt(Math.floor(clock.nowMs())) * NS_PER_MS + BigInt(options.offsetNs);
      return printLine("writer_drop", {}, { total, diff }, timestampNs);
    },
  };
}
