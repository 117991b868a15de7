/** Which publications a server refused, how it is found out that it allows them again, and what was lost meanwhile. */
import { expect, test } from "bun:test";

import type { Outgoing } from "../../../src/bus/outbound-queue.ts";
import { PublishRefusals } from "../../../src/bus/publish-refusals.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const NONE: ReadonlyMap<string, number> = new Map();

function start() {
  const clock = new ManualClock();
  const events: string[] = [];
  const state = { canProbe: true };
  const refusals = new PublishRefusals({
    clock,
    refusedFirstMs: 1000,
    refusedMaxMs: 4000,
    probe(subject) {
      events.push(`probe ${subject}`);
      return state.canProbe;
    },
    onAllowed: (subject, lostLines) => void events.push(`allowed ${subject} after ${lostLines}`),
  });
  /** `seen` as "subject lines", in the order of sending; returns what was refused in the same form. */
  const judge = (seen: readonly string[], refused: ReadonlyMap<string, number>) =>
    refusals.judge(seen.map(sent), refused).map(({ subject, lines }) => `${subject} ${lines}`);
  return { clock, events, state, refusals, judge };
}

function sent(text: string): Outgoing {
  const [subject = "", lines = ""] = text.split(" ");
  return { subject, payload: new Uint8Array(0), bytes: 1, lines: Number(lines), onFree: undefined };
}

test("of what was sent while the permission went, the last are the refused; while it came, the first", () => {
  const { refusals, judge } = start();
  const seen = ["a 1", "b 1", "a 2", "b 2", "a 3"];
  expect(judge(seen, new Map([["a", 2]]))).toEqual(["a 2", "a 3"]);
  expect([refusals.has("a"), refusals.has("b"), refusals.lostLines]).toEqual([true, false, 5]);
  expect(judge(["a 4", "a 5", "b 3", "a 6"], new Map([["a", 2]]))).toEqual(["a 4", "a 5"]);
  expect([refusals.has("a"), refusals.isEmpty, refusals.lostLines]).toEqual([false, true, 0]);
});

test("what the server refuses by the name that it maps a subject to is found where only one can be meant", () => {
  const { refusals, judge, clock, events } = start();
  const mapped = (count: number) => new Map([["mapped", count]]);
  // Metrics hold no lines, and "b" is refused by its own name.
  expect(judge(["a 1", "m 0", "b 9", "a 2"], new Map([...mapped(1), ["b", 1]]))).toEqual([
    ...["b 9", "a 2"],
  ]);
  expect([refusals.has("a"), refusals.has("m"), refusals.lostLines]).toEqual([true, false, 11]);
  clock.advance(1000);
  expect(events).toContain("probe a");
  expect(judge(["a 0", "m 0"], mapped(1))).toEqual([]);
  expect(refusals.has("a")).toBe(true);
  expect(judge(["a 0", "m 0"], NONE)).toEqual([]);
  expect(refusals.has("a")).toBe(false);
});

test("where one of several subjects may be meant none is taken for refused", () => {
  const { refusals, judge } = start();
  expect(judge(["a 1", "c 1"], new Map([["mapped", 1]]))).toEqual([]);
  expect(refusals.isEmpty).toBe(true);
});

test("asks again in growing intervals until it is allowed, and tells what was lost", () => {
  const { clock, events, refusals, judge } = start();
  judge(["a 1"], new Map([["a", 1]]));
  refusals.lose("a", 10);
  const waits: number[] = [];
  for (let time = 1; time <= 5; time++) {
    const startMs = clock.monotonicMs();
    while (events.length < time) clock.advance(10);
    waits.push(clock.monotonicMs() - startMs);
    if (time < 5) judge(["a 0"], new Map([["a", 1]]));
  }
  for (const [index, fullMs] of [1000, 2000, 4000, 4000, 4000].entries()) {
    expect(waits[index]).toBeGreaterThanOrEqual(fullMs / 2);
    expect(waits[index]).toBeLessThanOrEqual(fullMs);
  }
  expect(judge(["a 0"], NONE)).toEqual([]);
  expect(events.slice(5)).toEqual(["allowed a after 11"]);
  clock.advance(100_000);
  expect(events.length).toBe(6);
  expect(clock.timerCount).toBe(0);
});

test("tries later what cannot be tried now, and waits for the answer to what was", () => {
  const { clock, events, state, judge } = start();
  judge(["a 1"], new Map([["a", 1]]));
  state.canProbe = false;
  clock.advance(3000);
  expect(events.length).toBeGreaterThanOrEqual(2);
  state.canProbe = true;
  clock.advance(4000);
  events.length = 0;
  clock.advance(100_000);
  expect(events).toEqual([]);
});

test("forgets all with the connection", () => {
  const { clock, events, refusals, judge } = start();
  judge(["a 1", "b 1"], new Map([["a", 1]]));
  refusals.forget();
  clock.advance(100_000);
  expect([refusals.has("a"), refusals.lostLines, events.length]).toEqual([false, 0, 0]);
  expect(clock.timerCount).toBe(0);
});
