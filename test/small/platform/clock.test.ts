/** Timers: they repeat, they end, and a long delay does not fire at once. */
import { expect, test } from "bun:test";

import { every, systemClock } from "../../../src/platform/clock.ts";
import { deadlineIn } from "../../../src/platform/lifecycle.ts";
import { ManualClock } from "../../support/manual-clock.ts";

test("every calls once an interval until it is cancelled", () => {
  const clock = new ManualClock();
  let calls = 0;
  const cancel = every(clock, 100, () => calls++);
  clock.advance(99);
  expect(calls).toBe(0);
  clock.advance(301);
  expect(calls).toBe(4);
  cancel();
  clock.advance(1000);
  expect({ calls, timers: clock.timerCount }).toEqual({ calls: 4, timers: 0 });
});

test("a delay beyond what the runtime's timers hold waits instead of firing at once", async () => {
  let fired = false;
  const cancel = systemClock.after(2 ** 40, () => (fired = true));
  await Bun.sleep(20);
  cancel();
  expect(fired).toBe(false);
});

test("a deadline counts down and never below zero", () => {
  const clock = new ManualClock();
  const deadline = deadlineIn(clock, 500);
  clock.advance(200);
  expect(deadline.remainingMs()).toBe(300);
  clock.advance(1000);
  expect(deadline.remainingMs()).toBe(0);
});
