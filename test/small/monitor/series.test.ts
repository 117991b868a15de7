/** What the monitor keeps: the newest, for a while, and not without end. Method: a clock that the test moves. */
import { expect, test } from "bun:test";

import type { Sample } from "../../../src/metrics/samples.ts";
import { Series } from "../../../src/monitor/series.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const START_MS = Date.UTC(2026, 0, 1);

function setUp(max = 100) {
  const clock = new ManualClock(START_MS);
  const series = new Series({ max, expiryMs: 60_000, clock });
  const values = () => series.samples().map(({ name, value }) => `${name} ${value}`);
  return { clock, series, values };
}

const sample = (name: string, value: number, labels: Record<string, string> = {}): Sample => ({
  name,
  labels,
  value,
});

test("a later value replaces an earlier one, also if it is smaller: a component has started again", () => {
  const { series, values } = setUp();
  series.put(sample("received", 500));
  series.put(sample("sent", 40));
  series.put(sample("received", 3));
  expect(values().sort()).toEqual(["received 3", "sent 40"]);
});

test("labels tell counters apart, their order does not", () => {
  const { series, values } = setUp();
  series.put(sample("n", 1, { a: "1", b: "2" }));
  series.put(sample("n", 2, { b: "2", a: "1" }));
  series.put(sample("n", 3, { a: "1" }));
  expect(values()).toEqual(["n 2", "n 3"]);
});

test("what was not told again for as long as the expiry says is forgotten, and only that", () => {
  const { clock, series, values } = setUp();
  series.put(sample("gone", 1));
  series.put(sample("alive", 1));
  clock.advance(30_000);
  series.put(sample("alive", 2));
  clock.advance(29_999);
  expect(values()).toEqual(["gone 1", "alive 2"]);
  clock.advance(1);
  expect(values()).toEqual(["alive 2"]);
  clock.advance(30_000);
  expect(values()).toEqual([]);
});

test("no more are kept than the limit says; known ones go on, and room comes with what is forgotten", () => {
  const { clock, series, values } = setUp(2);
  expect(series.put(sample("a", 1))).toBe(true);
  clock.advance(30_000);
  expect(series.put(sample("b", 1))).toBe(true);
  expect(series.put(sample("c", 1))).toBe(false);
  expect(series.put(sample("b", 2))).toBe(true);
  expect(values()).toEqual(["a 1", "b 2"]);
  clock.advance(30_000);
  expect(series.put(sample("c", 3))).toBe(true);
  expect(values()).toEqual(["b 2", "c 3"]);
});

test("each component has the time of its last report, until it is forgotten", () => {
  const { clock, series } = setUp();
  const first = { component: "filter", host: "vm", name: "f" };
  const second = { component: "writer", host: "vm", name: "w" };
  series.put(sample("passed", 1, first));
  series.put(sample("triggered", 1, { ...first, rule: "r" }));
  series.put(sample("received", 1, { ...second, influxdb_port: "8086" }));
  series.put(sample("foo", 1));
  clock.advance(5000);
  series.put(sample("triggered", 2, { ...first, rule: "r" }));
  const byName = () =>
    Object.fromEntries(series.lastReports().map(({ labels, onMs }) => [labels["name"], onMs]));
  expect(series.lastReports().map(({ labels }) => labels)).toEqual([first, second]);
  expect(byName()).toEqual({ f: START_MS + 5000, w: START_MS });
  clock.advance(55_000);
  expect(byName()).toEqual({ f: START_MS + 5000 });
});

test("a clock that is set moves the times of the last reports with it, and makes nothing older", () => {
  const { clock, series, values } = setUp();
  series.put(sample("passed", 1, { component: "filter", host: "vm", name: "f" }));
  clock.advance(5000);
  const times = () => series.lastReports().map(({ onMs }) => onMs);
  for (const days of [1, -2]) {
    const setToMs = START_MS + days * 24 * 3_600_000;
    clock.setWall(setToMs);
    expect(times()).toEqual([setToMs - 5000]);
    expect(values()).toEqual(["passed 1"]);
  }
});
