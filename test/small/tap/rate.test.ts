/** The line that says what passed and what became of it. Expected values are worked out by hand. */
import { expect, test } from "bun:test";

import { Rate } from "../../../src/tap/rate.ts";
import { ManualClock } from "../../support/manual-clock.ts";

test("rates are those since they were told last, everything else is in all", () => {
  const clock = new ManualClock();
  const rate = new Rate(clock);
  rate.addPassed(10, 1000);
  rate.addShown();
  clock.advance(1000);
  expect(rate.tell()).toBe("10 lines/s  1000 B/s  passed 10  shown 1  dropped 0");
  rate.addPassed(3, 3 * 1024);
  clock.advance(2000);
  expect(rate.tell()).toBe("2 lines/s  1.5 KB/s  passed 13  shown 1  dropped 0");
  clock.advance(1000);
  expect(rate.tell()).toBe("0 lines/s  0 B/s  passed 13  shown 1  dropped 0");
});

test("in the end the rates are those of all the time since the start", () => {
  const clock = new ManualClock();
  const rate = new Rate(clock);
  clock.advance(60_000);
  rate.start();
  rate.addPassed(1_000_000, 110 * 1024 * 1024);
  clock.advance(1000);
  rate.tell();
  clock.advance(1500);
  expect(rate.tellAll()).toBe(
    "400000 lines/s  44 MB/s  passed 1000000  shown 0  dropped 0  in 2.5 s",
  );
});

test("no time is no division by zero", () => {
  const rate = new Rate(new ManualClock());
  rate.addPassed(1, 1);
  expect(rate.tellAll()).toBe("0 lines/s  0 B/s  passed 1  shown 0  dropped 0  in 0.0 s");
});

test("what was lost stands under its reason, and what was missed has passed", () => {
  const clock = new ManualClock();
  const rate = new Rate(clock);
  for (let line = 0; line < 5; line++) rate.addShown();
  rate.addDropped();
  rate.takeBackShown(2);
  rate.addPassed(6, 60);
  rate.addMissed(Buffer.from("a v=1\n\nb v=2\n"));
  clock.advance(1000);
  expect(rate.tell()).toBe(
    "8 lines/s  73 B/s  passed 8  shown 3  dropped 3 (output is read too slowly)  missed 2 (too fast for tap)",
  );
});
