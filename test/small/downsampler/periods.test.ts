/** Goal: a time lies in the period that 2.x had it in, and each period is given away once, one period after its end. */
import { describe, expect, test } from "bun:test";

import { periodStart } from "../../../src/downsampler/period-start.ts";
import { Period } from "../../../src/downsampler/period.ts";
import { CURRENT, Periods, TOO_NEW, TOO_OLD } from "../../../src/downsampler/periods.ts";
import { newFields, readFields } from "../../../src/line/fields.ts";
import { newLineOffsets, scanLine } from "../../../src/line/scan.ts";
import { periodOptions } from "./average.ts";

const SECOND_NS = 1_000_000_000n;

test("periods are counted from the year 1", () => {
  const start = (seconds: bigint) =>
    periodStart(1_520_000_000n * SECOND_NS, seconds * SECOND_NS) / SECOND_NS;
  // Measured on 2.x.
  expect(start(60n)).toBe(1_519_999_980n);
  expect(start(90n)).toBe(1_519_999_920n);
  expect(start(24n * 3600n)).toBe(1_519_948_800n);
  expect(start(7n)).toBe(1_519_999_995n);
  expect(start(11n)).toBe(1_519_999_996n);
  expect(start(13n * 60n)).toBe(1_519_999_620n);
  expect(start(7n * 3600n)).toBe(1_519_981_200n);
  expect(start(36n * 3600n)).toBe(1_519_905_600n);
  expect(start(168n * 3600n)).toBe(1_519_603_200n);
});

test("a boundary belongs to the period that it begins, before 1970 and before the year 1 as well", () => {
  const minute = 60n * SECOND_NS;
  expect(periodStart(minute, minute)).toBe(minute);
  expect(periodStart(minute - 1n, minute)).toBe(0n);
  expect(periodStart(-1n, minute)).toBe(-minute);
  expect(periodStart(-minute, minute)).toBe(-minute);
  const year1 = -62_135_596_800n * SECOND_NS;
  expect(periodStart(year1, minute)).toBe(year1);
  expect(periodStart(year1 - 1n, minute)).toBe(year1 - minute);
});

/** Periods of a minute that note what they give away: when, up to when it went, and how many series it had. */
function minutes(startMs: number, periodNs = 60n * SECOND_NS) {
  const given: (readonly [atMs: number, endNs: bigint, series: number])[] = [];
  let nowMs = startMs;
  const periods = new Periods(
    {
      periodNs,
      createPeriod: () => new Period(periodOptions()),
      onEnded: ({ period, endNs }) => void given.push([nowMs, endNs, period.seriesCount]),
    },
    startMs,
  );
  const fields = newFields();
  return {
    periods,
    /** What was given away since the last time. */
    given: () => given.splice(0),
    advance(toMs: number) {
      nowMs = toMs;
      periods.advance(toMs);
    },
    /** Adds a series at the time, as a line that has it would; or says why not. */
    add(timeNs: bigint, key = "t") {
      const place = periods.placeOf(Number(timeNs / SECOND_NS), Number(timeNs % SECOND_NS));
      if (place === TOO_OLD) return "too old";
      if (place === TOO_NEW) return "too new";
      const payload = new TextEncoder().encode(`${key} v=1`);
      const offsets = newLineOffsets();
      scanLine(payload, 0, payload.length, offsets);
      readFields(payload, offsets, fields);
      periods.at(place).add(payload, offsets, fields);
      return place;
    },
  };
}

const seconds = (value: number) => BigInt(value) * SECOND_NS;

