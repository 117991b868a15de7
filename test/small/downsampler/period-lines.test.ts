/** Goal: a period of any size becomes messages that can be published, and what can be in none of them is counted. */
import { expect, test } from "bun:test";

import { PeriodLines } from "../../../src/downsampler/period-lines.ts";
import { Period } from "../../../src/downsampler/period.ts";
import { newFields, readFields } from "../../../src/line/fields.ts";
import { LINE_OK, newLineOffsets, scanLine } from "../../../src/line/scan.ts";
import { spillsOver } from "../../../src/line/spill.ts";
import { periodOptions } from "./average.ts";

function periodOf(lines: readonly string[]): Period {
  const period = new Period(periodOptions({ seriesMax: 100_000, sizeMaxBytes: 64 * 1024 * 1024 }));
  const offsets = newLineOffsets();
  const fields = newFields();
  for (const line of lines) {
    const payload = new TextEncoder().encode(line);
    expect(scanLine(payload, 0, payload.length, offsets)).toBe(LINE_OK);
    expect(readFields(payload, offsets, fields)).toBe(true);
    period.add(payload, offsets, fields);
  }
  return period;
}

/** All messages that the lines make, as text, and what is counted. */
function messagesOf(lines: readonly string[], limitBytes: number) {
  const made = new PeriodLines(periodOf(lines), [], 5n);
  const messages: string[] = [];
  let lineCount = 0;
  expect(made.leftSeries).toBe(lines.length);
  for (let message; (message = made.next(limitBytes)) !== undefined;) {
    messages.push(new TextDecoder().decode(message.payload));
    expect(message.payload.length).toBeLessThanOrEqual(limitBytes);
    lineCount += message.lines;
    expect(made.leftSeries + lineCount + made.droppedLines).toBe(lines.length);
  }
  return { messages, lineCount, dropped: made.droppedLines };
}

test("a period without series makes nothing", () => {
  expect(messagesOf([], 1000)).toEqual({ messages: [], lineCount: 0, dropped: 0 });
});

test("messages end at line ends, as full as they may be", () => {
  const short = ["t0 v=0", "t1 v=1", "t2 v=2"];
  const printed = short.map((line) => `${line} 5\n`);
  expect(printed.map((line) => line.length)).toEqual([9, 9, 9]);
  expect(messagesOf(short, 27).messages).toEqual([printed.join("")]);
  expect(messagesOf(short, 26).messages).toEqual([`${printed[0]}${printed[1]}`, `${printed[2]}`]);
  expect(messagesOf(short, 17).messages).toEqual(printed);
  expect(messagesOf(short, 9).messages).toEqual(printed);
});

test("lines longer than a message may be are left out, and no other", () => {
  const long = `t,a=${"x".repeat(100)} v=1`;
  expect(messagesOf([long, "u v=1", `u${long}`, "w v=1", `w${long}`], 50)).toEqual({
    messages: ["u v=1 5\nw v=1 5\n"],
    lineCount: 2,
    dropped: 3,
  });
});

test("a large period comes in pieces that leave the event loop time, and a line longer than those in one of its own", () => {
  const lines = Array.from({ length: 10_000 }, (_, index) => `t,host=server${index} v=${index}i`);
  const long = `t v="${"x".repeat(500_000)}"`;
  const { messages, lineCount, dropped } = messagesOf([...lines, long], 1024 * 1024);
  expect(messages.length).toBeGreaterThan(3);
  expect({ lineCount, dropped }).toEqual({ lineCount: 10_001, dropped: 0 });
  const all = messages.join("");
  expect(all === [...lines, long].map((line) => `${line} 5\n`).join("")).toBe(true);
  for (const message of messages.slice(0, -1)) expect(message.length).toBeLessThan(200_000);
});

test("a line that InfluxDB would read on behind its end, its fields in their order, is left out", () => {
  // To cut a body into lines InfluxDB takes the comma behind two backslashes for one, so that the quotes are none to it.
  const asItCame = 't c="c=",\\\\,b=1';
  const inOrder = 't \\\\,b=1,c="c="';
  const spills = (line: string) => spillsOver(new TextEncoder().encode(line), 0, line.length);
  expect([spills(asItCame), spills(inOrder)]).toEqual([false, true]);
  expect(messagesOf([asItCame, "u,a=\\\\\\,b v=2"], 1000)).toEqual({
    messages: ["u,a=\\\\\\,b v=2 5\n"],
    lineCount: 1,
    dropped: 1,
  });
});
