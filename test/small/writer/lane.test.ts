/** One batch on its way out: what each answer counts as, what the operator reads, and what of it is to be tried again. */
import { describe, expect, test } from "bun:test";

import { countLines } from "../../../src/line/split.ts";
import { Counters } from "../../../src/metrics/counters.ts";
import { WRITER_COUNTERS } from "../../../src/writer/counters.ts";
import { createLane } from "../../../src/writer/lane.ts";
import type { RetryAnswer, WriteAnswer } from "../../../src/writer/output.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { seededRandom } from "../../support/random.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { AWAY, HeldOutput, REFUSED, TOO_LARGE, WRITTEN } from "./held-output.ts";

const URL = "http://db:8086/write?db=x";

function setUp() {
  const counters = new Counters(WRITER_COUNTERS);
  const log = new RecordingLog();
  const clock = new ManualClock();
  const output = new HeldOutput(clock);
  const state = { isGivenUp: false };
  const send = createLane({ output, counters, clock, log, isGivenUp: () => state.isGivenUp });
  /** What came back to be tried again: `<lines>: <text>`. */
  const back: string[] = [];
  const answers: RetryAnswer[] = [];
  const sendText = (
    text: string,
    answer?: HeldOutput["answer"],
    done: ReadonlySet<() => void> = new Set(),
  ) => {
    output.answer = answer;
    const payload = new TextEncoder().encode(text);
    return send({ payload, lines: countLines(payload), done }, (rest, why) => {
      back.push(`${rest.lines}: ${new TextDecoder().decode(rest.payload)}`);
      answers.push(why);
      expect(rest.done).toBe(done);
    });
  };
  return { counters, log, clock, output, state, back, answers, sendText };
}

const NOTHING = Object.fromEntries(Object.keys(WRITER_COUNTERS).map((name) => [name, 0]));
const TEXT = "a v=1\nb v=2\n";

describe("counts", () => {
  test("what was written, and logs nothing", async () => {
    const { counters, log, sendText } = setUp();
    await sendText(TEXT, WRITTEN);
    expect(counters.snapshot()).toEqual({
      ...NOTHING,
      write_requests: 1,
      written_lines: 2,
      written_bytes: 12,
    } as never);
    expect(log.lines).toEqual([]);
  });

  test("what was rejected as dropped, with InfluxDB's words in the log", async () => {
    const { counters, log, sendText, back } = setUp();
    await sendText(TEXT, { kind: "rejected", reason: "HTTP 400: partial write" });
    expect(counters.snapshot()).toEqual({
      ...NOTHING,
      write_requests: 1,
      failed_writes: 1,
      dropped_write_lines: 2,
    } as never);
    expect(log.lines).toEqual([
      `ERROR cannot write 2 lines to ${URL}, dropped: HTTP 400: partial write`,
    ]);
    expect(back).toEqual([]);
  });

  test("of a partial write the lines that were refused as dropped, the others as written", async () => {
    const { counters, log, sendText } = setUp();
    await sendText(TEXT, { kind: "rejected", reason: "HTTP 400: partial write", refusedLines: 1 });
    expect(counters.snapshot()).toMatchObject({
      failed_writes: 1,
      written_lines: 1,
      dropped_write_lines: 1,
    });
    expect(log.lines).toEqual([
      `ERROR cannot write 1 of 2 lines to ${URL}, dropped: HTTP 400: partial write`,
    ]);
  });

  test("what may be written later as failed, and hands it on with the answer, untouched", async () => {
    const { counters, log, sendText, back, answers } = setUp();
    const answer = { kind: "retry", reason: "HTTP 503", retryAfterMs: 5000 } as const;
    await sendText(TEXT, answer);
    expect(back).toEqual([`2: ${TEXT}`]);
    expect(answers).toEqual([answer]);
    expect(counters.snapshot()).toEqual({
      ...NOTHING,
      write_requests: 1,
      failed_writes: 1,
    } as never);
    expect(log.lines).toEqual([]);
  });
});

test("reports to each delivery once, when the batch is written or refused, and not when it is handed on", async () => {
  const { sendText } = setUp();
  const done: string[] = [];
  const reports = new Set([() => void done.push("first"), () => void done.push("second")]);
  await sendText(TEXT, WRITTEN, reports);
  expect(done).toEqual(["first", "second"]);
  await sendText(TEXT, REFUSED, reports);
  expect(done).toEqual(["first", "second", "first", "second"]);
  await sendText(TEXT, AWAY, reports);
  expect(done.length).toBe(4);
});

test("says of refusal upon refusal only now and then how many there were", async () => {
  const { clock, log, sendText } = setUp();
  for (let i = 0; i < 100; i++) await sendText(TEXT, REFUSED);
  expect(log.lines.length).toBe(1);
  clock.advance(10_000);
  await sendText(TEXT, REFUSED);
  expect(log.lines.length).toBe(2);
  expect(log.lines[1]).toContain("99 more");
});

