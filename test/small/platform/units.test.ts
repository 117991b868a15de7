/**
 * Goal: sizes and durations mean what they meant to the 2.x original, to the last byte and nanosecond, and what is
 * printed reads back. The accepted and refused texts are those that the original was run on.
 */
import { describe, expect, test } from "bun:test";

import {
  formatByteSize,
  formatDuration,
  nsToMs,
  parseByteSize,
  parseDuration,
} from "../../../src/platform/units.ts";

describe("byte sizes", () => {
  const reads = (text: string, bytes: bigint) =>
    expect([text, parseByteSize(text)]).toEqual([text, { value: bytes }]);
  const refuses = (text: string, problem: string) =>
    expect([text, parseByteSize(text)]).toEqual([text, { problem }]);

  test("are read in every form of the original", () => {
    // Without a unit, and with the shortest ones
    reads("2097152", 2_097_152n);
    reads("2048KB", 2_097_152n);
    reads("2MB", 2_097_152n);
    reads("2M", 2_097_152n);
    // Case, blanks and long names
    reads("2mb", 2_097_152n);
    reads("2mB", 2_097_152n);
    reads("2 MB", 2_097_152n);
    reads("2  mb ", 2_097_152n);
    reads("2megabytes", 2_097_152n);
    reads("1byte", 1n);
    reads("1b", 1n);
    reads("1 kilobytes", 1024n);
    reads("1kilo", 1024n);
    reads("1GigaByte", 1024n ** 3n);
    reads("3t", 3n * 1024n ** 4n);
    reads("1petabyte", 1024n ** 5n);
    // Nothing, and the largest
    reads("0", 0n);
    reads("", 0n);
    reads("15e", 17_293_822_569_102_704_640n);
    reads("18446744073709551615", 18_446_744_073_709_551_615n);
  });

  test("are refused, with the reason, where the original refuses them", () => {
    refuses("2Mb", '"Mb" means bits; for bytes write "MB"');
    refuses("1Eb", '"Eb" means bits; for bytes write "EB"');
    refuses("2MiB", 'unknown unit "MiB"');
    refuses("2.5MB", "not a whole number with a unit");
    refuses("-1", "not a whole number with a unit");
    refuses(" 2MB", "not a whole number with a unit");
    refuses("MB", "not a whole number with a unit");
    refuses("1 0", "not a whole number with a unit");
    refuses("16E", "out of range");
    refuses("99999999999999999999", "out of range");
    refuses("5x", 'unknown unit "x"');
    refuses("1bytes", 'unknown unit "bytes"');
    refuses("1exa", 'unknown unit "exa"');
    refuses("1exabyte", 'unknown unit "exabyte"');
  });

  test("print in the largest unit that divides them, and read back", () => {
    const prints = (bytes: bigint, text: string) => {
      expect(formatByteSize(bytes)).toBe(text);
      reads(text, bytes);
    };
    prints(209_715_200n, "200MB");
    prints(1_048_576n, "1MB");
    prints(1_048_577n, "1048577B");
    prints(43_210n, "43210B");
    prints(1536n, "1536B");
    prints(2048n, "2KB");
    prints(0n, "0B");
    prints(17_293_822_569_102_704_640n, "15EB");
  });
});

describe("durations", () => {
  const reads = (text: string, ns: bigint) =>
    expect([text, parseDuration(text)]).toEqual([text, { value: ns }]);
  const refuses = (text: string, problem: string) =>
    expect([text, parseDuration(text)]).toEqual([text, { problem }]);

  test("are read in every form of the original", () => {
    // One amount
    reads("5m", 300_000_000_000n);
    reads("300s", 300_000_000_000n);
    reads("1ms", 1_000_000n);
    reads("10ns", 10n);
    reads("100us", 100_000n);
    reads("100\u00b5s", 100_000n);
    reads("100\u03bcs", 100_000n);
    // Several: they add up
    reads("1h30m", 5_400_000_000_000n);
    reads("1h1h", 7_200_000_000_000n);
    // Fractions and signs
    reads("1.5s", 1_500_000_000n);
    reads(".5s", 500_000_000n);
    reads("5.s", 5_000_000_000n);
    reads("1.9ns", 1n);
    reads("+5s", 5_000_000_000n);
    reads("-5s", -5_000_000_000n);
    // Only nothing needs no unit
    reads("0", 0n);
    reads("0s", 0n);
    // The longest
    reads("9223372036854775807ns", 9_223_372_036_854_775_807n);
    reads("-9223372036854775808ns", -9_223_372_036_854_775_808n);
  });

  test("are refused, with the reason, where the original refuses them", () => {
    refuses("30", "missing unit");
    refuses("1h30", "missing unit");
    refuses("", "not a number with a unit");
    refuses("s", "not a number with a unit");
    refuses("-", "not a number with a unit");
    refuses(".s", "not a number with a unit");
    refuses(" 5s", "not a number with a unit");
    refuses("1.2.3s", '"1.2.3" is not a number');
    refuses("1h.s", '"." is not a number');
    refuses("5M", 'unknown unit "M"');
    refuses("5d", 'unknown unit "d"');
    refuses("5 s", 'unknown unit " s"');
    refuses("5s ", 'unknown unit "s "');
    refuses("5s\n", 'unknown unit "s\n"');
    refuses("1e3s", 'unknown unit "e"');
    refuses("2562048h", "out of range");
    refuses("9223372036854775808ns", "out of range");
  });

  test("print as Go does, without parts that are zero, and read back", () => {
    const prints = (ns: bigint, text: string) => {
      expect(formatDuration(ns)).toBe(text);
      reads(text, ns);
    };
    prints(300_000_000_000n, "5m");
    prints(300_000_000n, "300ms");
    prints(5_400_000_000_000n, "1h30m");
    prints(3_605_000_000_000n, "1h5s");
    prints(1_500_000_000n, "1.5s");
    prints(61_000_000_001n, "1m1.000000001s");
    prints(1_500_000n, "1.5ms");
    prints(100_500n, "100.5us");
    prints(1_000_000_000n, "1s");
    prints(1_000_000n, "1ms");
    prints(1000n, "1us");
    prints(10n, "10ns");
    prints(0n, "0s");
    prints(-5_000_000_000n, "-5s");
    prints(9_223_372_036_854_775_807n, "2562047h47m16.854775807s");
  });

  test("are given to timers in milliseconds, fractions included", () => {
    expect(nsToMs(1_500_000n)).toBe(1.5);
    expect(nsToMs(300_000_000_000n)).toBe(300_000);
  });
});
