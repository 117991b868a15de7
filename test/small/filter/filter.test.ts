/**
 * The component around the parts: when it is ready, and what it tells. Method: it works on this thread, over buses of
 * this process that say they are down when the test wants.
 */
import { expect, test } from "bun:test";

import type { BusOptions, BusState } from "../../../src/bus/bus.ts";
import { createInprocOpenBus } from "../../../src/bus/inproc.ts";
import { startFilter } from "../../../src/filter/filter.ts";
import { deadlineIn } from "../../../src/platform/lifecycle.ts";
import { filterConfig } from "../../support/filter-config.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";

async function startTestFilter(subjects: readonly string[]) {
  const clock = new ManualClock();
  const log = new RecordingLog();
  /** Of each bus that was opened, what it says of itself. */
  const states: BusState[] = [];
  const openInproc = createInprocOpenBus({ clock });
  const openBus = (options: BusOptions) => {
    const bus = openInproc(options);
    const index = states.push("up") - 1;
    bus.state = () => states[index] ?? "closed";
    bus.isReady = () => bus.state() === "up";
    return bus;
  };
  const rules = subjects.map((subject) => ({ type: "basic", match: "hello", subject }) as const);
  const running = await startFilter(filterConfig({ rules }), {
    clock,
    log,
    openBus,
    workerUrl: undefined,
  });
  // The subscription stands in the next turn.
  await new Promise((resolve) => setImmediate(resolve));
  return {
    running,
    states,
    log,
    [Symbol.asyncDispose]: () => running.stop(deadlineIn(clock, 1000)).then(() => {}),
  };
}

test("is ready while both its buses are up, the one for lines and the one for metrics", async () => {
  await using filter = await startTestFilter(["H"]);
  const { running, states } = filter;
  expect(states).toHaveLength(2);
  expect(running.ready()).toBe(true);
  for (const index of states.keys()) {
    states[index] = "down";
    expect(running.ready()).toBe(false);
    states[index] = "up";
    expect(running.ready()).toBe(true);
  }
});

test("tells which subjects it publishes to, each once, and no more than 20 of them", async () => {
  const subjects = Array.from({ length: 23 }, (_, index) => `s${index + 1}`);
  const told = async (count: number) => {
    const twice = subjects.slice(0, count).flatMap((subject) => [subject, subject]);
    await using filter = await startTestFilter(twice);
    return filter.log.lines.at(-1);
  };
  const first20 = subjects.slice(0, 20).join(" ");
  expect(await told(2)).toBe("INFO filter publishes to [s1 s2], unmatched lines to [junk]");
  expect(await told(20)).toBe(`INFO filter publishes to [${first20}], unmatched lines to [junk]`);
  expect(await told(21)).toBe(
    `INFO filter publishes to [${first20}] and 1 more, unmatched lines to [junk]`,
  );
  expect(await told(23)).toBe(
    `INFO filter publishes to [${first20}] and 3 more, unmatched lines to [junk]`,
  );
});
