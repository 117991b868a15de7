/**
 * An output that is tried until it takes what it is given: for disks, which are full until somebody makes room. What
 * comes meanwhile is held back by the batch, and waits, bounded, in the bus.
 */
import { type Backoff, backoffMs } from "../platform/backoff.ts";
import type { Clock } from "../platform/clock.ts";
import type { WriterCounters } from "./counters.ts";
import { GIVEN_UP, type Output, type WriteAnswer } from "./output.ts";

export interface KeepTryingDeps {
  readonly counters: WriterCounters;
  readonly clock: Clock;
  /** Both throttled, one reason by itself: a full disk has many files. */
  readonly logFailure: (reason: string, text: string) => void;
  readonly logSuccess: (text: string) => void;
}

const BACKOFF: Backoff = { firstMs: 100, maxMs: 5000 };

/**
 * `output`, but its answer is "retry" only after abort(): then at once, even if a write hangs. It takes one write at
 * a time. Each further attempt counts as a write of its own; the first one, and the answer, are the caller's to count.
 */
export function keepTrying(output: Output, deps: KeepTryingDeps): Output {
  const { counters, clock, logFailure, logSuccess } = deps;
  let isAborted = false;
  let endPause = () => {};
  let endWrite = () => {};

  async function writeUntilTaken(
    payload: Uint8Array,
    onFailure: (reason: string) => void,
  ): Promise<WriteAnswer> {
    for (let attempt = 0; ; attempt++) {
      const answer = await output.write(payload);
      if (answer.kind !== "retry") {
        if (attempt > 0) logSuccess(`writing to ${output.target} again`);
        return answer;
      }
      onFailure(answer.reason);
      if (isAborted) return answer;
      const { reason } = answer;
      logFailure(reason, `cannot write to ${output.target}, will try again: ${reason}`);
      await pause(backoffMs(BACKOFF, attempt, Math.random()));
      if (isAborted) return answer;
      counters.add("failed_writes");
      counters.add("write_requests");
    }
  }

  function pause(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(delayMs, resolve);
    endPause = () => {
      cancel();
      resolve();
    };
    return promise;
  }

  return {
    target: output.target,
    write(payload) {
      const { promise, resolve } = Promise.withResolvers<WriteAnswer>();
      let reason = GIVEN_UP;
      endWrite = () => resolve({ kind: "retry", reason });
      void writeUntilTaken(payload, (failure) => {
        reason = failure;
      }).then(resolve);
      return promise;
    },
    abort() {
      isAborted = true;
      output.abort();
      endPause();
      endWrite();
    },
    async close() {
      const closed = output.close();
      // After abort() a write may still hang, and closing behind it.
      if (!isAborted) await closed;
    },
  };
}
