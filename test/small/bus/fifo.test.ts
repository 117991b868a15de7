/** First in, first out, whatever is taken out in between. */
import { expect, test } from "bun:test";

import { Fifo } from "../../../src/bus/fifo.ts";

test("gives back what was pushed, in order, whatever the lengths in between", () => {
  const fifo = new Fifo<{ n: number }>();
  let pushed = 0;
  let shifted = 0;
  // Grows to some thousands and shrinks to nothing, past every point at which emptied slots are cut off.
  for (const [pushes, shifts] of [
    [10, 3],
    [5000, 4000],
    [1, 1008],
    [3000, 1500],
    [0, 1500],
    [1, 1],
  ] as const) {
    for (let time = 0; time < pushes; time++) fifo.push({ n: pushed++ });
    for (let time = 0; time < shifts; time++) {
      expect(fifo.first()).toEqual({ n: shifted });
      expect(fifo.at(pushed - shifted - 1)).toEqual({ n: pushed - 1 });
      expect(fifo.at(pushed - shifted)).toBeUndefined();
      expect(fifo.shift()).toEqual({ n: shifted++ });
    }
    expect(fifo.length).toBe(pushed - shifted);
  }
  for (let time = 1; time <= 2; time++) {
    expect([fifo.length, fifo.first(), fifo.shift()]).toEqual([0, undefined, undefined]);
  }
});
