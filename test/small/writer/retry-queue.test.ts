/**
 * Goal: what InfluxDB may take later is tried again at the right moments, within limits, and accounted for to the line.
 * Method: the queue with a real lane, on a clock that the test moves, before an output that answers what the test says.
 * A wait of n intervals is one of n to 2n by chance; here chance makes it 1.5n unless a test says otherwise.
 */
import { describe, expect, test } from "bun:test";

import type { RetryLimits } from "../../../src/config/config.ts";
import { countLines } from "../../../src/line/split.ts";
import { Counters } from "../../../src/metrics/counters.ts";
import { WRITER_COUNTERS } from "../../../src/writer/counters.ts";
import { createLane } from "../../../src/writer/lane.ts";
import { NO_RETRIES, RetryQueue } from "../../../src/writer/retry-queue.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { settle } from "./fake-influxdb.ts";
import { AWAY, HeldOutput, REFUSED, TOO_LARGE, WRITTEN } from "./held-output.ts";

const LIMITS: RetryLimits = {
  batchesMax: 10,
  sizeMaxBytes: 1000,
  intervalMs: 1000,
  timeoutMs: 60_000,
};
const TARGET = "http://db:8086/write?db=x";

function setUp(changes: Partial<RetryLimits> = {}, lanes = 4, random = () => 0.5) {
  const clock = new ManualClock();
  const counters = new Counters(WRITER_COUNTERS);
  const log = new RecordingLog();
  const output = new HeldOutput(clock);
  const done: string[] = [];
  let isGivenUp = false;
  const send = createLane({ output, counters, clock, log, isGivenUp: () => isGivenUp });
  const limits = { ...LIMITS, ...changes };
  const queue = new RetryQueue({
    limits,
    lanes,
    send,
    target: TARGET,
    counters,
    clock,
    log,
    random,
  });
  /** A batch that has just failed. */
  const add = (text: string, retryAfterMs?: number) => {
    const payload = new TextEncoder().encode(text);
    const batch = {
      payload,
      lines: countLines(payload),
      done: new Set([() => void done.push(text)]),
    };
    queue.add(batch, { ...AWAY, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  };
  /** Moves time in small steps, with all that follows from each. */
  const pass = async (ms: number, stepMs = 100) => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      clock.advance(Math.min(stepMs, ms - passed));
      await settle();
    }
  };
  const giveUp = () => {
    isGivenUp = true;
    queue.giveUp();
  };
  const dropped = () => ({
    timeout: counters.get("dropped_retry_timeout_lines"),
    full: counters.get("dropped_retry_full_lines"),
    stop: counters.get("dropped_stop_lines"),
    refused: counters.get("dropped_write_lines"),
  });
  return { clock, counters, log, output, done, queue, add, pass, giveUp, dropped };
}

const NONE = { timeout: 0, full: 0, stop: 0, refused: 0 };

