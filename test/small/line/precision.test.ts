/** Timestamps in other units become nanoseconds, exactly, and nothing else changes. */
import { expect, test } from "bun:test";

import { convertTimestamps, parsePrecision, type Precision } from "../../../src/line/precision.ts";
import { randomBytes, randomLine, seededRandom } from "../../support/random.ts";
import vectors from "../../vectors.json";
import { scanText } from "./scan-text.ts";

const encoder = new TextEncoder();

function convert(body: string, precision: Precision): { converted: string; overflown: string[] } {
  const overflown: string[] = [];
  const converted = convertTimestamps(encoder.encode(body), precision, (line) => {
    overflown.push(Buffer.from(line).toString());
  });
  return { converted: Buffer.from(converted).toString(), overflown };
}

test.each([
  ["ns", ["", "n", "ns"]],
  ["us", ["u", "us", "\u00b5", "\u00b5s", "\u03bc", "\u03bcs"]],
  ["ms", ["ms"]],
  ["s", ["s"]],
  ["m", ["m"]],
  ["h", ["h"]],
] as [Precision, string[]][])("knows %s by the names %j", (precision, names) => {
  expect(names.map(parsePrecision)).toEqual(names.map(() => precision));
});

test("knows no other names, nor what every object has", () => {
  for (const name of [
    "S",
    "NS",
    "foo",
    "d",
    "w",
    " s",
    "s ",
    "second",
    "constructor",
    "__proto__",
  ]) {
    expect(parsePrecision(name)).toBeUndefined();
  }
});

test.each(vectors.precision)("converts as measured: %j", (row) => {
  const precision = parsePrecision(row.precision);
  if (row.converted === undefined || precision === undefined) {
    expect([precision, row.unknown]).toEqual([undefined, true]);
  } else {
    const { converted, overflown } = row;
    expect(convert(row.body, precision)).toEqual({ converted, overflown: overflown ?? [] });
  }
});

test("gives nanoseconds back as the very bytes that came", () => {
  const body = encoder.encode("\n\r\na v=1 5\r\n\nb");
  expect(convertTimestamps(body, "ns", () => {})).toBe(body);
});

test("converts behind strings, blanks and escapes, and leaves comments and malformed lines alone", () => {
  expect(convert('a v="x 5" 6', "s").converted).toBe('a v="x 5" 6000000000\n');
  expect(convert("a  v=1  6  ", "s").converted).toBe("a  v=1  6000000000\n");
  expect(convert('a v="\\" 5" 6', "s").converted).toBe('a v="\\" 5" 6000000000\n');
  expect(convert("a v=1 0", "s").converted).toBe("a v=1 0\n");
  expect(convert("a v=1 007", "s").converted).toBe("a v=1 7000000000\n");
  for (const line of ["# a v=1 5", 'a v="x 5', "a v=1 5 6", "a 5", "a v=1 5x", "a v=1 -"]) {
    expect(convert(line, "s")).toEqual({ converted: `${line}\n`, overflown: [] });
  }
});

test("keeps bytes that are no UTF-8", () => {
  const body = Uint8Array.of(0xff, 0x20, 0x76, 0x3d, 0x31, 0x20, 0x35);
  const converted = convertTimestamps(body, "us", () => {});
  expect([...converted]).toEqual([...body, 0x30, 0x30, 0x30, 0x0a]);
});

test("has room for as many lines as grow as much as they can", () => {
  const { converted } = convert("a v=1 1\n".repeat(1000), "h");
  expect(converted).toBe("a v=1 3600000000000\n".repeat(1000));
  expect(convert("a v=1 -9", "h").converted).toBe("a v=1 -32400000000000\n");
});

test.each([
  ["us", 1000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
] as const)("multiplies good lines' timestamps in %s and changes no other byte", (unit, unitNs) => {
  const random = seededRandom(`precision ${unit}`);
  for (let round = 0; round < 1000; round++) {
    const line = randomLine(random);
    const parts = scanText(line);
    if (typeof parts === "string") throw new Error(`${line}: ${parts}`);
    const timeNs = parts.timestampNs * unitNs;
    const fits = timeNs <= 2n ** 63n - 2n && timeNs >= -(2n ** 63n) + 2n;
    const kept = line.slice(0, line.trimEnd().length - parts.timestamp.length);
    const expected = parts.timestamp === "" ? line : `${kept}${timeNs}`;
    expect(convert(line, unit)).toEqual(
      fits ? { converted: `${expected}\n`, overflown: [] } : { converted: "", overflown: [line] },
    );
  }
});

test.each([
  ["s", "1700000000", "1700000000000000000"],
  ["s", "8999999999", "8999999999000000000"],
  ["s", "9000000000", "9000000000000000000"],
  ["s", "9223372036", "9223372036000000000"],
  ["s", "9223372037", undefined],
  ["s", "10000000000", undefined],
  ["s", "0000000000000000000001", "1000000000"],
  ["s", "-9223372036", "-9223372036000000000"],
  ["s", "-0", "0"],
  ["ms", "1700000000123", "1700000000123000000"],
  ["ms", "9223372036854", "9223372036854000000"],
  ["ms", "9223372036855", undefined],
  ["us", "8999999999999999", "8999999999999999000"],
  ["us", "9223372036854775", "9223372036854775000"],
  ["us", "9223372036854776", undefined],
] as const)("in %s, %s is %s", (unit, timestamp, timeNs) => {
  for (const line of [`a v=1 ${timestamp}`, `a,b=c s="x y" ${timestamp}`]) {
    const expected = { converted: `${line.slice(0, -timestamp.length)}${timeNs}\n`, overflown: [] };
    expect(convert(line, unit)).toEqual(
      timeNs === undefined ? { converted: "", overflown: [line] } : expected,
    );
  }
});

test("survives any bytes", () => {
  const random = seededRandom("precision of noise");
  for (let round = 0; round < 500; round++) {
    const body = randomBytes(random, random.int(1000));
    const converted = convertTimestamps(body, "h", () => {});
    expect(converted.length === 0 || converted.at(-1) === 0x0a).toBe(true);
  }
});
