/**
 * One batch on its way out: written, or refused and dropped, or handed on to be tried again. What is too large for one
 * request goes out in parts, cut at line ends.
 */
import { countLines, findLineEnd, NEWLINE } from "../line/split.ts";
import type { Clock } from "../platform/clock.ts";
import { type Log, throttled, throttledByReason } from "../platform/log.ts";
import type { WriterCounters } from "./counters.ts";
import { GIVEN_UP, type Output, type RetryAnswer, type WriteAnswer } from "./output.ts";

export interface OutgoingBatch {
  /** Newline-ended lines. */
  readonly payload: Uint8Array;
  readonly lines: number;
  /** The deliveries whose lines these are; each is called once, when the batch is written or given up. */
  readonly done: ReadonlySet<() => void>;
}

/**
 * Takes over what may be written later: the batch or, where parts of it went out, the rest of it. Its lines and its
 * deliveries are then the taker's to account for.
 */
export type OnRetry = (rest: OutgoingBatch, answer: RetryAnswer) => void;

/** Resolves when every line of the batch has been written, dropped and counted, or handed to `onRetry`; never rejects. */
export type SendBatch = (batch: OutgoingBatch, onRetry: OnRetry) => Promise<void>;

export interface LaneDeps {
  readonly output: Output;
  readonly counters: WriterCounters;
  readonly clock: Clock;
  readonly log: Log;
  /** True once the writer has given up what is in flight: no further request is begun. */
  readonly isGivenUp: () => boolean;
}

export function createLane(deps: LaneDeps): SendBatch {
  const { output, counters, clock, log } = deps;
  const logRejected = throttledByReason((text) => log.error(text), clock);
  const logTooLarge = throttled((text) => log.warn(text), clock);

  return async ({ payload, lines, done }, onRetry) => {
    let rest = { payload, lines, done };
    let partMaxBytes = payload.length;
    while (rest.payload.length > 0) {
      if (deps.isGivenUp()) return onRetry(rest, { kind: "retry", reason: GIVEN_UP });
      const part = cutFront(rest, partMaxBytes);
      counters.add("write_requests");
      const answer = await output.write(part.payload);
      if (answer.kind === "written") {
        counters.add("written_lines", part.lines);
        counters.add("written_bytes", part.payload.length);
      } else {
        counters.add("failed_writes");
        if (answer.kind === "retry") return onRetry(rest, answer);
        // A single line cannot be cut: it is dropped like one that is refused for what it says.
        if (answer.kind === "too-large" && holdsSeveralLines(part.payload)) {
          logTooLarge(
            `${output.target} refuses ${part.payload.length} bytes at once (${answer.reason}): they go out in ` +
              "smaller parts; a smaller batch_max_size saves the vain requests",
          );
          partMaxBytes = Math.floor(part.payload.length / 2);
          continue;
        }
        const refusedLines = Math.min(refusedOf(answer, part.lines), part.lines);
        counters.add("dropped_write_lines", refusedLines);
        counters.add("written_lines", part.lines - refusedLines);
        const which = refusedLines < part.lines ? `${refusedLines} of ${part.lines}` : part.lines;
        logRejected(
          answer.reason,
          `cannot write ${which} lines to ${output.target}, dropped: ${answer.reason}`,
        );
      }
      rest = {
        payload: rest.payload.subarray(part.payload.length),
        lines: rest.lines - part.lines,
        done,
      };
    }
    for (const reportDone of done) reportDone();
  };
}

function refusedOf(answer: WriteAnswer, lines: number): number {
  return (answer.kind === "rejected" ? answer.refusedLines : undefined) ?? lines;
}

function holdsSeveralLines(payload: Uint8Array): boolean {
  return findLineEnd(payload, 0) < payload.length - 1;
}

/** The batch's first lines that are at most `maxBytes` long together; its first line, if that alone is longer. */
function cutFront(
  { payload, lines }: OutgoingBatch,
  maxBytes: number,
): Pick<OutgoingBatch, "payload" | "lines"> {
  if (payload.length <= maxBytes) return { payload, lines };
  const newline = payload.lastIndexOf(NEWLINE, maxBytes - 1);
  const end = (newline === -1 ? findLineEnd(payload, 0) : newline) + 1;
  const front = payload.subarray(0, end);
  return { payload: front, lines: end < payload.length ? countLines(front) : lines };
}
