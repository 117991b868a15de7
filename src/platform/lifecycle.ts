/** What `run.ts` asks of a started component. */
import type { Clock } from "./clock.ts";
import type { MetricSet } from "./metric-set.ts";
import type { Profiler } from "./profiler.ts";

export interface Running {
  /** What it is, for log lines: the component's mode and name. */
  readonly name: string;
  /** True while it can really do its work: its socket bound, its bus up. */
  ready(): boolean;
  /** False if it hangs so that only a new process would help. Left out by those that live and die with the event loop. */
  alive?(): boolean;
  /** What it has counted by now. */
  metrics(): readonly MetricSet[];
  /** Of its threads, the first one first, without the main one. Left out by those that have no others. */
  threadProfilers?(): readonly Profiler[];
  /**
   * Stops taking input, then finishes what was taken: batches flushed, queues emptied, the bus drained.
   * By `deadline` it has ended in any case. Resolves with how many lines were lost by stopping. Never rejects.
   */
  stop(deadline: Deadline): Promise<StopReport>;
  /** Resolves, with the reason, if the component can no longer work and the process should end. */
  readonly failed: Promise<Error>;
}

export interface StopReport {
  readonly lostLines: number;
  /** True if more was lost, by stopping or before, and nobody knows how much: no counter has it. */
  readonly isUncounted?: boolean;
}

export function stopReport(lostLines: number, isUncounted: boolean): StopReport {
  return isUncounted ? { lostLines, isUncounted } : { lostLines };
}

export function addReports(reports: readonly StopReport[]): StopReport {
  const lostLines = reports.reduce((sum, report) => sum + report.lostLines, 0);
  const isUncounted = reports.some((report) => report.isUncounted === true);
  return stopReport(lostLines, isUncounted);
}

/** One deadline shared by everything that stops. */
export interface Deadline {
  remainingMs(): number;
}

export function deadlineIn(clock: Clock, delayMs: number): Deadline {
  const atMs = clock.monotonicMs() + delayMs;
  return { remainingMs: () => Math.max(0, atMs - clock.monotonicMs()) };
}
