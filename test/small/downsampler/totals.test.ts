/**
 * Goal: means and sums are those of exact arithmetic, in whatever order the values come. Method: random values against big
 * integers; floats as integers over a power of two.
 */
import { expect, test } from "bun:test";

import { Totals } from "../../../src/downsampler/totals.ts";
import { FIELD_FLOAT, FIELD_INTEGER, FIELD_UNSIGNED } from "../../../src/line/fields.ts";
import { type Random, seededRandom } from "../../support/random.ts";

const HIGH_UNIT = 1_000_000_000n;

function addInteger(totals: Totals, field: number, value: bigint): void {
  totals.addInteger(field, Number(value / HIGH_UNIT), Number(value % HIGH_UNIT));
}

function sumOf(values: readonly bigint[]): bigint {
  return values.reduce((sum, value) => sum + value, 0n);
}

/** Of all sizes: small ones, those around the ends of doubles' exact integers and of 64 bits, and whatever is between. */
function randomInteger(random: Random, min: bigint, max: bigint): bigint {
  const wide = (BigInt(random.int(2 ** 32)) << 32n) + BigInt(random.int(2 ** 32));
  const shifted = wide >> BigInt(random.int(64));
  const edge = random.pick([0n, min, max, 2n ** 53n, 10n ** 9n, 10n ** 18n]);
  const near = edge + BigInt(random.int(7) - 3);
  const value = random.oneIn(4) ? near : min < 0n && random.oneIn(2) ? -shifted : shifted;
  return value < min ? min : value > max ? max : value;
}

test("the mean of integers is the exact one without its fraction", () => {
  const random = seededRandom("integer means");
  const [min, max] = [-(2n ** 63n), 2n ** 63n - 1n];
  for (let round = 0; round < 3000; round++) {
    const count = 1 + random.int(random.oneIn(20) ? 3000 : 8);
    const values = Array.from({ length: count }, () => randomInteger(random, min, max));
    const totals = new Totals();
    for (const value of values) addInteger(totals, 3, value);
    // A quotient of big integers is cut off towards zero.
    expect(totals.mean(3, FIELD_INTEGER)).toBe(`${sumOf(values) / BigInt(count)}i`);
  }
});

test("the mean of integers without a sign is as exact", () => {
  const random = seededRandom("unsigned means");
  for (let round = 0; round < 1000; round++) {
    const count = 1 + random.int(50);
    const values = Array.from({ length: count }, () => randomInteger(random, 0n, 2n ** 64n - 1n));
    const totals = new Totals();
    for (const value of values) addInteger(totals, 0, value);
    expect(totals.mean(0, FIELD_UNSIGNED)).toBe(`${sumOf(values) / BigInt(count)}u`);
  }
});

test("it stays exact over more of the largest values than a double can add up", () => {
  const totals = new Totals();
  // Odd in both of its parts, so that doubles that are too small for the sum lose something.
  const largest = 9_223_372_035_999_999_999n;
  const count = 1_500_000;
  for (let added = 0; added < count; added++) addInteger(totals, 0, largest);
  expect(totals.mean(0, FIELD_INTEGER)).toBe(`${largest}i`);
  addInteger(totals, 0, 0n);
  const total = largest * BigInt(count);
  expect(totals.mean(0, FIELD_INTEGER)).toBe(`${total / BigInt(count + 1)}i`);
});

test("it does not depend on the order, and no step is cut off", () => {
  const mean = (...values: readonly bigint[]) => {
    const totals = new Totals();
    for (const value of values) addInteger(totals, 0, value);
    return totals.mean(0, FIELD_INTEGER);
  };
  expect(mean(0n, 0n, 3n, 3n, 3n)).toBe("1i");
  expect(mean(3n, 0n, 3n, 0n, 3n)).toBe("1i");
  // By steps that are each cut off, as in 2.x, it was 4.
  expect(mean(0n, 5n, 5n, 5n, 5n, 5n, 5n, 5n, 5n, 5n, 50n)).toBe("8i");
  expect(mean(-1n, -2n)).toBe("-1i");
  expect(mean(-1n, 2n, -1n)).toBe("0i");
});

