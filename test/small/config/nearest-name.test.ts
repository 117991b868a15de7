/** Goal: a misspelt name is answered with the name that takes the fewest edits. */
import { expect, test } from "bun:test";

import { nearestName } from "../../../src/config/nearest-name.ts";

test("the nearest name is the one with the fewest insertions, removals and replacements", () => {
  const nearest = (name: string, names: string[], expected: string) =>
    expect(nearestName(name, names)).toBe(expected);
  nearest("prot", ["mode", "port", "name"], "port");
  nearest("batchmaxsize", ["batch", "batch_max_age", "batch_max_size"], "batch_max_size");
  nearest("workerss", ["port", "workers"], "workers");
  nearest("orkers", ["port", "workers"], "workers");
  // Of several equally near, the first
  nearest("xx", ["ab", "cd"], "ab");
  // Nothing has a nearest name too
  nearest("", ["abc", "ab"], "ab");
});
