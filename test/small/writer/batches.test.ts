/** Goal: each delivery goes to the batch of its name, there are never more of those than allowed, and all of them stop. */
import { describe, expect, test } from "bun:test";

import { Counters } from "../../../src/metrics/counters.ts";
import { compileRules } from "../../../src/rules/compile.ts";
import { Batches } from "../../../src/writer/batches.ts";
import { WRITER_COUNTERS } from "../../../src/writer/counters.ts";
import { createSelect } from "../../../src/writer/select.ts";
import { SharedBatch } from "../../../src/writer/shared-batch.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { RecordingDrops } from "../../support/recording-drops.ts";
import { settle } from "./fake-influxdb.ts";

function setUp({ countMax = 1, namesMax = 2, held = false } = {}) {
  const counters = new Counters(WRITER_COUNTERS);
  const clock = new ManualClock();
  /** `name: lines` of each batch that was written. */
  const written: string[] = [];
  const events: string[] = [];
  const release = Promise.withResolvers<void>();
  if (!held) release.resolve();
  const batches = new Batches({
    nameOf: (subject) => subject.toUpperCase(),
    namesMax,
    overflowName: "rest",
    onOverflow: () => events.push("overflow"),
    close: async () => void events.push("close all"),
    abort: () => events.push("abort all"),
    open(name) {
      events.push(`open ${name}`);
      const batch = new SharedBatch({
        limits: { countMax, sizeMaxBytes: 1000, ageMaxMs: 1000 },
        countOf: "messages",
        workers: 1,
        select: createSelect(compileRules([]), counters, new RecordingDrops()),
        async write({ payload, done }) {
          await release.promise;
          written.push(`${name}: ${new TextDecoder().decode(payload)}`);
          for (const reportDone of done) reportDone();
          return true;
        },
        counters,
        clock,
      });
      const output = {
        target: name,
        write: () => Promise.reject(new Error("the lane is the test's")),
        abort: () => events.push(`abort ${name}`),
        close: async () => void events.push(`close ${name}`),
      };
      const retries = {
        async finish(noMore: Promise<void>) {
          events.push(`retry ${name}`);
          await noMore;
          events.push(`retried ${name}, ${written.length} written`);
        },
        giveUp: () => void events.push(`give up ${name}`),
      };
      return { batch, retries, output };
    },
  });
  const deliver = (subject: string, text: string) =>
    batches.deliver({
      subject,
      payload: new TextEncoder().encode(text),
      done: () => {},
      retry: () => {},
    });
  return { batches, deliver, written, events, counters, release };
}

describe("a delivery", () => {
  test("goes to the batch of its name, which is made when the first comes", async () => {
    const { deliver, written, events } = setUp();
    expect(events).toEqual([]);
    await deliver("a", "a v=1\n");
    await deliver("b", "b v=1\n");
    await deliver("A", "a v=2\n");
    await settle();
    expect(written).toEqual(["A: a v=1\n", "B: b v=1\n", "A: a v=2\n"]);
    expect(events).toEqual(["open A", "open B"]);
  });

  test("on one subject too many shares a batch with all others of that kind", async () => {
    const { deliver, written, events } = setUp();
    for (const subject of ["a", "b", "c", "d", "a", "c"])
      await deliver(subject, `${subject} v=1\n`);
    await settle();
    expect(written).toEqual([
      "A: a v=1\n",
      "B: b v=1\n",
      "rest: c v=1\n",
      "rest: d v=1\n",
      "A: a v=1\n",
      "rest: c v=1\n",
    ]);
    expect(events).toEqual(["open A", "open B", "overflow", "open rest"]);
  });

  test("is held back by its own batch alone", async () => {
    const { deliver, release } = setUp({ held: true });
    await deliver("a", "a v=1\n");
    await deliver("a", "a v=2\n");
    const held = deliver("a", "a v=3\n");
    expect(held).toBeInstanceOf(Promise);
    expect(deliver("b", "b v=1\n")).toBeUndefined();
    release.resolve();
    await held;
  });
});

describe("stopping", () => {
  test("writes what is in every batch, and in retry at the same time, then closes the outputs", async () => {
    const { batches, deliver, written, events } = setUp({ countMax: 10 });
    await deliver("a", "a v=1\n");
    await deliver("b", "b v=1\n");
    expect(written).toEqual([]);
    await batches.finish();
    expect(written).toEqual(["A: a v=1\n", "B: b v=1\n"]);
    expect(events.slice(2)).toEqual([
      "retry A",
      "retry B",
      "retried A, 2 written",
      "retried B, 2 written",
      "close A",
      "close B",
      "close all",
    ]);
  });

  test("is over at once where nothing ever came", async () => {
    const { batches, events } = setUp();
    await batches.finish();
    expect(events).toEqual(["close all"]);
  });

  test("without time drops and counts everything, also on a subject that is new", async () => {
    const { batches, deliver, events, counters } = setUp({ countMax: 10 });
    await deliver("a", "a v=1\na v=2\n");
    expect(batches.isGivenUp).toBe(false);
    batches.giveUp();
    expect(batches.isGivenUp).toBe(true);
    await deliver("a", "a v=3\n");
    await deliver("b", "b v=1\n");
    expect(events).toEqual(["open A", "abort all", "give up A", "abort A", "open B", "give up B"]);
    expect(counters.snapshot()).toMatchObject({ received_lines: 4, dropped_stop_lines: 4 });
  });
});
