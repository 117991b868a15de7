/** Goal: what a disk refuses is tried until it is taken or the writer stops, and the counters say how often. */
import { describe, expect, test } from "bun:test";

import { Counters } from "../../../src/metrics/counters.ts";
import { WRITER_COUNTERS } from "../../../src/writer/counters.ts";
import { keepTrying } from "../../../src/writer/keep-trying.ts";
import type { WriteAnswer } from "../../../src/writer/output.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { settle } from "./fake-influxdb.ts";

const FULL: WriteAnswer = { kind: "retry", reason: "ENOSPC: no space left" };
const LINES = new TextEncoder().encode("a v=1\n");

function setUp() {
  const clock = new ManualClock();
  const counters = new Counters(WRITER_COUNTERS);
  const log: string[] = [];
  const asked: Uint8Array[] = [];
  const inner = { answer: FULL as WriteAnswer | "never", aborted: 0, closed: 0 };
  const output = keepTrying(
    {
      target: "/data/all.lp",
      write(payload) {
        asked.push(payload);
        return inner.answer === "never" ? new Promise(() => {}) : Promise.resolve(inner.answer);
      },
      abort: () => void inner.aborted++,
      close: async () => void inner.closed++,
    },
    {
      counters,
      clock,
      logFailure: (_reason, text) => log.push(`failure: ${text}`),
      logSuccess: (text) => log.push(`success: ${text}`),
    },
  );
  /** Lets the longest pause pass, and what follows it happen. */
  const waitPause = async () => {
    await settle();
    clock.advance(5000);
    await settle();
  };
  const tries = () => [counters.get("write_requests"), counters.get("failed_writes")];
  return { clock, log, asked, inner, output, waitPause, tries };
}

test("passes on what is taken or refused at once", async () => {
  const { inner, output, clock, log, tries } = setUp();
  for (const answer of [{ kind: "written" }, { kind: "rejected", reason: "gone" }] as const) {
    inner.answer = answer;
    expect(await output.write(LINES)).toEqual(answer);
  }
  expect(tries()).toEqual([0, 0]);
  expect(log).toEqual([]);
  expect(clock.timerCount).toBe(0);
  expect(output.target).toBe("/data/all.lp");
});

test("tries the same bytes again until they are taken, and counts each further try", async () => {
  const { inner, output, asked, clock, log, tries, waitPause } = setUp();
  const answer = output.write(LINES);
  await waitPause();
  await waitPause();
  inner.answer = { kind: "written" };
  await waitPause();
  expect(await answer).toEqual({ kind: "written" });
  expect(asked).toEqual([LINES, LINES, LINES, LINES]);
  // The first try, and the answer, are the caller's to count.
  expect(tries()).toEqual([3, 3]);
  const failure = "failure: cannot write to /data/all.lp, will try again: ENOSPC: no space left";
  expect(log).toEqual([failure, failure, failure, "success: writing to /data/all.lp again"]);
  expect(clock.timerCount).toBe(0);
});

test("waits longer and longer, and never longer than five seconds", async () => {
  const { output, asked, clock } = setUp();
  void output.write(LINES);
  await settle();
  // Half of the wait may be taken off by chance: 50 to 100 ms before the second try.
  clock.advance(49);
  await settle();
  expect(asked.length).toBe(1);
  clock.advance(51);
  await settle();
  expect(asked.length).toBe(2);
  for (let i = 0; i < 20; i++) {
    clock.advance(5000);
    await settle();
  }
  expect(asked.length).toBe(22);
  clock.advance(2499);
  await settle();
  expect(asked.length).toBe(22);
});

describe("abort", () => {
  test("ends the wait for another try, with the reason why the last one failed", async () => {
    const { output, inner, asked, clock, tries } = setUp();
    const answer = output.write(LINES);
    await settle();
    output.abort();
    expect(await answer).toEqual(FULL);
    expect(inner.aborted).toBe(1);
    expect(asked.length).toBe(1);
    expect(tries()).toEqual([0, 0]);
    expect(clock.timerCount).toBe(0);
  });

  test("does not wait for a write that hangs", async () => {
    const { output, inner } = setUp();
    inner.answer = "never";
    const answer = output.write(LINES);
    await settle();
    output.abort();
    expect(await answer).toEqual({ kind: "retry", reason: "given up because the writer stops" });
  });

  test("leaves one try to what comes later", async () => {
    const { output, inner, asked } = setUp();
    output.abort();
    expect(await output.write(LINES)).toEqual(FULL);
    inner.answer = { kind: "written" };
    expect(await output.write(LINES)).toEqual({ kind: "written" });
    expect(asked.length).toBe(2);
  });
});

test("close is the output's", async () => {
  const { output, inner } = setUp();
  await output.close();
  expect(inner.closed).toBe(1);
});
