/** Goal: the time in which a thread waited is told as such. Method: profiles written by hand, an interval of 10 ms. */
import { expect, test } from "bun:test";
import type { Profiler } from "node:inspector";

import { withIdleTime } from "../../../src/platform/idle-time.ts";

const place = { scriptId: "0", url: "", lineNumber: -1, columnNumber: -1 };
const node = (id: number, functionName: string, hitCount: number, children?: number[]) => ({
  id,
  callFrame: { functionName, ...place },
  hitCount,
  ...(children && { children }),
});

const ROOT = node(1, "(root)", 0, [2]);
const WORK = node(2, "work", 0);
const IDLE = 3;

/** A sample of node 2 at each of these times, in ms; what is made of them for `tookMs`, as `[node, at ms]`. */
function samplesOf(timesMs: readonly number[], tookMs: number) {
  const profile: Profiler.Profile = {
    nodes: [ROOT, WORK],
    startTime: 5_000_000,
    endTime: 5_000_000 + (timesMs.at(-1) ?? 0) * 1000,
    samples: timesMs.map(() => 2),
    timeDeltas: timesMs.map((timeMs, index) => (timeMs - (timesMs[index - 1] ?? 0)) * 1000),
  };
  const whole = withIdleTime(profile, { intervalUs: 10_000, tookUs: tookMs * 1000 });
  const { samples = [], timeDeltas = [] } = whole;
  let atUs = 0;
  const placed = samples.map((sample, index) => {
    atUs += timeDeltas[index] ?? 0;
    return [sample, atUs / 1000];
  });
  return { whole, placed, idleHits: whole.nodes.at(-1)?.hitCount };
}

test("work that goes on from sample to sample stays as it is", () => {
  const { placed, idleHits } = samplesOf([9, 20, 39, 48], 58);
  expect(placed).toEqual([
    [2, 9],
    [2, 20],
    [2, 39],
    [2, 48],
  ]);
  expect(idleHits).toBe(0);
});

test("a sample stands for one interval if none follows soon, and what is left is idle", () => {
  const { placed, idleHits } = samplesOf([50, 60, 80, 300], 400);
  expect(placed).toEqual([
    [IDLE, 0],
    [2, 50],
    [2, 60],
    [IDLE, 70],
    [2, 80],
    [IDLE, 90],
    [2, 300],
    [IDLE, 310],
  ]);
  // 50, 10, 210 and 90 ms.
  expect(idleHits).toBe(36);
});

test("a thread that only waited has a profile of that length all the same", () => {
  const { whole } = samplesOf([], 1000);
  expect(whole).toEqual({
    nodes: [
      { ...ROOT, children: [2, IDLE] },
      WORK,
      { id: IDLE, callFrame: { functionName: "(idle)", ...place }, hitCount: 100 },
    ],
    startTime: 5_000_000,
    endTime: 6_000_000,
    samples: [IDLE],
    timeDeltas: [0],
  });
});

test("the end is not before the last sample", () => {
  const { whole, placed } = samplesOf([9, 18], 17);
  expect(placed).toEqual([
    [2, 9],
    [2, 18],
  ]);
  expect(whole.endTime).toBe(5_018_000);
});
