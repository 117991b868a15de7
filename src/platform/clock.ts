/** Time, passed in so that tests move it by hand. */

export interface Clock {
  /**
   * What the system's clock shows, in milliseconds since 1970: for timestamps, dates and names alone. It may be set while we
   * run, forward or back, by any amount.
   */
  nowMs(): number;
  /** Milliseconds that only ever grow, whatever is done to the system's clock: for ages, waits and time-outs. */
  monotonicMs(): number;
  /** Calls `callback` once, `delayMs` from now, unless the returned function is called first. */
  after(delayMs: number, callback: () => void): Cancel;
}

export type Cancel = () => void;

/** The longest delay that a timer takes; beyond it the runtime would fire at once. */
const DELAY_MAX_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  // Not performance.timeOrigin + performance.now(): that sum never learns that the clock was set.
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(delayMs, DELAY_MAX_MS));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => clock.after(delayMs, resolve));
}

/** Calls `task` every `intervalMs`, starting one interval from now, until cancelled. */
export function every(clock: Clock, intervalMs: number, task: () => void): Cancel {
  let cancel = clock.after(intervalMs, tick);
  function tick(): void {
    cancel = clock.after(intervalMs, tick);
    task();
  }
  return () => cancel();
}

/** Resolves after `delayMs`, or at once when `stop` fires. */
export function pause(clock: Clock, delayMs: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      stop.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(delayMs, end);
    stop.addEventListener("abort", end);
    if (stop.aborted) end();
  });
}
