/**
 * The shared batch: when it is sent, what holds deliveries back, and when each delivery is done.
 * Expected POST bodies are those of the 1.x writer where it had no defect; a request never exceeds the size limit.
 */
import { describe, expect, test } from "bun:test";

import type { BatchLimits } from "../../../src/batch/batch.ts";
import type { Delivery } from "../../../src/bus/bus.ts";
import { Counters } from "../../../src/metrics/counters.ts";
import { compileRules } from "../../../src/rules/compile.ts";
import { WRITER_COUNTERS } from "../../../src/writer/counters.ts";
import type { OutgoingBatch } from "../../../src/writer/lane.ts";
import { createSelect } from "../../../src/writer/select.ts";
import { SharedBatch } from "../../../src/writer/shared-batch.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { seededRandom } from "../../support/random.ts";
import { RecordingDrops } from "../../support/recording-drops.ts";
import { settle } from "./fake-influxdb.ts";

const NO_LIMITS: BatchLimits = { countMax: 9999, sizeMaxBytes: 1024 * 1024, ageMaxMs: 300_000 };

interface Options {
  readonly limits?: Partial<BatchLimits>;
  readonly workers?: number;
  /** Basic rules. */
  readonly rules?: readonly string[];
}

/** Lanes end when the test calls `finishLane`; without `holdLanes` at once. */
function setUp(options: Options = {}) {
  const clock = new ManualClock();
  const counters = new Counters(WRITER_COUNTERS);
  const sent: string[] = [];
  const open: { batch: OutgoingBatch; end: () => void }[] = [];
  const rules = (options.rules ?? []).map(
    (match) => ({ type: "basic", match, subject: "" }) as const,
  );
  const shared = new SharedBatch({
    limits: { ...NO_LIMITS, ...options.limits },
    countOf: rules.length > 0 ? "lines" : "messages",
    workers: options.workers ?? 1,
    select: createSelect(compileRules(rules), counters, new RecordingDrops()),
    write(batch) {
      sent.push(new TextDecoder().decode(batch.payload));
      counters.add("written_lines", batch.lines);
      const { promise, resolve } = Promise.withResolvers<boolean>();
      open.push({
        batch,
        end: () => {
          for (const done of batch.done) done();
          resolve(true);
        },
      });
      return promise;
    },
    counters,
    clock,
  });

  const done: string[] = [];
  const held = new Set<string>();
  const deliver = (text: string, name = text) => {
    const delivery: Delivery = {
      subject: "s",
      payload: new TextEncoder().encode(text),
      done: () => void done.push(name),
      retry: () => {},
    };
    const wait = shared.deliver(delivery);
    if (wait === undefined) return;
    held.add(name);
    void wait.then(() => held.delete(name));
  };
  const endLane = async () => {
    open.shift()?.end();
    await settle();
  };
  return { clock, counters, sent, shared, deliver, done, held, endLane };
}

describe("is sent", () => {
  test("when it holds as many messages as the count limit says, a missing newline added to each", async () => {
    const { deliver, sent } = setUp({ limits: { countMax: 3 }, workers: 9 });
    for (const text of ["a v=1\n", "b v=2", "c v=3\nc v=4", "d v=5\n"]) deliver(text);
    expect(sent).toEqual(["a v=1\nb v=2\nc v=3\nc v=4\n"]);
  });

  test("at once if the count limit is 1", () => {
    const { deliver, sent } = setUp({ limits: { countMax: 1 }, workers: 9 });
    for (const text of ["a v=1\n", "b v=2\n"]) deliver(text);
    expect(sent).toEqual(["a v=1\n", "b v=2\n"]);
  });

  test("with rules, when it holds as many matching lines, the message always whole", () => {
    const { deliver, sent } = setUp({ limits: { countMax: 2 }, rules: ["a"], workers: 9 });
    deliver("a v=1\nb v=1\nb v=2\n");
    deliver("b v=3\n");
    expect(sent).toEqual([]);
    deliver("a v=2\r\na v=3\nb v=4\na v=4\n");
    expect(sent).toEqual(["a v=1\na v=2\na v=3\na v=4\n"]);
  });

  test("when its bytes reach the size limit, exactly", () => {
    const quarter = `a v="${"x".repeat(256 * 1024 - 7)}"\n`;
    const { deliver, sent } = setUp({ limits: { sizeMaxBytes: 1024 * 1024 } });
    for (let i = 0; i < 3; i++) deliver(quarter);
    expect(sent).toEqual([]);
    deliver(quarter);
    expect(sent.map((body) => body.length)).toEqual([1024 * 1024]);
  });

  test("before a message that would take it over the size limit", async () => {
    const message = "a v=12345\nb v=12345\nc v=12345\n"; // 30 bytes
    const { deliver, sent, shared } = setUp({ limits: { sizeMaxBytes: 100 }, workers: 9 });
    for (let i = 0; i < 4; i++) deliver(message);
    await settle();
    expect(sent).toEqual([message.repeat(3)]);
    void shared.finish();
    expect(sent).toEqual([message.repeat(3), message]);
  });

  test("when it is as old as the age limit says, counted from its first message, and not when it is empty", async () => {
    const { clock, deliver, sent, endLane } = setUp({ limits: { ageMaxMs: 1000 } });
    clock.advance(5000);
    deliver("a v=1\n");
    clock.advance(600);
    deliver("b v=1\n");
    clock.advance(399);
    expect(sent).toEqual([]);
    clock.advance(1);
    expect(sent).toEqual(["a v=1\nb v=1\n"]);
    await endLane();
    deliver("c v=1\n");
    clock.advance(999);
    expect(sent.length).toBe(1);
    clock.advance(1);
    clock.advance(5000);
    expect(sent).toEqual(["a v=1\nb v=1\n", "c v=1\n"]);
  });

  test("never without a line in it", () => {
    const { clock, deliver, sent, done } = setUp({
      limits: { countMax: 1, ageMaxMs: 10 },
      rules: ["a"],
    });
    for (const text of ["", "\n\r\n", "b v=1\n"]) deliver(text);
    clock.advance(1000);
    expect(sent).toEqual([]);
    expect(done).toEqual(["", "\n\r\n", "b v=1\n"]);
  });
});