describe("periods of a minute, begun at 1520000010", () => {
  const START_MS = 1_520_000_010_000;

  test("take the times that 2.x took, to the nanosecond", () => {
    const { add } = minutes(START_MS);
    expect(add(1_519_999_919_999_999_999n)).toBe("too old");
    expect(add(1_519_999_920_000_000_000n)).toBe(0);
    expect(add(1_519_999_979_999_999_999n)).toBe(0);
    expect(add(1_519_999_980_000_000_000n)).toBe(CURRENT);
    expect(add(1_520_000_039_999_999_999n)).toBe(CURRENT);
    expect(add(1_520_000_040_000_000_000n)).toBe(2);
    expect(add(1_520_000_099_999_999_999n)).toBe(2);
    expect(add(1_520_000_100_000_000_000n)).toBe("too new");
    expect(add(-1n)).toBe("too old");
    expect(add(2n ** 63n - 1n)).toBe("too new");
  });

  test("are given away one, two and three periods later, each once, with their end", () => {
    const { add, advance, given } = minutes(START_MS);
    add(seconds(1_519_999_930));
    add(seconds(1_519_999_990));
    add(seconds(1_519_999_990), "u");
    add(seconds(1_520_000_050));
    advance(1_520_000_039_999);
    expect(given()).toEqual([]);
    advance(1_520_000_040_000);
    expect(given()).toEqual([[1_520_000_040_000, 1_519_999_980_000_000_000n, 1]]);
    advance(1_520_000_099_999);
    expect(given()).toEqual([]);
    advance(1_520_000_100_000);
    expect(given()).toEqual([[1_520_000_100_000, 1_520_000_040_000_000_000n, 2]]);
    advance(1_520_000_160_000);
    expect(given()).toEqual([[1_520_000_160_000, 1_520_000_100_000_000_000n, 1]]);
    advance(1_520_000_400_000);
    expect(given()).toEqual([]);
  });

  test("move on: what was too new is taken later, and what was current is too old in the end", () => {
    const { add, advance } = minutes(START_MS);
    expect(add(seconds(1_520_000_110))).toBe("too new");
    advance(1_520_000_045_000);
    expect(add(seconds(1_520_000_110))).toBe(2);
    expect(add(seconds(1_519_999_990))).toBe(0);
    advance(1_520_000_100_000);
    expect(add(seconds(1_520_000_110))).toBe(CURRENT);
    expect(add(seconds(1_519_999_990))).toBe("too old");
  });

  test("are all given away, in order, when the clock leaps ahead", () => {
    const { add, advance, given } = minutes(START_MS);
    add(seconds(1_520_000_050));
    add(seconds(1_519_999_930));
    add(seconds(1_519_999_990));
    advance(1_600_000_000_000);
    expect(given().map(([, endNs]) => endNs / SECOND_NS)).toEqual([
      1_519_999_980n,
      1_520_000_040n,
      1_520_000_100n,
    ]);
    expect(add(seconds(1_600_000_000))).toBe(CURRENT);
  });

  test("given away by a leap of two periods leave the third in its place", () => {
    const { add, advance, given } = minutes(START_MS);
    for (const at of [1_519_999_930, 1_519_999_990, 1_520_000_050]) add(seconds(at));
    advance(1_520_000_110_000);
    expect(given().map(([, endNs]) => endNs / SECOND_NS)).toEqual([1_519_999_980n, 1_520_000_040n]);
    expect(add(seconds(1_520_000_050), "u")).toBe(0);
    advance(1_520_000_160_000);
    expect(given()).toEqual([[1_520_000_160_000, 1_520_000_100_000_000_000n, 2]]);
  });

  test("do not open again what was given away when the clock is set back a little", () => {
    const { add, advance, given } = minutes(START_MS);
    add(seconds(1_519_999_930));
    advance(1_520_000_040_000);
    given();
    advance(1_520_000_039_000);
    expect(add(seconds(1_519_999_930))).toBe("too old");
    expect(add(seconds(1_520_000_039))).toBe(0);
    advance(1_519_999_980_000);
    expect(given()).toEqual([]);
  });

  test("begin anew when the clock is set back by more than a period", () => {
    const { add, advance, given } = minutes(START_MS);
    add(seconds(1_520_000_000));
    advance(1_519_999_919_000);
    expect(given()).toEqual([[1_519_999_919_000, 1_520_000_040_000_000_000n, 1]]);
    expect(add(seconds(1_519_999_919))).toBe(CURRENT);
    expect(add(seconds(1_520_000_050))).toBe("too new");
  });

  test("tell how long it is to the next change", () => {
    const { periods, advance } = minutes(START_MS);
    expect(periods.dueInMs(START_MS)).toBe(30_000);
    expect(periods.dueInMs(1_520_000_050_000)).toBe(0);
    advance(1_520_000_050_000);
    expect(periods.dueInMs(1_520_000_050_000)).toBe(50_000);
  });

  test("are given away in order, all of them, at the end", () => {
    const { periods, add, given } = minutes(START_MS);
    for (const at of [1_519_999_930, 1_519_999_990, 1_520_000_050]) add(seconds(at));
    periods.end();
    expect(given().map(([, endNs]) => endNs / SECOND_NS)).toEqual([
      1_519_999_980n,
      1_520_000_040n,
      1_520_000_100n,
    ]);
    periods.end();
    expect(given()).toEqual([]);
  });
});

test("periods may be shorter than what a clock tells, or a year", () => {
  const tiny = minutes(1_520_000_010_000, 1n);
  expect(tiny.add(1_520_000_010_000_000_000n)).toBe(CURRENT);
  expect(tiny.add(1_520_000_010_000_000_002n)).toBe("too new");
  tiny.advance(1_520_000_010_001);
  expect(tiny.given()).toEqual([[1_520_000_010_001, 1_520_000_010_000_000_001n, 1]]);
  const year = 366n * 24n * 3600n * SECOND_NS;
  const long = minutes(1_520_000_010_000, year);
  expect(long.add(seconds(1_520_000_010))).toBe(CURRENT);
  expect(long.add(seconds(1_520_000_010) - year)).toBe(0);
  expect(long.add(seconds(1_520_000_010) + year)).toBe(2);
});