describe("a batch", () => {
  test("is tried again after the interval, and done once it is written, which is told", async () => {
    const { clock, counters, log, output, done, add, pass, dropped } = setUp();
    output.answer = WRITTEN;
    add("a v=1\na v=2\n");
    await pass(1499);
    expect(output.writes).toEqual([]);
    await pass(1);
    expect(output.texts).toEqual(["a v=1\na v=2\n"]);
    expect(done).toEqual(["a v=1\na v=2\n"]);
    await pass(100_000, 10_000);
    expect(output.writes.length).toBe(1);
    expect(counters.snapshot()).toMatchObject({
      retry_batches: 1,
      retries: 1,
      write_requests: 1,
      failed_writes: 0,
      written_lines: 2,
    });
    expect(dropped()).toEqual(NONE);
    expect(log.lines).toEqual([
      `WARN cannot write 2 lines to ${TARGET}, will try again: connection refused`,
      `INFO nothing waits to be written to ${TARGET} any more`,
    ]);
    expect(clock.timerCount).toBe(0);
  });

  test("waits twice as long after each failure, up to sixteen intervals, counted from the failure", async () => {
    const waitsWith = async (chance: number) => {
      const { output, add, pass } = setUp({ timeoutMs: 1000_000 }, 1, () => chance);
      output.answer = AWAY;
      add("a v=1\n");
      await pass(65_000);
      return output.timesMs.map((atMs, i) => atMs - (output.timesMs[i - 1] ?? 0));
    };
    // Chance takes off between nothing and a half.
    expect(await waitsWith(0)).toEqual([2000, 4000, 8000, 16_000, 16_000, 16_000]);
    const shortest = await waitsWith(1 - 2 ** -53);
    expect(shortest.slice(0, 6).map(Math.round)).toEqual([1000, 2000, 4000, 8000, 8000, 8000]);
  });

  test("does not wait alike with others that failed at the same moment", async () => {
    const limits = { sizeMaxBytes: 100_000, batchesMax: 100 };
    const { output, add, pass } = setUp(limits, 100, Math.random);
    output.answer = WRITTEN;
    for (let i = 0; i < 50; i++) add(`a v=${i}\n`);
    await pass(2000);
    expect(output.writes.length).toBe(50);
    expect(new Set(output.timesMs).size).toBeGreaterThan(5);
  });

  test("is tried for the last time at the time-out, then dropped and counted", async () => {
    const { clock, counters, log, output, done, add, pass, dropped } = setUp({ timeoutMs: 5000 });
    output.answer = AWAY;
    add("a v=1\na v=2\n");
    await pass(4900);
    expect(done).toEqual([]);
    await pass(100);
    expect(output.timesMs).toEqual([1500, 4500, 5000]);
    expect(done).toEqual(["a v=1\na v=2\n"]);
    expect(dropped()).toEqual({ ...NONE, timeout: 2 });
    expect(counters.get("retries")).toBe(output.writes.length);
    expect(counters.get("failed_writes")).toBe(output.writes.length);
    expect(log.lines.at(-1)).toBe(
      `ERROR cannot write 2 lines to ${TARGET} within 5s (writer_retry_timeout), dropped: connection refused`,
    );
    expect(clock.timerCount).toBe(0);
  });

  test("survives an outage that ends just before the time-out, however long the waits have grown", async () => {
    const { output, add, pass, dropped } = setUp({ intervalMs: 10_000, timeoutMs: 60_000 });
    output.answer = AWAY;
    add("a v=1\n");
    await pass(59_900);
    output.answer = WRITTEN;
    await pass(100);
    expect(output.timesMs).toEqual([15_000, 45_000, 60_000]);
    expect(dropped()).toEqual(NONE);
  });

  test("is dropped if a try that began before the time-out fails after it", async () => {
    const { output, add, pass, dropped } = setUp({ timeoutMs: 5000 });
    add("a v=1\n");
    await pass(2000);
    await pass(4000);
    output.writes[0]?.answer(AWAY);
    await settle();
    expect(output.writes.length).toBe(1);
    expect(dropped()).toEqual({ ...NONE, timeout: 1 });
  });

  test("is not tried again once it is refused for good", async () => {
    const { output, done, add, pass, dropped } = setUp();
    output.answer = AWAY;
    add("a v=1\n");
    await pass(2000);
    output.answer = REFUSED;
    await pass(60_000);
    expect(output.writes.length).toBe(2);
    expect(dropped()).toEqual({ ...NONE, refused: 1 });
    expect(done.length).toBe(1);
  });

  test("goes out in parts if it turns out too large; the rest keeps its time-out", async () => {
    const { output, done, add, pass, dropped } = setUp({ timeoutMs: 5000 });
    output.answer = (text) => {
      if (text.length > 6) return TOO_LARGE;
      return text.startsWith("b") ? AWAY : WRITTEN;
    };
    add("a v=1\nb v=2\nc v=3\n");
    await pass(5000);
    expect(dropped()).toEqual({ ...NONE, timeout: 2 });
    expect(output.texts.filter((text) => text === "a v=1\n").length).toBe(1);
    expect(output.texts.at(-1)).toBe("b v=2\n");
    expect(done.length).toBe(1);
  });
});

