/**
 * The outputs of one payload: lines are noted, then copied. Goal: every noted line arrives whole, in order, with a
 * newline, whatever its neighbours do. Method: payloads cut into lines by hand, and random ones against a plain
 * join of strings.
 */
import { expect, test } from "bun:test";

import { Outputs } from "../../../src/filter/outputs.ts";
import { seededRandom } from "../../support/random.ts";

const text = new TextDecoder("latin1");

/** Adds each line of `lines` to its output and takes all; `ending` stands between the lines of the payload. */
function gather(outputs: Outputs, lines: readonly (readonly [number, string])[], ending = "\n") {
  const payload = new TextEncoder().encode(lines.map(([, line]) => line + ending).join(""));
  let start = 0;
  for (const [output, line] of lines) {
    outputs.add(output, start, start + line.length);
    start += line.length + ending.length;
  }
  const taken: [number, string, number][] = [];
  outputs.take(payload, (output, bytes, count) => {
    taken.push([output, text.decode(bytes), count]);
  });
  return taken;
}

test("gives each output its lines in their order, the outputs in the order of their numbers", () => {
  const lines = [
    [2, "c1"],
    [0, "a1"],
    [2, "c2"],
    [2, "c3"],
    [0, "a2"],
  ] as const;
  expect(gather(new Outputs(4), lines)).toEqual([
    [0, "a1\na2\n", 2],
    [2, "c1\nc2\nc3\n", 3],
  ]);
});

test("ends each line with a newline alone, whatever stands between lines in the payload", () => {
  const lines = [
    [0, "a"],
    [0, "b"],
    [1, "c"],
  ] as const;
  for (const ending of ["\r\n", "\n\n", "\n\r\n", "..."]) {
    expect(gather(new Outputs(2), lines, ending)).toEqual([
      [0, "a\nb\n", 2],
      [1, "c\n", 1],
    ]);
  }
});

test("adds the newline that the payload's last line lacks", () => {
  const outputs = new Outputs(1);
  outputs.add(0, 0, 1);
  outputs.add(0, 2, 3);
  const taken: string[] = [];
  outputs.take(new TextEncoder().encode("a\nb"), (_, bytes) => taken.push(text.decode(bytes)));
  expect(taken).toEqual(["a\nb\n"]);
});

test("forgets a payload once it is taken, and never writes to bytes that it has given away", () => {
  const outputs = new Outputs(3);
  const kept: Uint8Array[] = [];
  const encoder = new TextEncoder();
  outputs.add(1, 0, 1);
  outputs.take(encoder.encode("x\n"), (_, bytes) => kept.push(bytes));
  expect(gather(outputs, [[2, "later"]])).toEqual([[2, "later\n", 1]]);
  expect(gather(outputs, [])).toEqual([]);
  expect(kept.map((bytes) => text.decode(bytes))).toEqual(["x\n"]);
});

test("reads a payload that is a view into a larger buffer", () => {
  const buffer = new TextEncoder().encode("....a 1\nb 2\n....");
  const outputs = new Outputs(1);
  outputs.add(0, 4, 7);
  const taken: string[] = [];
  outputs.take(buffer.subarray(4, 12), (_, bytes) => taken.push(text.decode(bytes)));
  expect(taken).toEqual(["b 2\n"]);
});

test("copies what a plain join of the lines gives, for random lines, outputs and endings", () => {
  const random = seededRandom("outputs");
  const outputs = new Outputs(5);
  for (let round = 0; round < 500; round++) {
    const lines = Array.from(
      { length: random.int(30) },
      () => [random.int(5), "x".repeat(random.int(9)) + String(random.int(1000))] as const,
    );
    const expected = [0, 1, 2, 3, 4].flatMap((output) => {
      const own = lines.filter(([number]) => number === output).map(([, line]) => `${line}\n`);
      return own.length === 0 ? [] : [[output, own.join(""), own.length]];
    });
    expect(gather(outputs, lines, random.oneIn(3) ? "\r\n" : "\n")).toEqual(
      expected as [number, string, number][],
    );
  }
});
