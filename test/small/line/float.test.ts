/**
 * Goal: every decimal number is read as the double that is nearest to it, and nothing else is taken for a number. Method:
 * the runtime's own conversion of text, for numbers of all lengths and for those between two doubles.
 */
import { expect, test } from "bun:test";

import { readFloat } from "../../../src/line/float.ts";
import { type Random, seededRandom } from "../../support/random.ts";

const encoder = new TextEncoder();

/** Reads `text` where it stands among other digits. */
function read(text: string): number {
  const payload = encoder.encode(`9${text}9`);
  return readFloat(payload, 1, payload.length - 1);
}

function digits(random: Random, count: number): string {
  return Array.from({ length: count }, () => random.int(10)).join("");
}

test("the numbers that InfluxDB takes are read as it reads them", () => {
  // influxd 1.6.7 stores each of these
  expect(read("5.")).toBe(5);
  expect(read(".5")).toBe(0.5);
  expect(read("-.5")).toBe(-0.5);
  expect(read("5.e3")).toBe(5000);
  expect(read("1e6")).toBe(1_000_000);
  expect(read("1E6")).toBe(1_000_000);
  expect(read("1e+6")).toBe(1_000_000);
  expect(read("1e-6")).toBe(0.000001);
  expect(read("007")).toBe(7);
  expect(read("-0")).toBe(-0);
  expect(read("1e-400")).toBe(0);
  expect(read("123456789012345678901234567890")).toBe(123456789012345678901234567890);
});

test("what InfluxDB refuses is no number", () => {
  // influxd 1.6.7 answers 400 to each of these
  const refused = ["1e", "1e-", "-", ".", "-.", "+5", "1_000", "0x1p4", "inf", "nan", "NaN", "n"];
  const malformed = [
    "1.2.3",
    "1-2",
    "1e5.5",
    "--5",
    "1e5e5",
    ".e3",
    "1+5",
    "e5",
    "1 ",
    "1\t",
    "1d",
  ];
  const infinite = ["1e400", "-1e400", "1e1000000000000", "9".repeat(400)];
  for (const text of [...refused, ...malformed, ...infinite]) {
    expect([text, read(text)]).toEqual([text, NaN]);
  }
});

test("any double is read back from its shortest text", () => {
  const random = seededRandom("doubles");
  const double = new DataView(new ArrayBuffer(8));
  for (let round = 0; round < 20_000; round++) {
    double.setUint32(0, random.int(2 ** 32));
    double.setUint32(4, random.int(2 ** 32));
    const value = double.getFloat64(0);
    if (Number.isFinite(value)) expect(read(String(value))).toBe(value);
  }
});

test("numbers of any length are rounded once", () => {
  const random = seededRandom("decimals");
  for (let round = 0; round < 50_000; round++) {
    const length = 1 + random.int(21);
    const dot = random.int(length + 1);
    const all = digits(random, length);
    const exponent = random.oneIn(3) ? `e${random.int(60) - 30}` : "";
    const text = `${random.oneIn(2) ? "-" : ""}${all.slice(0, dot)}.${all.slice(dot)}${exponent}`;
    expect([text, read(text)]).toEqual([text, Number(text)]);
  }
});

test("a number in the very middle between two doubles goes to the even one, and its neighbours to theirs", () => {
  const random = seededRandom("middles");
  for (let round = 0; round < 20_000; round++) {
    // An odd multiple of half the distance of doubles from 2^52 on, divided by a power of two: few decimals tell it exactly.
    const odd = BigInt(2 ** 53 + 2 * random.int(2 ** 31) + 1);
    const places = 1 + random.int(5);
    const middle = odd * 5n ** BigInt(places);
    for (const units of [middle - 1n, middle, middle + 1n]) {
      const text = `${String(units).slice(0, -places)}.${String(units).slice(-places)}`;
      expect([text, read(text)]).toEqual([text, Number(text)]);
    }
  }
});