describe("Retry-After", () => {
  test("is waited for, if it is longer", async () => {
    const { output, add, pass } = setUp();
    output.answer = WRITTEN;
    add("a v=1\n", 20_000);
    add("b v=1\n", 10);
    await pass(2000);
    expect(output.texts).toEqual(["b v=1\n"]);
    await pass(17_900);
    expect(output.texts.length).toBe(1);
    await pass(100);
    expect(output.texts[1]).toBe("a v=1\n");
  });

  test("counts anew with each answer", async () => {
    const { output, add, pass } = setUp();
    output.answer = { ...AWAY, retryAfterMs: 30_000 };
    add("a v=1\n");
    await pass(2000);
    output.answer = WRITTEN;
    const [firstMs = 0] = output.timesMs;
    await pass(29_000);
    expect(output.writes.length).toBe(1);
    await pass(1000);
    expect(output.timesMs[1]).toBeLessThanOrEqual(firstMs + 30_100);
  });

  test("does not take the last try at the time-out", async () => {
    const { output, add, pass, dropped } = setUp({ timeoutMs: 5000 });
    output.answer = WRITTEN;
    add("a v=1\n", 3_600_000);
    await pass(5000);
    expect(output.timesMs).toEqual([5000]);
    expect(dropped()).toEqual(NONE);
  });
});

describe("the lanes", () => {
  test("carry so many at once; the others wait, and have their turn in the order of their time", async () => {
    const { output, add, pass } = setUp({}, 2);
    for (const name of ["a", "b", "c", "d"]) {
      add(`${name} v=1\n`);
      // The next one's time surely comes later.
      await pass(2100);
    }
    expect(output.texts).toEqual(["a v=1\n", "b v=1\n"]);
    output.writes[1]?.answer(WRITTEN);
    await settle();
    expect(output.texts.slice(2)).toEqual(["c v=1\n"]);
    output.writes[2]?.answer(AWAY);
    await settle();
    expect(output.texts.slice(3)).toEqual(["d v=1\n"]);
  });

  test("being busy at the last moment, leave a batch one more interval to find a free one", async () => {
    const { output, add, pass, dropped } = setUp({ timeoutMs: 5000 }, 1);
    add("a v=1\n");
    await pass(2000);
    expect(output.writes.length).toBe(1);
    // Their first time is their last.
    add("b v=1\n", 3_600_000);
    add("c v=1\n", 3_600_000);
    await pass(5900);
    output.writes[0]?.answer(WRITTEN);
    await settle();
    expect(output.writes.length).toBe(2);
    expect(dropped()).toEqual(NONE);
    await pass(200);
    expect(dropped()).toEqual({ ...NONE, timeout: 1 });
  });
});

