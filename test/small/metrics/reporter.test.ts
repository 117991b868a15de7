/** When metrics are published, and that they never stand in the way of data. */
import { expect, test } from "bun:test";

import type { Bus, BusState } from "../../../src/bus/bus.ts";
import { startReporter } from "../../../src/metrics/reporter.ts";
import { ManualClock } from "../../support/manual-clock.ts";

function setUp(state: BusState) {
  const clock = new ManualClock();
  const published: string[] = [];
  const bus = { state, hasRoom: true };
  let reports = 0;
  const reporter = startReporter({
    bus: {
      state: () => bus.state,
      hasRoom: () => bus.hasRoom,
      publish: async (subject: string, payload: Uint8Array) => {
        published.push(`${subject}: ${new TextDecoder().decode(payload)}`);
      },
    } as Bus,
    subject: "monitor",
    intervalMs: 3000,
    clock,
    lines: () => [`a n=${++reports}\n`, "b n=0\n"],
  });
  return { bus, clock, published, reporter };
}

test("metrics are published at the start, every interval and at the end, one message a line", () => {
  const { clock, published, reporter } = setUp("up");
  expect(published).toEqual(["monitor: a n=1\n", "monitor: b n=0\n"]);
  clock.advance(2999);
  expect(published).toHaveLength(2);
  clock.advance(1);
  expect(published.slice(2)).toEqual(["monitor: a n=2\n", "monitor: b n=0\n"]);
  reporter.stop();
  expect(published.slice(4)).toEqual(["monitor: a n=3\n", "monitor: b n=0\n"]);
  expect(clock.timerCount).toBe(0);
});

test("while the bus is not up nothing is left for it to hold, and the first report follows once it is", () => {
  const { bus, clock, published, reporter } = setUp("connecting");
  clock.advance(10_000);
  expect(published).toEqual([]);
  bus.state = "up";
  clock.advance(100);
  expect(published).toEqual(["monitor: a n=1\n", "monitor: b n=0\n"]);
  bus.state = "down";
  reporter.stop();
  expect(published).toHaveLength(2);
});

test("what the bus has no room for is left out", () => {
  const { bus, clock, published } = setUp("up");
  bus.hasRoom = false;
  clock.advance(3000);
  expect(published).toHaveLength(2);
});
