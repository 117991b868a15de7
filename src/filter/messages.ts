/** What a filter's component and its threads say to each other. Plain data, cloned from one thread to the other. */
import type { FilterConfig } from "../config/config.ts";
import type { Log } from "../platform/log.ts";
import type { FileBytes, Profiler } from "../platform/profiler.ts";
import type { FilterTotals } from "./counters.ts";
import type { DroppedLines } from "./drop-relay.ts";

/** The first message to a thread. */
export interface StartThread {
  readonly config: FilterConfig;
}

/** What comes after that. */
export type ToThread = StopThread | AskProfiler;

/** The last message to a thread: finish what was accepted, within this time, and end. */
export interface StopThread {
  readonly kind: "stop";
  readonly remainingMs: number;
}

/** Any number of them, each answered once, in any order. */
export interface AskProfiler {
  readonly kind: "profiler";
  /** Different each time. */
  readonly id: number;
  readonly method: keyof Profiler;
  /** For `start`. */
  readonly intervalMs: number;
}

export interface ProfilerAnswer {
  readonly kind: "profiler";
  /** Of the question. */
  readonly id: number;
  /** Empty if there is nothing to tell. */
  readonly bytes: FileBytes;
  /** Why it could not be done; empty if it could. */
  readonly problem: string;
}

/** `totals` are what the thread counted since it started. */
export type FromThread =
  /** A few times a second. */
  | { readonly kind: "report"; readonly ready: boolean; readonly totals: FilterTotals }
  | { readonly kind: "log"; readonly level: keyof Log; readonly text: string }
  /** What it dropped since the last of these, if anything; in front of the others. */
  | { readonly kind: "dropped"; readonly dropped: readonly DroppedLines[] }
  | ProfilerAnswer
  /** It ends with this because of an error that nobody caught. */
  | { readonly kind: "died"; readonly reason: string; readonly totals: FilterTotals }
  /** It ends with this because it was told to. */
  | { readonly kind: "stopped"; readonly lostLines: number; readonly totals: FilterTotals };