describe("the limit", () => {
  test("of batches drops the oldest first, counts them and says so", async () => {
    const { counters, log, output, done, add, pass, dropped } = setUp({ batchesMax: 2 });
    output.answer = WRITTEN;
    add("a v=1\na v=2\n");
    add("b v=1\n");
    expect(dropped()).toEqual(NONE);
    add("c v=1\n");
    expect(done).toEqual(["a v=1\na v=2\n"]);
    expect(dropped()).toEqual({ ...NONE, full: 2 });
    await pass(2000);
    expect(output.texts.sort()).toEqual(["b v=1\n", "c v=1\n"]);
    expect(counters.get("retry_batches")).toBe(3);
    expect(log.lines[1]).toBe(
      `ERROR cannot write 2 lines to ${TARGET}, and 2 batches (writer_retry_batches) or 1000B ` +
        "(writer_retry_max_size) wait already, dropped: connection refused",
    );
  });

  test("of bytes drops as many of the oldest as it takes", async () => {
    const { done, add, dropped } = setUp({ sizeMaxBytes: 30 });
    add("aaaa v=1\n");
    add("bbbb v=1\n");
    add("cccc v=1\n");
    expect(done).toEqual([]);
    add("dddddd v=1111\n");
    expect(done).toEqual(["aaaa v=1\n", "bbbb v=1\n"]);
    expect(dropped()).toEqual({ ...NONE, full: 2 });
  });

  test("of bytes drops a batch that alone exceeds it, and no other for it", async () => {
    const { done, add, dropped } = setUp({ sizeMaxBytes: 10 });
    add("a v=1\n");
    add("bbbbbb v=1\n");
    expect(done).toEqual(["bbbbbb v=1\n"]);
    expect(dropped()).toEqual({ ...NONE, full: 1 });
  });

  test("does not count what is being tried; if that fails, it is the oldest again", async () => {
    const { output, done, add, pass, dropped } = setUp({ batchesMax: 1 });
    add("a v=1\n");
    await pass(2000);
    expect(output.writes.length).toBe(1);
    add("b v=1\n");
    expect(done).toEqual([]);
    output.writes[0]?.answer(AWAY);
    await settle();
    expect(done).toEqual(["a v=1\n"]);
    expect(dropped()).toEqual({ ...NONE, full: 1 });
  });

  test("of none drops at once what is handed over, as a write that failed", () => {
    const { counters, log, done, add, dropped, clock } = setUp(NO_RETRIES);
    add("a v=1\n");
    expect(done).toEqual(["a v=1\n"]);
    expect(dropped()).toEqual({ ...NONE, refused: 1 });
    expect(counters.get("retry_batches")).toBe(0);
    expect(log.lines).toEqual([
      `ERROR cannot write 1 lines to ${TARGET}, dropped: connection refused`,
    ]);
    expect(clock.timerCount).toBe(0);
  });
});

describe("at the stop", () => {
  test("everything is tried once more, at once, and what fails is dropped and counted", async () => {
    const { clock, counters, output, done, queue, add, dropped } = setUp();
    output.answer = (text) => (text.startsWith("a") ? WRITTEN : AWAY);
    add("a v=1\n", 30_000);
    add("b v=1\nb v=2\n");
    await queue.finish(Promise.resolve());
    expect(clock.monotonicMs()).toBe(0);
    expect(output.texts).toEqual(["a v=1\n", "b v=1\nb v=2\n"]);
    expect(done.length).toBe(2);
    expect(dropped()).toEqual({ ...NONE, stop: 2 });
    expect(counters.get("written_lines")).toBe(1);
    expect(clock.timerCount).toBe(0);
  });

  test("what is being tried has one more try behind it, and so has what comes last", async () => {
    const { output, queue, add, pass, dropped } = setUp();
    add("a v=1\n");
    await pass(2000);
    const noMore = Promise.withResolvers<void>();
    let isFinished = false;
    const finished = queue.finish(noMore.promise).then(() => (isFinished = true));
    output.answer = AWAY;
    output.writes[0]?.answer(AWAY);
    await settle();
    expect(output.texts).toEqual(["a v=1\n", "a v=1\n"]);
    expect(dropped()).toEqual({ ...NONE, stop: 1 });
    expect(isFinished).toBe(false);
    add("late v=1\n");
    await settle();
    expect(output.texts.at(-1)).toBe("late v=1\n");
    noMore.resolve();
    await finished;
    expect(dropped()).toEqual({ ...NONE, stop: 2 });
  });

  test("more than there are lanes for is tried in turn", async () => {
    const { output, queue, add, dropped } = setUp({}, 2);
    output.answer = WRITTEN;
    for (const name of ["a", "b", "c", "d", "e"]) add(`${name} v=1\n`);
    await queue.finish(Promise.resolve());
    expect(output.texts.join("")).toBe("a v=1\nb v=1\nc v=1\nd v=1\ne v=1\n");
    expect(dropped()).toEqual(NONE);
  });

  test("giving up drops what waits, what is being tried when that ends, and what is still handed over", async () => {
    const { clock, output, done, queue, add, giveUp, pass, dropped } = setUp({}, 1);
    add("a v=1\n");
    await pass(2000);
    add("b v=1\n");
    const finished = queue.finish(Promise.resolve());
    await settle();
    expect(output.writes.length).toBe(1);
    giveUp();
    expect(done).toEqual(["b v=1\n"]);
    output.writes[0]?.answer(AWAY);
    await finished;
    add("c v=1\n");
    expect(done).toEqual(["b v=1\n", "a v=1\n", "c v=1\n"]);
    expect(output.writes.length).toBe(1);
    expect(dropped()).toEqual({ ...NONE, stop: 3 });
    expect(clock.timerCount).toBe(0);
  });

  test("a batch that was written after all is not counted as dropped", async () => {
    const { counters, output, add, giveUp, pass, dropped } = setUp();
    add("a v=1\n");
    await pass(2000);
    giveUp();
    output.writes[0]?.answer(WRITTEN);
    await settle();
    expect(counters.get("written_lines")).toBe(1);
    expect(dropped()).toEqual(NONE);
  });
});

