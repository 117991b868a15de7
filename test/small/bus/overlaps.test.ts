/** Goal: of the subscriptions that bring one message, exactly one takes it, whichever of them the server has confirmed. */
import { describe, expect, test } from "bun:test";

import { Overlaps } from "../../../src/bus/overlaps.ts";

const ALLOWED = { isAllowed: () => true };

/** By which of the subscriptions, all of which bring it, a message on `subject` is taken. */
function takers(overlaps: Overlaps, count: number, subject: string): number[] {
  return Array.from({ length: count }, (_, index) => index).filter(
    (index) => !overlaps.isDouble(index, subject),
  );
}

describe("what several patterns match", () => {
  const PATTERNS = ["a.*", "*.b", ">", "a.b"];

  test("is taken by the first of them that is confirmed, and by no other", () => {
    const overlaps = new Overlaps(PATTERNS);
    for (const pattern of PATTERNS) overlaps.confirm(pattern, ALLOWED);
    expect(takers(overlaps, 4, "a.b")).toEqual([0]);
    // By the second and the third.
    expect([1, 2].filter((index) => !overlaps.isDouble(index, "c.b"))).toEqual([1]);
    expect(overlaps.isDouble(2, "c.d")).toBe(false);
  });

  test("is left to none that is not confirmed, or refused since then, for it may bring nothing", () => {
    const overlaps = new Overlaps(PATTERNS);
    expect(overlaps.isDouble(1, "a.b")).toBe(false);
    let isAllowed = true;
    overlaps.confirm("a.*", { isAllowed: () => isAllowed });
    expect(overlaps.isDouble(1, "a.b")).toBe(true);
    isAllowed = false;
    expect(overlaps.isDouble(1, "a.b")).toBe(false);
  });

  test("is taken by each if they share a queue group: the server sends it to one", () => {
    const overlaps = new Overlaps(PATTERNS, "group");
    for (const pattern of PATTERNS) overlaps.confirm(pattern, ALLOWED);
    expect(takers(overlaps, 4, "a.b")).toEqual([0, 1, 2, 3]);
  });
});
