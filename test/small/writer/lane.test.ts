/** One batch on its way out: what each answer counts as, and what the operator reads. */
import { describe, expect, test } from "bun:test";

import { Counters } from "../../../src/metrics/counters.ts";
import { WRITER_COUNTERS } from "../../../src/writer/counters.ts";
import { createLane } from "../../../src/writer/lane.ts";
import type { WriteAnswer } from "../../../src/writer/output.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";

function setUp() {
  const counters = new Counters(WRITER_COUNTERS);
  const log = new RecordingLog();
  const clock = new ManualClock();
  let isGivenUp = false;
  let answer: WriteAnswer = { kind: "written" };
  const output = {
    target: "http://db:8086/write?db=x",
    write: async () => answer,
    abort: () => {},
    close: async () => {},
  };
  const write = createLane({ output, counters, clock, log, isGivenUp: () => isGivenUp });
  const payload = new TextEncoder().encode("a v=1\nb v=2\n");
  return {
    counters,
    log,
    clock,
    giveUp: () => {
      isGivenUp = true;
    },
    send: (next: WriteAnswer, done: ReadonlySet<() => void> = new Set()) => {
      answer = next;
      return write({ payload, lines: 2, done });
    },
  };
}

const NOTHING = Object.fromEntries(Object.keys(WRITER_COUNTERS).map((name) => [name, 0]));

describe("counts", () => {
  test("what was written, and logs nothing", async () => {
    const { counters, log, send } = setUp();
    await send({ kind: "written" });
    expect(counters.snapshot()).toEqual({
      ...NOTHING,
      write_requests: 1,
      written_lines: 2,
      written_bytes: 12,
    } as never);
    expect(log.lines).toEqual([]);
  });

  test("what was rejected or failed as dropped, each with InfluxDB's words in the log", async () => {
    const { counters, log, send } = setUp();
    await send({ kind: "rejected", reason: 'HTTP 404: database not found: "x"' });
    await send({ kind: "retry", reason: "connection refused" });
    expect(counters.snapshot()).toEqual({
      ...NOTHING,
      write_requests: 2,
      failed_writes: 2,
      dropped_write_lines: 4,
    } as never);
    expect(log.lines).toEqual([
      'ERROR cannot write 2 lines to http://db:8086/write?db=x, dropped: HTTP 404: database not found: "x"',
      "ERROR cannot write 2 lines to http://db:8086/write?db=x, dropped: connection refused",
    ]);
  });

  test("what was given up at a stop as lost by stopping", async () => {
    const { counters, giveUp, send } = setUp();
    giveUp();
    await send({ kind: "retry", reason: "given up because the writer stops" });
    expect(counters.snapshot()).toMatchObject({
      failed_writes: 1,
      dropped_stop_lines: 2,
      dropped_write_lines: 0,
    });
  });
});

test("reports to each delivery once, whatever the answer was", async () => {
  const { send } = setUp();
  const done: string[] = [];
  const reports = new Set([() => void done.push("first"), () => void done.push("second")]);
  await send({ kind: "written" }, reports);
  await send({ kind: "rejected", reason: "" }, reports);
  await send({ kind: "retry", reason: "" }, reports);
  expect(done).toEqual(["first", "second", "first", "second", "first", "second"]);
});

test("says of failure upon failure only now and then how many there were", async () => {
  const { clock, log, send } = setUp();
  for (let i = 0; i < 100; i++) await send({ kind: "retry", reason: "HTTP 503: timeout" });
  expect(log.lines.length).toBe(1);
  clock.advance(10_000);
  await send({ kind: "retry", reason: "HTTP 503: timeout" });
  expect(log.lines.length).toBe(2);
  expect(log.lines[1]).toContain("99 more");
});
