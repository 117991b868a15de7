/** The system's clock: wall time follows it, ages and waits do not. Method: the runtime's clock is set, as a user would. */
import { afterEach, expect, setSystemTime, test } from "bun:test";

import { systemClock } from "../../../src/platform/clock.ts";
import { msToNs } from "../../../src/platform/units.ts";

afterEach(() => void setSystemTime());

test("wall time is what the system's clock shows, set forward or back as often as one likes", () => {
  for (const time of ["2030-01-01T00:00:00Z", "1999-12-31T23:59:59.999Z", "2026-06-01T12:00:00Z"]) {
    setSystemTime(new Date(time));
    expect(systemClock.nowMs()).toBe(Date.parse(time));
  }
  setSystemTime();
  expect(Math.abs(systemClock.nowMs() - Date.now())).toBeLessThan(1000);
});

test("monotonic time goes on as before when the clock is set", () => {
  const before = systemClock.monotonicMs();
  setSystemTime(new Date("1999-01-01T00:00:00Z"));
  const behind = systemClock.monotonicMs();
  expect(behind).toBeGreaterThanOrEqual(before);
  expect(behind - before).toBeLessThan(60_000);
});

test("wall time is exact in nanoseconds: no fraction of a millisecond is made up", () => {
  setSystemTime(new Date(1_796_097_341_206));
  expect(msToNs(systemClock.nowMs())).toBe(1_796_097_341_206_000_000n);
});
