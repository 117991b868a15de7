/** Goal: whoever reads the log learns of each reason for which lines are dropped, and of every line of them, in few lines. */
import { expect, test } from "bun:test";

import { DropLog } from "../../../src/platform/drops.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";

function setUp() {
  const clock = new ManualClock(new Date(2026, 2, 4, 5, 6, 7).getTime());
  const log = new RecordingLog();
  const drops = new DropLog(log, clock);
  /** What was told since the last time. */
  const told = () => log.lines.splice(0);
  return { clock, drops, told };
}

test("the first is told at once, with a sample", () => {
  const { drops, told } = setUp();
  drops.drop("missing fields", 1, "from [spout]", () => '"cpu"');
  drops.drop("no room", 2, "for [hosts]");
  expect(told()).toEqual([
    'ERROR dropped 1 line from [spout]: missing fields, such as "cpu"',
    "ERROR dropped 2 lines for [hosts]: no room",
  ]);
});

test("what goes on is told once in ten seconds, with how many there were since, and in all", () => {
  const { clock, drops, told } = setUp();
  const drop = (lines: number, sample: string) =>
    drops.drop("bad", lines, "from [spout]", () => sample);
  drop(3, "first");
  told();
  clock.advance(4000);
  drop(10, "second");
  drop(20, "third");
  clock.advance(5999);
  expect(told()).toEqual([]);
  clock.advance(1);
  expect(told()).toEqual([
    "ERROR dropped 30 more lines from [spout] in 10 s (33 since 2026/03/04 05:06:07): bad, such as second",
  ]);
  drop(1, "fourth");
  clock.advance(10_000);
  expect(told()).toEqual([
    "ERROR dropped 1 more line from [spout] in 10 s (34 since 2026/03/04 05:06:07): bad, such as fourth",
  ]);
});

test("at its end what was held back is told, and then nothing; the next is news again", () => {
  const { clock, drops, told } = setUp();
  drops.drop("bad", 1, "from [spout]");
  drops.drop("bad", 5, "from [spout]");
  clock.advance(10_000);
  expect(told()).toHaveLength(2);
  clock.advance(60_000);
  expect(told()).toEqual([]);
  expect(clock.timerCount).toBe(0);
  drops.drop("bad", 1, "from [spout]");
  expect(told()).toEqual(["ERROR dropped 1 line from [spout]: bad"]);
});

test("a new reason, and a new place, are never hidden behind others", () => {
  const { drops, told } = setUp();
  for (let time = 0; time < 3; time++) {
    drops.drop("bad", 1, "from [a]");
    drops.drop("worse", 1, "from [a]");
    drops.drop("bad", 1, "from [b]");
  }
  expect(told()).toEqual([
    "ERROR dropped 1 line from [a]: bad",
    "ERROR dropped 1 line from [a]: worse",
    "ERROR dropped 1 line from [b]: bad",
  ]);
});

test("a sample is taken only where one is told", () => {
  const { clock, drops } = setUp();
  let samples = 0;
  const drop = () => drops.drop("bad", 1, "from [a]", () => `${samples++}`);
  for (let time = 0; time < 1000; time++) drop();
  expect(samples).toBe(2);
  clock.advance(10_000);
  for (let time = 0; time < 1000; time++) drop();
  expect(samples).toBe(3);
});

test("at a stop the rest is told at once, and no timer is left", () => {
  const { clock, drops, told } = setUp();
  drops.drop("bad", 1, "from [a]");
  drops.drop("bad", 2, "from [a]");
  drops.drop("worse", 1, "from [a]");
  clock.advance(1500);
  told();
  drops.flush();
  expect(told()).toEqual([
    "ERROR dropped 2 more lines from [a] in 2 s (3 since 2026/03/04 05:06:07): bad",
  ]);
  expect(clock.timerCount).toBe(0);
});

test("reasons without end, as others may give, share a place: every line of them is still told", () => {
  const { clock, drops, told } = setUp();
  for (let reason = 0; reason < 1000; reason++) drops.drop(`reason ${reason}`, 1, "from [a]");
  expect(told()).toHaveLength(65);
  clock.advance(10_000);
  expect(told()).toEqual([
    "ERROR dropped 935 more lines in 10 s (936 since 2026/03/04 05:06:07): other reasons, of which there are too many",
  ]);
});

test("no lines are no news", () => {
  const { drops, told } = setUp();
  drops.drop("bad", 0, "from [a]");
  expect(told()).toEqual([]);
});

test("what is not lines has its own words", () => {
  const { drops, told } = setUp();
  const kind = { reason: "invalid precision", where: "with 400" } as const;
  drops.tell({ level: "warn", verb: "refused", noun: "write request", ...kind }, 2);
  expect(told()).toEqual(["WARN refused 2 write requests with 400: invalid precision"]);
});
