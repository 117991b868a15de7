/**
 * One input subject: takes messages apart and adds each line to the period that its time lies in; what no period takes is
 * counted under the reason.
 */
import { type Fields, newFields, readFields } from "../line/fields.ts";
import { Lines, NO_MORE_LINES } from "../line/lines.ts";
import { LINE_COMMENT, LINE_OK, type LineCode, lineCodeText } from "../line/scan.ts";
import { TagSorter } from "../line/sort-tags.ts";
import type { DownsamplerCounters } from "./counters.ts";
import { LINE_ADDED, LINE_HAS_NO_ROOM, type Period } from "./period.ts";
import { CURRENT, type Periods, type Place, TOO_NEW, TOO_OLD } from "./periods.ts";

export interface AveragerOptions {
  readonly periods: Periods;
  readonly counters: DownsamplerCounters;
  /** Told of the first line of a message for which there was no room. */
  readonly onNoRoom: () => void;
  /** Told of each line that is dropped, and why, if anybody wants to know. */
  readonly onRefused?: (line: Uint8Array, why: string) => void;
}

export class Averager {
  readonly #options: AveragerOptions;
  readonly #lines = new Lines();
  readonly #fields: Fields = newFields();
  readonly #sorter = new TagSorter();
  /** Of the current message. */
  #averaged = 0;
  #invalid = 0;
  #comments = 0;
  #late = 0;
  #early = 0;
  #withoutRoom = 0;

  constructor(options: AveragerOptions) {
    this.#options = options;
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
  }

  /** Hot: once per line. */
  #takeLine(payload: Uint8Array, code: LineCode): void {
    const { offsets } = this.#lines;
    const { lineStart: start, lineEnd: end } = offsets;
    if (code === LINE_COMMENT) {
      this.#comments++;
      return this.#refuse(payload, start, end, "comment");
    }
    if (code !== LINE_OK) {
      this.#invalid++;
      return this.#refuse(payload, start, end, lineCodeText(code));
    }
    const { periods } = this.#options;
    const hasTime = offsets.timestampStart < offsets.timestampEnd;
    const place = hasTime ? periods.placeOf(offsets.timestampHigh, offsets.timestampLow) : CURRENT;
    if (place === TOO_OLD || place === TOO_NEW) {
      return this.#refuseTime(payload, start, end, place);
    }
    this.#add(periods.at(place), payload, start, end);
  }

  #add(period: Period, payload: Uint8Array, start: number, end: number): void {
    const { offsets } = this.#lines;
    if (!readFields(payload, offsets, this.#fields)) {
      this.#invalid++;
      return this.#refuse(payload, start, end, "bad field value");
    }
    const sorted = this.#sorter.sort(payload, offsets);
    const outcome = period.add(sorted, offsets, this.#fields);
    if (outcome === LINE_ADDED) {
      this.#averaged++;
    } else if (outcome === LINE_HAS_NO_ROOM) {
      this.#withoutRoom++;
      this.#refuse(payload, start, end, "no room for its series");
    } else {
      this.#invalid++;
      this.#refuse(payload, start, end, "field of another type than before in the period");
    }
  }

  #refuseTime(payload: Uint8Array, start: number, end: number, place: Place): void {
    if (place === TOO_OLD) this.#late++;
    else this.#early++;
    this.#refuse(
      payload,
      start,
      end,
      place === TOO_OLD ? "timestamp too old" : "timestamp too new",
    );
  }

  #refuse(payload: Uint8Array, start: number, end: number, why: string): void {
    this.#options.onRefused?.(payload.subarray(start, end), why);
  }

  #count(): void {
    const { counters, onNoRoom } = this.#options;
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
    if (this.#withoutRoom > 0) onNoRoom();
    this.#averaged = 0;
    this.#invalid = 0;
    this.#comments = 0;
    this.#late = 0;
    this.#early = 0;
    this.#withoutRoom = 0;
  }
}
