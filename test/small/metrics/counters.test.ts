/** Counters: independent, copied when read, published in the order of their declaration. */
import { expect, test } from "bun:test";

import { Counters } from "../../../src/metrics/counters.ts";

const DECLARED = { received: "lines in", sent: "lines out", "invalid-time": "lines too old" };

test("counters start at zero and count apart from one another", () => {
  const counters = new Counters(DECLARED);
  counters.add("sent");
  counters.add("sent", 41);
  counters.add("invalid-time");
  expect(Object.entries(counters.snapshot())).toEqual([
    ["received", 0],
    ["sent", 42],
    ["invalid-time", 1],
  ]);
  expect(counters.get("sent")).toBe(42);
});

test("a snapshot does not move with the counters", () => {
  const counters = new Counters(DECLARED);
  const before = counters.snapshot();
  counters.add("received", 7);
  expect(before.received).toBe(0);
});
