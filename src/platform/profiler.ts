/** What a thread spends its processor time on and what is in its memory, as files that Chrome's tools read. */
import type { Session } from "node:inspector/promises";

import type { Clock } from "./clock.ts";
import { assert } from "./errors.ts";
import { withIdleTime } from "./idle-time.ts";

/** Of one thread. `start` and `stop` take turns. Each rejects with a SpoutError if the thread ends meanwhile. */
export interface Profiler {
  /** From now on it is noted every `intervalMs` what the thread executes. */
  start(intervalMs: number): Promise<void>;
  /** Resolves with the text of a `.cpuprofile`. The thread stands still for some 25 µs for each time it was looked at. */
  stop(): Promise<FileBytes>;
  /** Resolves with the text of a `.heapsnapshot`. The thread stands still until it is taken. */
  heapSnapshot(): Promise<FileBytes>;
}

/** The receiver may keep them. */
export type FileBytes = Uint8Array<ArrayBuffer>;

/** Of the thread that calls this. Costs nothing until it is started. */
export function createProfiler(clock: Clock): Profiler {
  let session: Session | undefined;
  let intervalUs = 0;
  let startedAtMs = 0;
  return {
    async start(intervalMs) {
      assert(session === undefined, "a profile is started while there is one");
      const inspector = await import("node:inspector/promises");
      session = new inspector.Session();
      session.connect();
      intervalUs = Math.round(intervalMs * 1000);
      await session.post("Profiler.enable");
      await session.post("Profiler.setSamplingInterval", { interval: intervalUs });
      await session.post("Profiler.start");
      startedAtMs = clock.monotonicMs();
    },
    async stop() {
      assert(session !== undefined, "a profile is stopped that was not started");
      const tookUs = Math.round((clock.monotonicMs() - startedAtMs) * 1000);
      const { profile } = await session.post("Profiler.stop");
      session.disconnect();
      session = undefined;
      const text = JSON.stringify(withIdleTime(profile, { intervalUs, tookUs }));
      return new TextEncoder().encode(text);
    },
    heapSnapshot: async () => new Uint8Array(Bun.generateHeapSnapshot("v8", "arraybuffer")),
  };
}