test("the sum of integers is exact, and none if 64 bits do not hold it", () => {
  const sum = (kind: number, ...values: readonly bigint[]) => {
    const totals = new Totals();
    for (const value of values) addInteger(totals, 0, value);
    return totals.sum(0, kind);
  };
  const largest = 2n ** 63n - 1n;
  expect(sum(FIELD_INTEGER, largest, -5n)).toBe("9223372036854775802i");
  expect(sum(FIELD_INTEGER, largest, 1n)).toBeUndefined();
  expect(sum(FIELD_INTEGER, largest, 1n, -1n)).toBe("9223372036854775807i");
  expect(sum(FIELD_INTEGER, -largest, -1n)).toBe("-9223372036854775808i");
  expect(sum(FIELD_INTEGER, -largest, -2n)).toBeUndefined();
  expect(sum(FIELD_UNSIGNED, largest, 1n)).toBe("9223372036854775808u");
  expect(sum(FIELD_UNSIGNED, 2n ** 64n - 1n)).toBe("18446744073709551615u");
  expect(sum(FIELD_UNSIGNED, 2n ** 64n - 1n, 1n)).toBeUndefined();
});

/** `value` as an integer number of 2^-1074, the smallest double. */
function inUnits(value: number): bigint {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const all = bits.getBigUint64(0);
  const exponent = (all >> 52n) & 0x7ffn;
  const fraction = all & (2n ** 52n - 1n);
  const size = exponent === 0n ? fraction : (2n ** 52n + fraction) << (exponent - 1n);
  return value < 0 ? -size : size;
}

function sizeOf(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function meanOf(values: readonly number[]): number {
  const totals = new Totals();
  for (const value of values) totals.addFloat(0, value);
  return Number(totals.mean(0, FIELD_FLOAT));
}

test("the mean of floats is as near to the exact one as their doubles are", () => {
  const random = seededRandom("float means");
  for (let round = 0; round < 2000; round++) {
    const count = 1 + random.int(200);
    const scale = 10 ** (random.int(600) - 300);
    const values = Array.from({ length: count }, () => {
      const value = (random.int(2 ** 31) / 2 ** 31 - 0.3) * scale;
      return random.oneIn(5) ? value * 10 ** random.int(6) : value;
    });
    const exactSum = sumOf(values.map(inUnits));
    const error = sizeOf(inUnits(meanOf(values)) * BigInt(count) - exactSum);
    // Two roundings of the mean itself, the smallest unit of each value, and next to nothing of what the values are.
    const ofValues = sumOf(values.map((value) => sizeOf(inUnits(value)))) >> 80n;
    const allowed = (sizeOf(exactSum) >> 51n) + BigInt(count) + ofValues;
    expect([values, error <= allowed]).toEqual([values, true]);
  }
});

test("what floats lose by being added one to the other is not lost", () => {
  expect(meanOf([1e16, 1, -1e16, 1])).toBe(0.5);
  expect(meanOf(Array.from({ length: 10 }, () => 0.1))).toBe(0.1);
  expect(meanOf([1, 2.1, 3.2])).toBe(2.1);
});

test("the mean of the largest floats is finite, and that of nothing but -0 is -0", () => {
  const max = Number.MAX_VALUE;
  expect(meanOf([max, max, max])).toBe(max);
  expect(meanOf([-max, -max, -max, -max, -max])).toBe(-max);
  expect(meanOf([max, -max])).toBe(0);
  expect(meanOf([max, max, -max, -max, 3, 5, 4])).toBeCloseTo(12 / 7, 10);
  const totals = new Totals();
  totals.addFloat(0, -0);
  expect(totals.mean(0, FIELD_FLOAT)).toBe("-0");
  totals.addFloat(0, -0);
  expect(totals.mean(0, FIELD_FLOAT)).toBe("-0");
  totals.addFloat(0, 3);
  expect(totals.mean(0, FIELD_FLOAT)).toBe("1");
});

test("the sum of floats is none if it is infinite", () => {
  const totals = new Totals();
  totals.addFloat(0, Number.MAX_VALUE);
  expect(totals.sum(0, FIELD_FLOAT)).toBe("1.7976931348623157e+308");
  totals.addFloat(0, Number.MAX_VALUE);
  expect(totals.sum(0, FIELD_FLOAT)).toBeUndefined();
  totals.addFloat(1, 0.5);
  totals.addFloat(1, 0.25);
  expect(totals.sum(1, FIELD_FLOAT)).toBe("0.75");
});

test("values of every type are counted, each field on its own", () => {
  const totals = new Totals();
  addInteger(totals, 0, 5n);
  totals.addText(1);
  totals.addText(1);
  totals.addFloat(2000, 5);
  expect([0, 1, 2, 2000, 5000].map((field) => totals.count(field))).toEqual([1, 2, 0, 1, 0]);
});
