/** The lines that benchmarks send. Goal: bytes tell lines, and each is a good line. Method: scan them as a filter does. */
import { expect, test } from "bun:test";

import { LINE_OK, newLineOffsets, scanLine } from "../../../src/line/scan.ts";
import { hostLines } from "../../bench/host-lines.ts";

const encoder = new TextEncoder();

function lines(text: string): string[] {
  return text.split("\n").slice(0, -1);
}

test("each line is as long as asked for, newline included, and well formed", () => {
  for (const lengthBytes of [49, 60, 66, 67, 110, 220, 440, 660, 880]) {
    for (const line of lines(hostLines(200, { lengthBytes }))) {
      expect(line.length + 1, line).toBe(lengthBytes);
      const bytes = encoder.encode(line);
      expect(scanLine(bytes, 0, bytes.length, newLineOffsets()), line).toBe(LINE_OK);
    }
  }
});

test("lines are of 110 bytes, without being asked", () => {
  expect(lines(hostLines(20)).map((line) => line.length + 1)).toEqual(Array(20).fill(110));
});

test("as many measurements as asked for take turns", () => {
  const names = (text: string) => lines(text).map((line) => line.split(",")[0]);
  expect(names(hostLines(5, { measurements: 3 }))).toEqual(["cpu", "mem", "net", "cpu", "mem"]);
  expect(new Set(names(hostLines(500, { measurements: 100 }))).size).toBe(100);
});
