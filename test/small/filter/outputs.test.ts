/**
 * The outputs: lines of one payload or several are noted, then copied. Goal: every noted line arrives whole, in order,
 * with a newline, whatever its neighbours do. Method: payloads cut into lines by hand, and random ones against a plain
 * join of strings.
 */
import { expect, test } from "bun:test";

import { putTogether } from "../../../src/bus/bus.ts";
import { Outputs } from "../../../src/filter/outputs.ts";
import { seededRandom } from "../../support/random.ts";

const text = new TextDecoder("latin1");

type Line = readonly [output: number, text: string];

const outputs = (count: number) => new Outputs(Array.from({ length: count }, (_, n) => `s${n}`));

/** Adds each line of `lines` to its output; `ending` stands between the lines of the payload. */
function gather(to: Outputs, lines: readonly Line[], ending = "\n", messageMaxBytes = 1_000_000) {
  const payload = new TextEncoder().encode(lines.map(([, line]) => line + ending).join(""));
  let start = 0;
  to.startPayload(messageMaxBytes);
  for (const [output, line] of lines) {
    to.add(output, start, start + line.length);
    start += line.length + ending.length;
  }
  to.endPayload(payload);
}

/** All messages, as [subject, text, lines]. */
function take(from: Outputs) {
  const taken: (readonly [string, string, number])[] = [];
  from.take((message) => {
    expect(putTogether(message)).toHaveLength(message.sizeBytes);
    taken.push([message.subject, text.decode(putTogether(message)), message.lines]);
  });
  return taken;
}

test("gives each output its lines in their order, the outputs in the order of their numbers", () => {
  const all = outputs(4);
  gather(all, [
    [2, "c1"],
    [0, "a1"],
    [2, "c2"],
    [2, "c3"],
    [0, "a2"],
  ]);
  expect(all.sizeBytes).toBe(15);
  expect(take(all)).toEqual([
    ["s0", "a1\na2\n", 2],
    ["s2", "c1\nc2\nc3\n", 3],
  ]);
  expect(all.sizeBytes).toBe(0);
});

test("ends each line with a newline alone, whatever stands between lines in the payload", () => {
  for (const ending of ["\r\n", "\n\n", "\n\r\n", "..."]) {
    const all = outputs(2);
    const lines = [
      [0, "a"],
      [0, "b"],
      [1, "c"],
    ] as const;
    gather(all, lines, ending);
    expect(take(all)).toEqual([
      ["s0", "a\nb\n", 2],
      ["s1", "c\n", 1],
    ]);
  }
});

test("adds the newline that the payload's last line lacks", () => {
  const all = outputs(1);
  all.startPayload(100);
  all.add(0, 0, 1);
  all.add(0, 2, 3);
  all.endPayload(new TextEncoder().encode("a\nb"));
  expect(take(all)).toEqual([["s0", "a\nb\n", 2]]);
});

test("joins what several payloads have for an output, also where lines stand at the same places", () => {
  const all = outputs(2);
  gather(all, [
    [0, "a"],
    [1, "b"],
  ]);
  gather(all, []);
  gather(all, [
    [1, "c"],
    [0, "d"],
  ]);
  // One byte behind where the last line of the payload before ended, but in another payload.
  gather(all, [
    [1, "...e"],
    [0, "f"],
  ]);
  expect(take(all)).toEqual([
    ["s0", "a\nd\nf\n", 3],
    ["s1", "b\nc\n...e\n", 3],
  ]);
});

test("begins another message where the next line does not fit, in any output by itself", () => {
  const all = outputs(2);
  const lines = [
    [1, "b1"],
    [0, "a1"],
    [1, "b2"],
    [1, "b3"],
  ] as const;
  gather(all, lines, "\n", 6);
  gather(all, [[1, "b4"]], "\n", 6);
  expect(take(all)).toEqual([
    ["s0", "a1\n", 1],
    ["s1", "b1\nb2\n", 2],
    ["s1", "b3\nb4\n", 2],
  ]);
});

test("forgets what has been taken", () => {
  const all = outputs(3);
  gather(all, [[1, "x"]]);
  expect(take(all)).toEqual([["s1", "x\n", 1]]);
  gather(all, [[2, "later"]]);
  expect(take(all)).toEqual([["s2", "later\n", 1]]);
  expect(take(all)).toEqual([]);
});

test("reads a payload that is a view into a larger buffer", () => {
  const buffer = new TextEncoder().encode("....a 1\nb 2\n....");
  const all = outputs(1);
  all.startPayload(100);
  all.add(0, 4, 7);
  all.endPayload(buffer.subarray(4, 12));
  expect(take(all)).toEqual([["s0", "b 2\n", 1]]);
});

test("copies to any place, and nothing beside it", () => {
  const all = outputs(1);
  gather(all, [
    [0, "a"],
    [0, "b"],
  ]);
  const target = new TextEncoder().encode("........");
  all.take((message) => message.copyTo(target, 3));
  expect(text.decode(target)).toBe("...a\nb\n.");
});

test("copies what a plain join of the lines gives, for random lines, outputs, payloads and endings", () => {
  const random = seededRandom("outputs");
  const all = outputs(5);
  for (let round = 0; round < 500; round++) {
    const gathered: Line[] = [];
    for (let payload = 0; payload < 1 + random.int(4); payload++) {
      const lines = Array.from(
        { length: random.int(30) },
        () => [random.int(5), "x".repeat(random.int(9)) + String(random.int(1000))] as const,
      );
      gather(all, lines, random.oneIn(3) ? "\r\n" : "\n");
      gathered.push(...lines);
    }
    const expected = [0, 1, 2, 3, 4].flatMap((output) => {
      const own = gathered.filter(([number]) => number === output).map(([, line]) => `${line}\n`);
      return own.length === 0 ? [] : [[`s${output}`, own.join(""), own.length] as const];
    });
    expect(take(all)).toEqual(expected);
  }
});
