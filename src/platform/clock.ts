/** Time, passed in so that tests move it by hand. */

export interface Clock {
  /** Wall-clock time in milliseconds since 1970, with what fraction the system gives. */
  nowMs(): number;
  /** Milliseconds that only ever grow: for ages and time-outs. */
  monotonicMs(): number;
  /** Calls `callback` once, `delayMs` from now, unless the returned function is called first. */
  after(delayMs: number, callback: () => void): Cancel;
}

export type Cancel = () => void;

/** The longest delay that a timer takes; beyond it the runtime would fire at once. */
const DELAY_MAX_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
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
