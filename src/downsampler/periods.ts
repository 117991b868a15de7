/**
 * The three periods of one subject that lines are taken for: the one that the clock is in, the one before it for lines that
 * come late, and the one behind it for clocks that are fast. A period is given away one period after it has ended.
 */
import { msToNs } from "../platform/units.ts";
import { periodStart } from "./period-start.ts";
import type { Period } from "./period.ts";

export interface EndedPeriod {
  readonly period: Period;
  /** Its end, which is the time that its lines are stamped with. */
  readonly endNs: bigint;
}

export interface PeriodsOptions {
  readonly periodNs: bigint;
  readonly createPeriod: () => Period;
  /** Periods without a series are let go without a word. */
  readonly onEnded: (ended: EndedPeriod) => void;
}

/** Which period a time lies in, or why in none. */
export type Place = number;

export const TOO_OLD = -1;
export const CURRENT = 1;
export const TOO_NEW = 3;

const PERIODS = 3;
const NS_PER_HIGH = 1_000_000_000n;

export class Periods {
  readonly #options: PeriodsOptions;
  /** When the earliest of the three begins. */
  #startNs: bigint;
  /** Made when their first line comes. */
  #periods: (Period | undefined)[] = new Array(PERIODS).fill(undefined);
  /** The start of each period and the end of the last, as pairs like a line's timestamp. */
  readonly #highs = new Float64Array(PERIODS + 1);
  readonly #lows = new Float64Array(PERIODS + 1);
  /** While the clock is between these, in milliseconds, nothing changes. */
  #backMs = 0;
  #nextMs = 0;

  constructor(options: PeriodsOptions, nowMs: number) {
    this.#options = options;
    this.#startNs = this.#startAt(nowMs);
    this.#noteBounds();
  }

  /** How long it is until {@link advance} will change anything, as far as is known now. */
  dueInMs(nowMs: number): number {
    return Math.max(0, this.#nextMs - nowMs);
  }

  /**
   * Gives away what is over by now. A clock that was set back by more than a period makes a new beginning: all that is held
   * is given away. Hot: once per message.
   */
  advance(nowMs: number): void {
    if (nowMs < this.#nextMs && nowMs >= this.#backMs) return;
    const startNs = this.#startAt(nowMs);
    if (nowMs >= this.#nextMs && startNs <= this.#startNs) return;
    const { periodNs } = this.#options;
    const passed = (startNs - this.#startNs) / periodNs;
    const moved = passed > 0n && passed < PERIODS ? Number(passed) : PERIODS;
    for (let place = 0; place < moved; place++) this.#giveAway(place);
    this.#periods = Array.from({ length: PERIODS }, (_, place) => this.#periods[place + moved]);
    this.#startNs = startNs;
    this.#noteBounds();
  }

  /** Gives away everything. */
  end(): void {
    for (let place = 0; place < PERIODS; place++) this.#giveAway(place);
  }

  /** Where the time high * 10^9 + low lies; both parts carry its sign. Hot: once per line. */
  placeOf(high: number, low: number): Place {
    if (this.#isBefore(high, low, 0)) return TOO_OLD;
    for (let place = 0; place < PERIODS; place++) {
      if (this.#isBefore(high, low, place + 1)) return place;
    }
    return TOO_NEW;
  }

  /** The period at `place`, which must be one. */
  at(place: Place): Period {
    return (this.#periods[place] ??= this.#options.createPeriod());
  }

  #isBefore(high: number, low: number, bound: number): boolean {
    const boundHigh = this.#highs[bound] as number;
    return high < boundHigh || (high === boundHigh && low < (this.#lows[bound] as number));
  }

  #startAt(nowMs: number): bigint {
    const { periodNs } = this.#options;
    return periodStart(msToNs(nowMs), periodNs) - periodNs;
  }

  #giveAway(place: number): void {
    const period = this.#periods[place];
    this.#periods[place] = undefined;
    if (period === undefined || period.seriesCount === 0) return;
    const endNs = this.#startNs + BigInt(place + 1) * this.#options.periodNs;
    this.#options.onEnded({ period, endNs });
  }

  #noteBounds(): void {
    const { periodNs } = this.#options;
    for (let bound = 0; bound <= PERIODS; bound++) {
      const timeNs = this.#startNs + BigInt(bound) * periodNs;
      this.#highs[bound] = Number(timeNs / NS_PER_HIGH);
      this.#lows[bound] = Number(timeNs % NS_PER_HIGH);
    }
    this.#backMs = Number(this.#startNs) / 1e6;
    this.#nextMs = Number(this.#startNs + 2n * periodNs) / 1e6;
  }
}