describe("a message longer than one request may be", () => {
  test("is cut at line ends", async () => {
    const requestsFor = async (text: string) => {
      const { deliver, sent, shared } = setUp({ limits: { sizeMaxBytes: 10 }, workers: 9 });
      deliver(text);
      await settle();
      void shared.finish();
      return sent;
    };
    expect(await requestsFor("aaaa\nbbbb\ncccc\ndddd\n")).toEqual(["aaaa\nbbbb\n", "cccc\ndddd\n"]);
    expect(await requestsFor("123456789\n12345678\n")).toEqual(["123456789\n", "12345678\n"]);
    expect(await requestsFor("1234567890\nx\n")).toEqual(["1234567890\n", "x\n"]);
  });

  test("is never torn within a line: one that is too long goes alone", async () => {
    const { deliver, sent, shared } = setUp({ limits: { sizeMaxBytes: 9 }, workers: 9 });
    deliver("a\n1234567890\nb\n12345678\nc");
    await settle();
    void shared.finish();
    expect(sent).toEqual(["a\n", "1234567890\n", "b\n", "12345678\n", "c\n"]);
  });

  test("is cut with its missing newline in mind", async () => {
    const { deliver, sent, shared } = setUp({ limits: { sizeMaxBytes: 10 }, workers: 9 });
    deliver("aaaa\nbbbbb"); // ten bytes, with its newline eleven
    await settle();
    void shared.finish();
    expect(sent).toEqual(["aaaa\n", "bbbbb\n"]);
  });

  test("is cut with rules after they have left lines out", async () => {
    const { deliver, sent, shared, counters } = setUp({
      limits: { sizeMaxBytes: 12 },
      rules: ["a"],
      workers: 9,
    });
    deliver("a v=1\nb v=1\nb v=2\na v=2\na v=3\na v=4\n");
    await settle();
    void shared.finish();
    expect(sent).toEqual(["a v=1\n", "a v=2\na v=3\n", "a v=4\n"]);
    expect(counters.snapshot()).toMatchObject({ received_lines: 6, unmatched_lines: 2 });
  });

  test("is done when its last piece is, in whatever order the pieces end", async () => {
    const { deliver, done, shared, endLane } = setUp({ limits: { sizeMaxBytes: 5 }, workers: 2 });
    deliver("aaaa\nbbbb\ncccc\ndd", "long");
    await settle();
    void shared.finish();
    for (let ended = 1; ended <= 4; ended++) {
      expect(done).toEqual([]);
      await endLane();
    }
    expect(done).toEqual(["long"]);
  });
});

describe("while all lanes are busy", () => {
  test("as many batches are sent at once as there are workers", () => {
    const { deliver, sent } = setUp({ limits: { countMax: 1 }, workers: 3 });
    for (const text of ["a\n", "b\n", "c\n", "d\n"]) deliver(text);
    expect(sent).toEqual(["a\n", "b\n", "c\n"]);
  });

  test("a full batch holds deliveries back, until a lane is free", async () => {
    const { deliver, sent, held, endLane } = setUp({ limits: { countMax: 1 } });
    for (const text of ["a\n", "b\n", "c\n", "d\n"]) deliver(text);
    await settle();
    expect([...held]).toEqual(["c\n", "d\n"]);
    await endLane();
    expect(sent).toEqual(["a\n", "b\n"]);
    expect([...held]).toEqual(["d\n"]);
    await endLane();
    expect([...held]).toEqual([]);
    await endLane();
    expect(sent).toEqual(["a\n", "b\n", "c\n", "d\n"]);
  });

  test("a message that does not fit waits, and the batch does not grow", async () => {
    const { deliver, sent, held, shared, endLane } = setUp({ limits: { sizeMaxBytes: 5 } });
    for (const text of ["a1\nb", "c\n", "long\nlonger\n", "d\n"]) deliver(text);
    await settle();
    expect(sent).toEqual(["a1\nb\n"]);
    for (let i = 0; i < 4; i++) await endLane();
    void shared.finish();
    expect(sent).toEqual(["a1\nb\n", "c\n", "long\n", "longer\n", "d\n"]);
    expect([...held]).toEqual([]);
  });

  test("a batch that is old but not full takes more, and goes with the first free lane", async () => {
    const { clock, deliver, sent, held, endLane } = setUp({
      limits: { countMax: 3, ageMaxMs: 100 },
    });
    deliver("a\n");
    clock.advance(100);
    deliver("b\n");
    clock.advance(100);
    deliver("c\n");
    expect(sent).toEqual(["a\n"]);
    expect([...held]).toEqual([]);
    await endLane();
    expect(sent).toEqual(["a\n", "b\nc\n"]);
  });
});

