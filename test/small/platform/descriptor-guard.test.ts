/** The guard of descriptors, with a kernel that the test plays: a process with 800 descriptors, 100 of them to be spared. */
import { expect, test } from "bun:test";

import { guardDescriptors } from "../../../src/platform/descriptor-guard.ts";
import type { Connection } from "../../../src/platform/descriptors.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";

function setUp() {
  const clock = new ManualClock();
  const log = new RecordingLog();
  const kernel = {
    lowestFree: 10 as number | undefined,
    connections: [] as Connection[],
    ended: [] as number[],
    isOpen: true,
    scans: 0,
  };
  const cancel = guardDescriptors({
    port: 8086,
    clock,
    log,
    openCalls: () => ({
      limit: () => 800,
      lowestFree: () => kernel.lowestFree,
      connectionsOf() {
        kernel.scans++;
        return kernel.connections;
      },
      end: ({ fd }) => void kernel.ended.push(fd),
      gateOf: () => ({
        close: () => void (kernel.isOpen = false),
        open: () => void (kernel.isOpen = true),
      }),
    }),
  });
  const have = (sender: string, count: number, quietMs: (index: number) => number) => {
    for (let index = 0; index < count; index++) {
      const fd = kernel.connections.length;
      kernel.connections.push({ fd, sender, quietMs: quietMs(index) });
    }
  };
  return { clock, log, kernel, cancel, have };
}

test("while descriptors are many nothing happens, and nobody is looked for", () => {
  const { clock, log, kernel, have } = setUp();
  have("a", 600, () => 0);
  kernel.lowestFree = 699;
  clock.advance(60_000);
  expect(kernel).toMatchObject({ ended: [], isOpen: true, scans: 0 });
  expect(log.lines).toEqual([]);
});

test("when they are few, connections wait for a quarter of a second, and a quarter of them is ended: the quietest", () => {
  const { clock, log, kernel, have } = setUp();
  have("a", 400, (index) => (index % 4 === 3 ? 5000 + index : index));
  kernel.lowestFree = 700;
  clock.advance(200);
  expect(kernel.isOpen).toBe(false);
  expect(kernel.ended.toSorted((left, right) => left - right)).toEqual(
    Array.from({ length: 100 }, (_, index) => index * 4 + 3),
  );
  kernel.lowestFree = 300;
  clock.advance(249);
  expect(kernel.isOpen).toBe(false);
  clock.advance(1);
  expect(kernel.isOpen).toBe(true);
  expect(log.lines).toEqual([
    "WARN clients have 400 connections to port 8086, and 800 file descriptors are all there are: ended 100 connections, " +
      "of who has most those that were quiet for longest; let clients make fewer, or raise the limit " +
      "(LimitNOFILE= of systemd, ulimit -n)",
  ]);
});

test("also when none is free", () => {
  const { clock, kernel, have } = setUp();
  have("a", 700, () => 0);
  kernel.lowestFree = undefined;
  clock.advance(200);
  expect(kernel).toMatchObject({ isOpen: false, scans: 1 });
  expect(kernel.ended).toHaveLength(175);
});

test("who has few connections keeps them, however quiet they are", () => {
  const { clock, kernel, have } = setUp();
  have("few", 40, () => 100_000);
  have("many", 360, () => 1);
  kernel.lowestFree = 750;
  clock.advance(200);
  expect(kernel.ended).toHaveLength(100);
  expect(kernel.ended.filter((fd) => fd < 40)).toEqual([]);
});

test("a server whose clients are not the cause serves on", () => {
  const { clock, log, kernel, have } = setUp();
  have("scraper", 99, () => 1000);
  kernel.lowestFree = undefined;
  clock.advance(10_000);
  expect(kernel).toMatchObject({ ended: [], isOpen: true });
  expect(log.lines).toEqual([]);
});

test("for a while afterwards it looks every ten milliseconds, and tells the log every ten seconds", () => {
  const { clock, log, kernel, have } = setUp();
  have("a", 700, () => 0);
  for (let round = 0; round < 3; round++) {
    kernel.lowestFree = undefined;
    clock.advance(round === 0 ? 200 : 10);
    expect(kernel.isOpen).toBe(false);
    kernel.lowestFree = 20;
    clock.advance(250);
    expect(kernel.isOpen).toBe(true);
  }
  expect(log.lines).toHaveLength(1);
});

test("it leaves no timer behind, and does nothing where there are no such calls", () => {
  const { clock, cancel } = setUp();
  clock.advance(1000);
  cancel();
  expect(clock.timerCount).toBe(0);
  const elsewhere = new ManualClock();
  guardDescriptors({
    port: 1,
    clock: elsewhere,
    log: new RecordingLog(),
    openCalls: () => {
      throw new Error("no such library");
    },
  });
  elsewhere.advance(1000);
  expect(elsewhere.timerCount).toBe(0);
});
