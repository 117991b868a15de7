/** A clock that stands still until a test moves it. */
import type { Cancel, Clock } from "../../src/platform/clock.ts";

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

export class ManualClock implements Clock {
  #wallMs: number;
  #elapsedMs = 0;
  readonly #timers = new Set<Timer>();

  constructor(wallMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = wallMs;
  }

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, callback: () => void): Cancel {
    const timer = { atMs: this.#elapsedMs + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves time on, firing each timer at its own moment, those that timers start included. */
  advance(ms: number): void {
    const untilMs = this.#elapsedMs + ms;
    for (;;) {
      const next = this.#nextDue(untilMs);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#moveTo(next.atMs);
      next.callback();
    }
    this.#moveTo(untilMs);
  }

  /** Somebody sets the system's clock: no time passes. */
  setWall(wallMs: number): void {
    this.#wallMs = wallMs;
  }

  /** How many timers wait: a stopped component leaves none. */
  get timerCount(): number {
    return this.#timers.size;
  }

  #nextDue(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs <= untilMs && (next === undefined || timer.atMs < next.atMs)) next = timer;
    }
    return next;
  }

  #moveTo(elapsedMs: number): void {
    this.#wallMs += elapsedMs - this.#elapsedMs;
    this.#elapsedMs = elapsedMs;
  }
}