describe("a delivery", () => {
  test("is done when the batch that holds it is, not before", async () => {
    const { deliver, done, endLane } = setUp({ limits: { countMax: 2 } });
    for (const text of ["a\n", "b\n", "c\n"]) deliver(text);
    await settle();
    expect(done).toEqual([]);
    await endLane();
    expect(done).toEqual(["a\n", "b\n"]);
  });

  test("is done at once if nothing of it is to be written", () => {
    const { deliver, done } = setUp({ rules: ["a"] });
    deliver("b v=1\n");
    expect(done).toEqual(["b v=1\n"]);
  });
});

describe("stopping", () => {
  test("sends the incomplete batch and waits for every lane", async () => {
    const { deliver, sent, shared, endLane } = setUp({ limits: { countMax: 2 }, workers: 1 });
    for (const text of ["a\n", "b\n", "c\n"]) deliver(text);
    let isFinished = false;
    void shared.finish().then(() => {
      isFinished = true;
    });
    await endLane();
    expect(sent).toEqual(["a\nb\n", "c\n"]);
    expect(isFinished).toBe(false);
    await endLane();
    expect(isFinished).toBe(true);
  });

  test("is over at once if there is nothing", async () => {
    await setUp().shared.finish();
  });

  test("without time drops and counts what is in the batch, held back or delivered later", async () => {
    const { clock, counters, deliver, done, held, sent, shared, endLane } = setUp({
      limits: { countMax: 1 },
    });
    for (const text of ["a\n", "b\n", "c\nc\n", "d\nd\nd\n"]) deliver(text);
    shared.giveUp();
    await settle();
    expect([...held]).toEqual([]);
    deliver("e\n");
    expect(done).toEqual(["b\n", "c\nc\n", "d\nd\nd\n", "e\n"]);
    await endLane();
    await shared.finish();
    expect(sent).toEqual(["a\n"]);
    expect(counters.snapshot()).toMatchObject({ received_lines: 8, dropped_stop_lines: 7 });
    expect(clock.timerCount).toBe(0);
  });

  test("without time drops and counts the rest of a message that is half in", async () => {
    const { counters, deliver, done, shared, endLane } = setUp({ limits: { sizeMaxBytes: 4 } });
    deliver("aa\nbb\ncc\ndd\n", "long");
    await settle();
    shared.giveUp();
    await endLane();
    await shared.finish();
    expect(done).toEqual(["long"]);
    expect(counters.snapshot()).toMatchObject({
      received_lines: 4,
      written_lines: 1,
      dropped_stop_lines: 3,
    });
  });
});

test("whatever comes, each line is sent once, in a request within the limit, and each delivery done once", async () => {
  const random = seededRandom("shared batch");
  for (let round = 0; round < 200; round++) {
    const sizeMaxBytes = 5 + random.int(60);
    const limits = { sizeMaxBytes, countMax: 1 + random.int(6), ageMaxMs: 1000 };
    const rules = random.oneIn(2) ? ["a", "b"] : [];
    const rig = setUp({ limits, workers: 1 + random.int(3), rules });
    const expected: string[] = [];
    const names: string[] = [];
    for (let message = 0; message < 30; message++) {
      let text = "";
      for (let line = random.int(6); line > 0; line--) {
        const content = `${random.pick(["a", "b", "c"])} v=${expected.length}${"0".repeat(random.int(12))}`;
        if (rules.length === 0 || !content.startsWith("c")) expected.push(content);
        text += content + (line === 1 && random.oneIn(3) ? "" : "\n");
      }
      names.push(`${message}`);
      rig.deliver(text, `${message}`);
      if (random.oneIn(5)) rig.clock.advance(500);
      if (random.oneIn(2)) await rig.endLane();
      if (random.oneIn(4)) await settle();
    }
    let isFinished = false;
    void rig.shared.finish().then(() => {
      isFinished = true;
    });
    while (!isFinished) await rig.endLane();

    const linesOf = (body: string) => body.split("\n").slice(0, -1);
    expect(rig.sent.flatMap(linesOf).sort()).toEqual(expected.sort());
    const tooLong = rig.sent.filter(
      (body) => body.length > sizeMaxBytes && linesOf(body).length > 1,
    );
    expect(tooLong).toEqual([]);
    expect(rig.done.sort()).toEqual(names.sort());
    expect(rig.held.size).toBe(0);
  }
});
