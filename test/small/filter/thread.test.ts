/**
 * One thread of the filter, watched over. Goal: a thread that dies comes back, in growing intervals, and no count is
 * lost or doubled. Method: threads that behave as told, and a clock that the test moves.
 */
import { describe, expect, test } from "bun:test";

import { FilterThread } from "../../../src/filter/thread.ts";
import { deadlineIn } from "../../../src/platform/lifecycle.ts";
import { eventually } from "../../support/eventually.ts";
import { filterConfig } from "../../support/filter-config.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { RecordingDrops } from "../../support/recording-drops.ts";
import { RecordingLog } from "../../support/recording-log.ts";

const FIXTURE_URL = new URL("./thread-fixture.ts", import.meta.url);

function startThread(behaviour: string, url = FIXTURE_URL) {
  const clock = new ManualClock();
  const log = new RecordingLog();
  const drops = new RecordingDrops();
  let reports = 0;
  const thread = new FilterThread({
    url,
    number: 3,
    config: filterConfig({ name: behaviour }),
    clock,
    log,
    drops,
    onReport: () => reports++,
  });
  const deaths = () => log.lines.filter((line) => line.includes("died"));
  const untilDead = (times: number) =>
    eventually(`died ${times} times`, () => deaths().length === times);
  return { thread, clock, log, dropped: drops.told, deaths, untilDead, reports: () => reports };
}

test("is ready and has counts as soon as the thread says so, and passes its log lines on", async () => {
  const { thread, log, clock, dropped, reports } = startThread("works");
  expect(thread.ready()).toBe(false);
  await eventually("ready", () => thread.ready());
  expect(thread.totals().counters.processed).toBe(7);
  expect(thread.totals().triggered).toEqual([7]);
  expect(log.lines).toEqual(["WARN worker 3: something is odd"]);
  expect(dropped).toEqual(["2 from [in]: bad: a"]);
  expect(reports()).toBe(1);
  await thread.stop(deadlineIn(clock, 1000));
});

test("is alive while it is heard of, and for ten seconds of silence, be it hanging or dead", async () => {
  const hanging = startThread("works");
  expect(hanging.thread.alive()).toBe(true);
  await eventually("ready", () => hanging.thread.ready());
  hanging.clock.advance(10_000);
  expect([hanging.thread.alive(), hanging.thread.ready()]).toEqual([true, true]);
  hanging.clock.advance(1);
  expect([hanging.thread.alive(), hanging.thread.ready()]).toEqual([false, false]);
  await hanging.thread.stop(deadlineIn(hanging.clock, 1000));

  const talking = startThread("is deaf");
  await eventually("ready", () => talking.thread.ready());
  talking.clock.advance(10_001);
  await eventually("heard of again", () => talking.thread.alive());
  const stopped = talking.thread.stop(deadlineIn(talking.clock, 1000));
  talking.clock.advance(1000);
  await stopped;

  const dying = startThread("exits");
  await dying.untilDead(1);
  expect(dying.thread.alive()).toBe(true);
  dying.clock.advance(10_001);
  await dying.untilDead(2);
  expect(dying.thread.alive()).toBe(false);
  await dying.thread.stop(deadlineIn(dying.clock, 1000));
});

test("hands on that more was lost than is counted", async () => {
  const { thread, clock } = startThread("had a break");
  await eventually("ready", () => thread.ready());
  const report = await thread.stop(deadlineIn(clock, 1000));
  expect(report).toEqual({ lostLines: 900, isUncounted: true });
});

test("stops the thread with nine tenths of the time, and takes its last counts", async () => {
  const { thread, clock } = startThread("works");
  await eventually("ready", () => thread.ready());
  // This thread says it lost as many lines as it had milliseconds.
  expect(await thread.stop(deadlineIn(clock, 1000))).toEqual({ lostLines: 900 });
  expect(thread.totals().counters.processed).toBe(11);
  expect(thread.ready()).toBe(false);
  expect(clock.timerCount).toBe(0);
});

test("ends a thread by force that does not stop by the deadline, and takes it for a loss", async () => {
  const { thread, clock, log, reports } = startThread("is deaf");
  await eventually("ready", () => thread.ready());
  const stopped = thread.stop(deadlineIn(clock, 1000));
  clock.advance(1000);
  expect(await stopped).toEqual({ lostLines: 0, isUncounted: true });
  expect(thread.totals().counters.processed).toBe(7);
  expect(log.lines.at(-1)).toBe(
    "ERROR worker 3 did not stop in time: ended by force, what it held is lost",
  );
  // It reports every millisecond for as long as it lives.
  await eventually("it is silent", async () => {
    const before = reports();
    await Bun.sleep(50);
    return reports() === before;
  });
});

test("starts a dead thread again, each time after a longer wait, up to 30 seconds", async () => {
  const { thread, clock, untilDead } = startThread("exits");
  // Of each wait a random part of up to a half is taken off.
  const longestWaitsMs = [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000];
  for (const [index, longestMs] of longestWaitsMs.entries()) {
    await untilDead(index + 1);
    clock.advance(longestMs / 2 - 1);
    await Bun.sleep(1);
    expect(clock.timerCount).toBe(1);
    clock.advance(longestMs / 2 + 1);
    expect(clock.timerCount).toBe(0);
  }
  await untilDead(longestWaitsMs.length + 1);
  expect(thread.totals().counters.worker_restarts).toBe(longestWaitsMs.length);
  expect(await thread.stop(deadlineIn(clock, 1000))).toEqual({ lostLines: 0 });
  expect(clock.timerCount).toBe(0);
});