describe("what waits keeps its own bytes, and no others", () => {
  /** A queue before an output that refuses more than 60,000 bytes at once, and has no time for lines called "last". */
  const setUpLarge = (sizeMaxBytes: number) => {
    const test = setUp({ sizeMaxBytes });
    const buffers: number[] = [];
    const write = test.output.write.bind(test.output);
    test.output.write = (payload) => {
      buffers.push(payload.buffer.byteLength);
      return write(payload);
    };
    test.output.answer = (text) => {
      if (text.length > 60_000) return TOO_LARGE;
      return text.includes("last") ? AWAY : WRITTEN;
    };
    const addView = (text: string, bufferBytes: number) => {
      const payload = new Uint8Array(bufferBytes).subarray(0, text.length);
      payload.set(new TextEncoder().encode(text));
      test.queue.add({ payload, lines: countLines(payload), done: new Set() }, AWAY);
    };
    return { ...test, buffers, addView };
  };
  const LAST = "last v=1\n";
  /** 60,006 bytes: the first half goes out, the other is not taken. */
  const HALVES = `${"a v=1\n".repeat(5000)}${LAST.repeat(3334)}`;

  test("if it is handed over as the rest of a batch of which a part went out", async () => {
    const { buffers, addView, pass } = setUpLarge(1_000_000);
    for (const bufferBytes of [10_000, LAST.length + 1]) {
      addView(LAST, bufferBytes);
      await pass(2000);
      expect(buffers.at(-1)).toBe(LAST.length);
    }
  });

  test("if a part goes out from here, be it small or large", async () => {
    const rests = [LAST, HALVES.slice(30_000)];
    for (const [index, text] of [`${"a v=1\n".repeat(10_000)}${LAST}`, HALVES].entries()) {
      const { buffers, addView, output, pass } = setUpLarge(1_000_000);
      addView(text, text.length);
      await pass(2000);
      expect(buffers.at(-1)).toBe(text.length);
      await pass(4000);
      expect(output.texts.at(-1)).toBe(rests[index] ?? "");
      expect(buffers.at(-1)).toBe(rests[index]?.length ?? 0);
    }
  });

  test("and only those are held against the limit", async () => {
    const { addView, pass, dropped } = setUpLarge(65_000);
    addView(HALVES, HALVES.length);
    await pass(2000);
    // 30,006 bytes of it are left.
    addView(LAST.repeat(3800), 34_200);
    expect(dropped()).toEqual(NONE);
    addView(LAST.repeat(100), 900);
    expect(dropped()).toEqual({ ...NONE, full: 3334 });
  });
});
