/** One batch on its way out: written, then counted and reported to whoever waits for it. */
import type { Clock } from "../platform/clock.ts";
import { type Log, throttled } from "../platform/log.ts";
import type { WriterCounters } from "./counters.ts";
import type { Output } from "./output.ts";

export interface OutgoingBatch {
  /** Newline-ended lines. */
  readonly payload: Uint8Array;
  readonly lines: number;
  /** The deliveries whose lines these are; each is called once, when the batch is written or given up. */
  readonly done: ReadonlySet<() => void>;
}

/** Sends one batch. Resolves when it has been written or dropped, and counted; never rejects. */
export type WriteBatch = (batch: OutgoingBatch) => Promise<void>;

export interface LaneDeps {
  readonly output: Output;
  readonly counters: WriterCounters;
  readonly clock: Clock;
  readonly log: Log;
  /** True once the writer has given up what is in flight: those lines are lost by stopping, not by a bad answer. */
  readonly isGivenUp: () => boolean;
}

export function createLane(deps: LaneDeps): WriteBatch {
  const { output, counters, clock, log } = deps;
  const logRejected = throttled((text) => log.error(text), clock);
  const logFailed = throttled((text) => log.error(text), clock);

  return async ({ payload, lines, done }) => {
    counters.add("write_requests");
    const answer = await output.write(payload);
    if (answer.kind === "written") {
      counters.add("written_lines", lines);
      counters.add("written_bytes", payload.length);
    } else {
      counters.add("failed_writes");
      counters.add(deps.isGivenUp() ? "dropped_stop_lines" : "dropped_write_lines", lines);
      const logFailure = answer.kind === "rejected" ? logRejected : logFailed;
      logFailure(`cannot write ${lines} lines to ${output.target}, dropped: ${answer.reason}`);
    }
    for (const reportDone of done) reportDone();
  };
}
