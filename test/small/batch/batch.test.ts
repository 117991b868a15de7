/** A batch says when it is full or old, and never touches bytes that it gave away. */
import { expect, test } from "bun:test";

import { Batch, type BatchLimits } from "../../../src/batch/batch.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { randomBytes, seededRandom } from "../../support/random.ts";

function newBatch(limits: Partial<BatchLimits> = {}) {
  const clock = new ManualClock();
  const aged: number[] = [];
  const batch = new Batch(
    { countMax: 1000, sizeMaxBytes: 1_000_000, ageMaxMs: 1000, ...limits },
    clock,
    () => void aged.push(clock.monotonicMs()),
  );
  const add = (text: string, lines = 1) => batch.add(Buffer.from(text), lines);
  const take = () => {
    const { payload, count, lines } = batch.take();
    return { text: Buffer.from(payload).toString(), count, lines };
  };
  return { batch, clock, aged, add, take };
}

test("gives the bytes, payloads and lines that were added, in order, and starts anew", () => {
  const { batch, add, take } = newBatch();
  expect(batch.isEmpty).toBe(true);
  add("a v=1\n");
  add("b v=1\nc v=1\n", 2);
  expect([batch.isEmpty, batch.sizeBytes, batch.lines]).toEqual([false, 18, 3]);
  expect(take()).toEqual({ text: "a v=1\nb v=1\nc v=1\n", count: 2, lines: 3 });
  expect([batch.isEmpty, batch.sizeBytes, batch.lines]).toEqual([true, 0, 0]);
  add("d v=1\n");
  expect(take()).toEqual({ text: "d v=1\n", count: 1, lines: 1 });
});

test("ends each payload with a newline, and none with two", () => {
  const { add, take } = newBatch();
  add("a v=1");
  add("b v=2\n");
  add("c v=3\r\n");
  add("");
  expect(take()).toEqual({ text: "a v=1\nb v=2\nc v=3\r\n", count: 4, lines: 4 });
});

test("adds a part of a payload as a payload", () => {
  const { batch, take } = newBatch();
  batch.add(Buffer.from("a v=1\nb v=2\nc v=3\n"), 1, 6, 12);
  batch.add(Buffer.from("a v=1\nb v=2\nc v=3\n"), 1, 12, 17);
  expect(take()).toEqual({ text: "b v=2\nc v=3\n", count: 2, lines: 2 });
});

test("is full at the count of payloads, whatever their lines", () => {
  const { add } = newBatch({ countMax: 3 });
  expect([add("a\n", 9), add("b\n", 9), add("c\n", 9)]).toEqual([false, false, true]);
});

test("is full at its size, the added newline counted, and says beforehand what fits", () => {
  const { batch, add, take } = newBatch({ sizeMaxBytes: 10 });
  expect(add("1234\n")).toBe(false);
  expect([batch.fits(5), batch.fits(6)]).toEqual([true, false]);
  expect(add("6789")).toBe(true);
  expect(batch.fits(1)).toBe(false);
  take();
  expect(batch.fits(10)).toBe(true);
});

test("is old at its age, counted from the first payload", () => {
  const { clock, aged, add } = newBatch({ ageMaxMs: 1000 });
  clock.advance(5000);
  add("a\n");
  clock.advance(999);
  add("b\n");
  expect([aged, clock.timerCount]).toEqual([[], 1]);
  clock.advance(1);
  expect([aged, clock.timerCount]).toEqual([[6000], 0]);
});

test("starts its age anew with the first payload after it was taken", () => {
  const { clock, aged, add, take } = newBatch({ ageMaxMs: 1000 });
  add("a\n");
  clock.advance(600);
  take();
  clock.advance(600);
  expect([aged, clock.timerCount]).toEqual([[], 0]);
  add("b\n");
  clock.advance(999);
  expect(aged).toEqual([]);
  clock.advance(1);
  expect(aged).toEqual([2200]);
});

test("an empty batch never grows old and gives no bytes", () => {
  const { clock, aged, take } = newBatch();
  clock.advance(10_000);
  expect([aged, clock.timerCount]).toEqual([[], 0]);
  expect(take()).toEqual({ text: "", count: 0, lines: 0 });
});

test("never writes to bytes that it gave away, nor to those that it was given", () => {
  const random = seededRandom("batch");
  const { batch } = newBatch();
  const taken: { payload: Uint8Array; expected: Buffer }[] = [];
  let expected: Buffer[] = [];
  for (let round = 0; round < 500; round++) {
    const payload = Buffer.concat([randomBytes(random, random.int(3000)), Buffer.from("x")]);
    const before = Buffer.from(payload);
    batch.add(payload, 1);
    expect(payload).toEqual(before);
    expected.push(before, Buffer.from("\n"));
    payload.fill(0);
    if (!random.oneIn(10)) continue;
    taken.push({ payload: batch.take().payload, expected: Buffer.concat(expected) });
    expected = [];
  }
  for (const { payload, expected } of taken) expect(expected.equals(payload)).toBe(true);
});

test("writes the next batch over bytes that came back, and over them alone", () => {
  const { batch } = newBatch();
  const full = new TextEncoder().encode("a".repeat(3000));
  batch.add(full, 1);
  const first = batch.take().payload;
  batch.reuse(first);
  batch.add(full.subarray(0, 2500), 1);
  const second = batch.take().payload;
  expect(second.buffer === first.buffer).toBe(true);
  expect(second.length).toBe(2501);

  // What comes back while a batch is being filled is for the one after it.
  batch.add(full, 1);
  batch.reuse(second);
  const third = batch.take().payload;
  expect(third.buffer === first.buffer).toBe(false);
  expect(third.length).toBe(3001);
  batch.add(full, 1);
  const fourth = batch.take().payload;
  expect(fourth.buffer === first.buffer).toBe(true);
  expect(fourth.length).toBe(3001);
});
