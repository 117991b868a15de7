/**
 * One input subject: takes messages apart and adds each line to the period that its time lies in; what no period takes is
 * counted under the reason.
 */
import { type Fields, newFields, readFields } from "../line/fields.ts";
import { Lines, NO_MORE_LINES } from "../line/lines.ts";
import { FIRST_OTHER_REASON, Refusals } from "../line/refusals.ts";
import { LINE_COMMENT, LINE_OK, type LineCode } from "../line/scan.ts";
import { TagSorter } from "../line/sort-tags.ts";
import type { Drops } from "../platform/drops.ts";
import type { DownsamplerCounters } from "./counters.ts";
import { LINE_ADDED, LINE_HAS_NO_ROOM, type Period } from "./period.ts";
import { CURRENT, type Periods, type Place, TOO_NEW, TOO_OLD } from "./periods.ts";

export interface AveragerOptions {
  readonly periods: Periods;
  readonly counters: DownsamplerCounters;
  /** Hears of the lines that are dropped, comments aside. */
  readonly drops: Drops;
  /** The lines come from there: what `drops` is told. */
  readonly where: string;
  /** What a period has no more room for than: "5 series (downsample_max_series)". */
  readonly limits: string;
}

const BAD_VALUE = FIRST_OTHER_REASON;
const OTHER_TYPE = BAD_VALUE + 1;
const LATE = OTHER_TYPE + 1;
const EARLY = LATE + 1;
const WITHOUT_ROOM = EARLY + 1;

export class Averager {
  readonly #options: AveragerOptions;
  readonly #lines = new Lines();
  readonly #fields: Fields = newFields();
  readonly #sorter = new TagSorter();
  readonly #refusals: Refusals;
  /** Of the current message. */
  #averaged = 0;
  #invalid = 0;
  #comments = 0;
  #late = 0;
  #early = 0;
  #withoutRoom = 0;

  constructor(options: AveragerOptions) {
    this.#options = options;
    this.#refusals = new Refusals([
      "field value that InfluxDB refuses",
      "field of another type than before in the period",
      "timestamp too old: its period is published",
      "timestamp too new: later than the next period",
      `the period has more than ${options.limits}`,
    ]);
  }

  /** Takes a message in; nothing of it is kept. `nowMs` is the time of lines without one. Hot: once per message. */
  take(payload: Uint8Array, nowMs: number): void {
    this.#options.periods.advance(nowMs);
    const lines = this.#lines;
    lines.open(payload);
    for (let code = lines.next(); code !== NO_MORE_LINES; code = lines.next()) {
      this.#takeLine(payload, code);
    }
    this.#sorter.take(payload);
    this.#count();
    this.#refusals.tell(payload, this.#options.where, this.#options.drops);
  }

  /** Hot: once per line. */
  #takeLine(payload: Uint8Array, code: LineCode): void {
    const { offsets } = this.#lines;
    const { lineStart: start, lineEnd: end } = offsets;
    if (code === LINE_COMMENT) {
      this.#comments++;
      return;
    }
    if (code !== LINE_OK) {
      this.#invalid++;
      return this.#refusals.note(code, start, end);
    }
    const { periods } = this.#options;
    const hasTime = offsets.timestampStart < offsets.timestampEnd;
    const place = hasTime ? periods.placeOf(offsets.timestampHigh, offsets.timestampLow) : CURRENT;
    if (place === TOO_OLD || place === TOO_NEW) return this.#refuseTime(start, end, place);
    this.#add(periods.at(place), payload, start, end);
  }

  #add(period: Period, payload: Uint8Array, start: number, end: number): void {
    const { offsets } = this.#lines;
    if (!readFields(payload, offsets, this.#fields)) {
      this.#invalid++;
      return this.#refusals.note(BAD_VALUE, start, end);
    }
    const sorted = this.#sorter.sort(payload, offsets);
    const outcome = period.add(sorted, offsets, this.#fields);
    if (outcome === LINE_ADDED) {
      this.#averaged++;
    } else if (outcome === LINE_HAS_NO_ROOM) {
      this.#withoutRoom++;
      this.#refusals.note(WITHOUT_ROOM, start, end);
    } else {
      this.#invalid++;
      this.#refusals.note(OTHER_TYPE, start, end);
    }
  }

  #refuseTime(start: number, end: number, place: Place): void {
    if (place === TOO_OLD) this.#late++;
    else this.#early++;
    this.#refusals.note(place === TOO_OLD ? LATE : EARLY, start, end);
  }

  #count(): void {
    const { counters } = this.#options;
    const late = this.#late;
    const misplaced = late + this.#early;
    const dropped = this.#invalid + this.#comments + misplaced + this.#withoutRoom;
    counters.add("received_lines", this.#averaged + dropped);
    counters.add("averaged_lines", this.#averaged);
    counters.add("invalid_lines", this.#invalid);
    counters.add("comment_lines", this.#comments);
    counters.add("invalid_timestamps", misplaced);
    counters.add("late_lines", late);
    counters.add("dropped_series_lines", this.#withoutRoom);
    this.#averaged = 0;
    this.#invalid = 0;
    this.#comments = 0;
    this.#late = 0;
    this.#early = 0;
    this.#withoutRoom = 0;
  }
}
