/** What the operator reads: the form of a line, and that nothing repeats. */
import { expect, test } from "bun:test";

import { createLog, throttled, throttledByReason } from "../../../src/platform/log.ts";
import { ManualClock } from "../../support/manual-clock.ts";

function logTo(written: string[], debug: boolean) {
  const clock = new ManualClock(new Date(2026, 2, 4, 5, 6, 7).getTime());
  return createLog({ debug, clock, write: (line) => written.push(line) });
}

test("a line is local time, level and text", () => {
  const written: string[] = [];
  const log = logTo(written, false);
  log.info("started");
  log.warn("odd");
  log.error("lost");
  expect(written).toEqual([
    "2026/03/04 05:06:07 INFO started\n",
    "2026/03/04 05:06:07 WARN odd\n",
    "2026/03/04 05:06:07 ERROR lost\n",
  ]);
});

test("debug lines appear only when asked for", () => {
  const written: string[] = [];
  logTo(written, false).debug("quiet");
  logTo(written, true).debug("asked for");
  expect(written).toEqual(["2026/03/04 05:06:07 DEBUG asked for\n"]);
});

test("foreign text stays on one line and moves no cursor", () => {
  const written: string[] = [];
  logTo(written, false).error("InfluxDB said: a\nb\u001b[2Jc");
  expect(written).toEqual(["2026/03/04 05:06:07 ERROR InfluxDB said: a\\nb\\x1b[2Jc\n"]);
});

test("a throttled line appears once in its interval and then says how many were held back", () => {
  const clock = new ManualClock();
  const written: string[] = [];
  const write = throttled((text) => written.push(text), clock, 1000);
  write("first");
  write("second");
  write("third");
  clock.advance(999);
  write("fourth");
  clock.advance(1);
  write("fifth");
  write("sixth");
  expect(written).toEqual(["first", "fifth (and 3 more like this since the last time)"]);
});

test("of reasons that others give, a new one is told at once, and one with other numbers or names is not new", () => {
  const clock = new ManualClock();
  const written: string[] = [];
  const tell = throttledByReason((text) => written.push(text), clock);
  tell("unable to parse 'a v='", "1");
  tell("unable to parse 'b v='", "2");
  tell('field "x" is type float dropped=1', "3");
  tell('field "y" is type float dropped=20', "4");
  tell("unauthorized", "5");
  expect(written).toEqual(["1", "3", "5"]);
  for (let reason = 0; reason < 1000; reason++) tell(`reason ${"x".repeat(reason)}`, "another");
  expect(written.length).toBe(65);
});

test("a text without end is cut", () => {
  const written: string[] = [];
  logTo(written, false).error("x".repeat(100_000));
  expect(written[0]?.length).toBeLessThan(20_000);
  expect(written[0]).toEndWith("... (83616 characters more)\n");
});

test("8-bit controls, controls of direction and separators of lines are shown in escapes", () => {
  const written: string[] = [];
  logTo(written, false).warn("a\u009b31m\u202eb\u2028c\ud800\t");
  expect(written).toEqual([
    "2026/03/04 05:06:07 WARN a\\u{9b}31m\\u{202e}b\\u{2028}c\\u{d800}\\x09\n",
  ]);
});
