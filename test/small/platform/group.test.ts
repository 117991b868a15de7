/** Several components as one. Method: members that note what is asked of them. */
import { expect, test } from "bun:test";

import { SpoutError } from "../../../src/platform/errors.ts";
import { type Member, startGroup } from "../../../src/platform/group.ts";
import { deadlineIn, type Running } from "../../../src/platform/lifecycle.ts";
import { ManualClock } from "../../support/manual-clock.ts";

/** Members that write down when they start and stop, and with how much time. */
function createNotebook(clock: ManualClock) {
  const notes: string[] = [];
  const running = (name: string, over: Partial<Running> = {}): Running => ({
    name,
    ready: () => true,
    metrics: () => [],
    stop: async (deadline) => {
      notes.push(`stop ${name} in ${Math.round(deadline.remainingMs())} ms`);
      return { lostLines: 0 };
    },
    failed: new Promise(() => {}),
    ...over,
  });
  const member = (name: string, over: Partial<Running> = {}): Member => ({
    name,
    start: async () => {
      notes.push(`start ${name}`);
      return running(name, over);
    },
  });
  return { notes, member, options: { name: "all", stopTimeoutMs: 900, clock } };
}

test("starts stage after stage, and stops them the other way round, each with its share of the time", async () => {
  const clock = new ManualClock();
  const { notes, member, options } = createNotebook(clock);
  const stages = [[member("writer")], [member("filter")], [member("udp"), member("http")]];
  const group = await startGroup({ ...options, stages });
  expect(notes.splice(0)).toEqual(["start writer", "start filter", "start udp", "start http"]);
  await group.stop(deadlineIn(clock, 900));
  expect(notes).toEqual([
    "stop udp in 300 ms",
    "stop http in 300 ms",
    "stop filter in 450 ms",
    "stop writer in 900 ms",
  ]);
});

test("is ready when every member is, and adds up what they lost", async () => {
  const clock = new ManualClock();
  const { member, options } = createNotebook(clock);
  let isReady = false;
  const stop = async () => ({ lostLines: 2 });
  const stages = [[member("a", { ready: () => isReady, stop })], [member("b", { stop })]];
  const group = await startGroup({ ...options, stages });
  expect(group.ready()).toBe(false);
  isReady = true;
  expect(group.ready()).toBe(true);
  expect(await group.stop(deadlineIn(clock, 900))).toEqual({ lostLines: 4 });
});

test("is alive when every member that can tell is, and counts what all of them do", async () => {
  const clock = new ManualClock();
  const { member, options } = createNotebook(clock);
  let isAlive = true;
  const set = (name: string) => ({ measurement: "m", tags: { c: name }, counts: { n: 1 } });
  const stages = [
    [member("a", { metrics: () => [set("a")] })],
    [member("b", { alive: () => isAlive, metrics: () => [set("b"), set("c")] })],
  ];
  const group = await startGroup({ ...options, stages });
  expect(group.alive?.()).toBe(true);
  isAlive = false;
  expect(group.alive?.()).toBe(false);
  expect(group.metrics()).toEqual([set("a"), set("b"), set("c")]);
});

test("names the member that cannot start, after stopping those that had", async () => {
  const { notes, member, options } = createNotebook(new ManualClock());
  const taken: Member = {
    name: 'listener "udp"',
    start: () => Promise.reject(new SpoutError("cannot bind port 10001: taken")),
  };
  const starting = startGroup({ ...options, stages: [[member("writer")], [taken]] });
  await expect(starting).rejects.toThrow('listener "udp": cannot bind port 10001: taken');
  expect(notes).toEqual(["start writer", "stop writer in 900 ms"]);
});

test("fails with the first member that does, and names it", async () => {
  const { member, options } = createNotebook(new ManualClock());
  const broken = Promise.resolve(new SpoutError("the disk is gone"));
  const stages = [[member("a")], [member('writer "b"', { failed: broken })]];
  const group = await startGroup({ ...options, stages });
  expect((await group.failed).message).toBe('writer "b": the disk is gone');
});

test("what a stage does not need of its time, and what would be an empty one's, is for the next", async () => {
  const clock = new ManualClock();
  const { notes, member, options } = createNotebook(clock);
  const stop = async () => {
    clock.advance(100);
    return { lostLines: 0 };
  };
  const stages = [[], [member("writer")], [], [member("filter", { stop })], [], []];
  const group = await startGroup({ ...options, stages });
  notes.length = 0;
  await group.stop(deadlineIn(clock, 900));
  expect(notes).toEqual(["stop writer in 800 ms"]);
});

test("shares the time by the weights of the stages", async () => {
  const clock = new ManualClock();
  const { notes, member, options } = createNotebook(clock);
  const weighing = (name: string, stopWeight: number) => ({ ...member(name), stopWeight });
  const stages = [[weighing("metrics", 0.5)], [weighing("writer", 3)], [weighing("filter", 1)]];
  const group = await startGroup({ ...options, stages });
  notes.length = 0;
  await group.stop(deadlineIn(clock, 900));
  expect(notes).toEqual([
    "stop filter in 200 ms",
    "stop writer in 771 ms",
    "stop metrics in 900 ms",
  ]);
});

test("members in a circle that hand on lines while they stop may have lost some, and nobody knows how many", async () => {
  const clock = new ManualClock();
  const { member, options } = createNotebook(clock);
  let sent = 7;
  const metrics = () => [{ measurement: "m", tags: { c: "a" }, counts: { sent_lines: sent } }];
  const stopped = (isInCircle: boolean, linesAtStop: number) => {
    const stop = async () => {
      sent += linesAtStop;
      return { lostLines: 1 };
    };
    const stages = [[{ ...member("a", { metrics, stop }), isInCircle }]];
    return startGroup({ ...options, stages }).then((group) => group.stop(deadlineIn(clock, 900)));
  };
  expect(await stopped(true, 0)).toEqual({ lostLines: 1 });
  expect(await stopped(true, 1)).toEqual({ lostLines: 1, isUncounted: true });
  expect(await stopped(false, 1)).toEqual({ lostLines: 1 });
});