describe("what is too large at once", () => {
  /** A server that takes so many bytes a request. */
  const atMost =
    (bytes: number) =>
    (text: string): WriteAnswer =>
      text.length > bytes ? TOO_LARGE : WRITTEN;

  test("goes out in halves, cut at a line end, and is done when all of it is", async () => {
    const { counters, log, output, sendText } = setUp();
    let doneCount = 0;
    const done = new Set([() => void doneCount++]);
    await sendText("a v=1\nb v=2\nc v=3\nd v=4\n", atMost(12), done);
    expect(output.texts).toEqual([
      "a v=1\nb v=2\nc v=3\nd v=4\n",
      "a v=1\nb v=2\n",
      "c v=3\nd v=4\n",
    ]);
    expect(doneCount).toBe(1);
    expect(counters.snapshot()).toMatchObject({
      write_requests: 3,
      failed_writes: 1,
      written_lines: 4,
      written_bytes: 24,
      dropped_write_lines: 0,
    });
    expect(log.lines).toEqual([
      `WARN ${URL} refuses 24 bytes at once (HTTP 413): they go out in smaller parts; ` +
        "a smaller batch_max_size saves the vain requests",
    ]);
  });

  test("is halved again and again, and what follows a part that was taken is not tried larger", async () => {
    const { output, sendText } = setUp();
    await sendText("a v=1\nb v=2\nc v=3\nd v=4\ne v=5\n", atMost(8));
    expect(output.texts.map((text) => text.length)).toEqual([30, 12, 6, 6, 6, 6, 6]);
    expect(output.texts.slice(2).join("")).toBe("a v=1\nb v=2\nc v=3\nd v=4\ne v=5\n");
  });

  test("is dropped where one line alone is too large, and nothing else is", async () => {
    const { counters, output, log, sendText } = setUp();
    const long = `long v="${"x".repeat(50)}"\n`;
    await sendText(`a v=1\n${long}b v=2\n`, atMost(20));
    expect(output.texts.filter((text) => text.length <= 20)).toEqual(["a v=1\n", "b v=2\n"]);
    expect(counters.snapshot()).toMatchObject({ written_lines: 2, dropped_write_lines: 1 });
    expect(log.lines.at(-1)).toBe(`ERROR cannot write 1 lines to ${URL}, dropped: HTTP 413`);
  });

  test("is handed on as one batch with all that is not written yet, if a part may be written later", async () => {
    const { counters, output, sendText, back } = setUp();
    let doneCount = 0;
    await sendText(
      "a v=1\nb v=2\nc v=3\nd v=4\n",
      (text) => {
        if (text.length > 6) return TOO_LARGE;
        return text.startsWith("c") ? AWAY : WRITTEN;
      },
      new Set([() => void doneCount++]),
    );
    expect(output.texts.slice(2)).toEqual(["a v=1\n", "b v=2\n", "c v=3\n"]);
    expect(back).toEqual(["2: c v=3\nd v=4\n"]);
    expect(doneCount).toBe(0);
    expect(counters.get("written_lines")).toBe(2);
  });

  test("keeps what a part is refused for to that part", async () => {
    const { counters, sendText } = setUp();
    await sendText("a v=1\nb v=2\nc v=3\nd v=4\n", (text) => {
      if (text.length > 6) return TOO_LARGE;
      return text.startsWith("b") ? REFUSED : WRITTEN;
    });
    expect(counters.snapshot()).toMatchObject({ written_lines: 3, dropped_write_lines: 1 });
  });

  test("is sent no further once the writer has given up", async () => {
    const { output, state, sendText, back } = setUp();
    await sendText("a v=1\nb v=2\n", () => {
      state.isGivenUp = true;
      return TOO_LARGE;
    });
    expect(output.writes.length).toBe(1);
    expect(back).toEqual(["2: a v=1\nb v=2\n"]);
  });

  test("comes through whole for every text and limit: each line is written once, or alone is too large", async () => {
    const random = seededRandom("lane: what is too large");
    for (let round = 0; round < 300; round++) {
      const { counters, output, sendText } = setUp();
      const lines = Array.from(
        { length: 1 + random.int(12) },
        (_, i) => `${"\n".repeat(random.oneIn(5) ? 1 : 0)}m${i} v=${"1".repeat(random.int(30))}\n`,
      );
      const limit = 1 + random.int(60);
      await sendText(lines.join(""), atMost(limit));
      const taken = output.texts.filter((text) => text.length <= limit).join("");
      const fitting = lines.filter((line) => line.trimStart().length <= limit);
      expect(taken.split("\n").filter((line) => line !== "")).toEqual(
        fitting.map((line) => line.trim()),
      );
      expect(counters.get("written_lines")).toBe(fitting.length);
      expect(counters.get("dropped_write_lines")).toBe(lines.length - fitting.length);
    }
  });
});