test("starts a thread again soon when the one before it lived for more than a minute", async () => {
  const { thread, clock, untilDead } = startThread("dies when told");
  const channel = new BroadcastChannel("thread-fixture");
  const die = async (times: number) => {
    channel.postMessage("die");
    await untilDead(times);
  };
  await eventually("ready", () => thread.ready());
  await die(1);
  clock.advance(100);
  await eventually("ready again", () => thread.ready());
  clock.advance(60_001);
  await die(2);
  // The second death in a row would cost more than 100 ms.
  clock.advance(100);
  await eventually("ready again", () => thread.ready());
  await die(3);
  clock.advance(100);
  expect(clock.timerCount).toBe(1);
  channel.close();
  await thread.stop(deadlineIn(clock, 1000));
});

test("keeps what dead threads had counted, their last words included, and counts nothing twice", async () => {
  const { thread, clock, deaths, untilDead } = startThread("dies with last words");
  for (let times = 1; times <= 3; times++) {
    await untilDead(times);
    expect(thread.ready()).toBe(false);
    expect(thread.totals().counters.processed).toBe(10 * times);
    expect(thread.totals().triggered).toEqual([10 * times]);
    clock.advance(30_000);
  }
  expect(deaths()[0]).toMatch(
    /^ERROR worker 3 died, what it held is lost; starting it again in \d+ ms: out of luck$/,
  );
  await thread.stop(deadlineIn(clock, 1000));
});

test("keeps the last report of a thread that dies without a word, and says what it died of", async () => {
  const { thread, clock, deaths, untilDead } = startThread("throws");
  await untilDead(1);
  expect(thread.totals().counters.processed).toBe(7);
  expect(deaths()[0]).toContain("out of luck");
  await thread.stop(deadlineIn(clock, 1000));
});

test("who waits for a snapshot of a thread is told when it dies, and while there is none", async () => {
  const { thread, clock, untilDead } = startThread("dies when told");
  const channel = new BroadcastChannel("thread-fixture");
  await eventually("ready", () => thread.ready());
  // This thread takes no snapshots.
  const snapshot = thread.profiler.heapSnapshot();
  channel.postMessage("die");
  await expect(snapshot).rejects.toThrow("cannot profile worker 3: it died meanwhile");
  await untilDead(1);
  await expect(thread.profiler.heapSnapshot()).rejects.toThrow("it has died");
  channel.close();
  await thread.stop(deadlineIn(clock, 1000));
});

test("goes on trying when the thread's script cannot be loaded", async () => {
  const url = new URL("./there-is-no-such-file.ts", import.meta.url);
  const { thread, clock, deaths, untilDead } = startThread("works", url);
  await untilDead(1);
  clock.advance(100);
  await untilDead(2);
  expect(deaths()[1]).toContain("there-is-no-such-file");
  expect(thread.ready()).toBe(false);
  await thread.stop(deadlineIn(clock, 1000));
});

describe("a thread that is watched", () => {
  const look = (thread: FilterThread, times: number) => {
    for (let time = 0; time < times; time++) thread.watch();
  };

  test("and hangs is ended after twenty looks, and started again as one that died", async () => {
    const { thread, clock, log, deaths, untilDead } = startThread("hangs");
    for (let times = 1; times <= 2; times++) {
      await eventually("ready", () => thread.ready());
      look(thread, 19);
      expect(deaths()).toHaveLength(times - 1);
      look(thread, 1);
      await untilDead(times);
      expect(log.lines.at(-2)).toBe(
        "ERROR worker 3 hangs: it said nothing for 20 s; ending it by force",
      );
      expect(deaths().at(-1)).toEndWith(": it hung: it said nothing for 20 s");
      expect(thread.totals().counters.processed).toBe(7 * times);
      // There is none to look at now.
      look(thread, 100);
      clock.advance(30_000);
    }
    await eventually("ready", () => thread.ready());
    const stopped = thread.stop(deadlineIn(clock, 1000));
    clock.advance(1000);
    await stopped;
  });

  test("and speaks is left alone, also if the whole process stood still for long", async () => {
    const { thread, clock, deaths, reports } = startThread("is deaf");
    for (let round = 0; round < 5; round++) {
      const before = reports();
      await eventually("it speaks", () => reports() > before);
      look(thread, 18);
    }
    clock.advance(3_600_000);
    look(thread, 1);
    const before = reports();
    await eventually("it speaks", () => reports() > before);
    expect(deaths()).toEqual([]);
    const stopped = thread.stop(deadlineIn(clock, 1000));
    clock.advance(1000);
    await stopped;
  });

  test("and was taken away below the runtime, which cannot tell, needs a new process", async () => {
    const { thread, clock, log } = startThread("is taken away");
    await eventually("ready", () => thread.ready());
    let failure: Error | undefined;
    void thread.failed.then((error) => (failure = error));
    look(thread, 29);
    await Bun.sleep(1);
    expect(failure).toBeUndefined();
    look(thread, 1);
    await Bun.sleep(1);
    expect(failure?.message).toBe("worker 3 is gone and can be neither ended nor started again");
    look(thread, 100);
    expect(log.lines).toEqual([
      "ERROR worker 3 hangs: it said nothing for 20 s; ending it by force",
    ]);
    // Nobody waits for it at the stop, and nobody claims that nothing is lost.
    expect(await thread.stop(deadlineIn(clock, 1000))).toEqual({ lostLines: 0, isUncounted: true });
    expect(clock.timerCount).toBe(0);
  });
});
