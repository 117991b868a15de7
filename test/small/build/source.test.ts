/** The date that a build states. Source: https://reproducible-builds.org/specs/source-date-epoch/ */
import { expect, test } from "bun:test";

import { readSource } from "../../../build/source.ts";

test("SOURCE_DATE_EPOCH is the date", () => {
  const { date } = readSource({ SOURCE_DATE_EPOCH: "1770091506" });
  expect(date.toISOString()).toBe("2026-02-03T04:05:06.000Z");
});

test("SOURCE_DATE_EPOCH that is no number of seconds is refused", () => {
  for (const text of ["now", "-1", "1.5", " 1", "2026-02-03", "123456789012"]) {
    expect(() => readSource({ SOURCE_DATE_EPOCH: text })).toThrow(
      `SOURCE_DATE_EPOCH: expected seconds since 1970, got "${text}"`,
    );
  }
});

test("without SOURCE_DATE_EPOCH, the date is not after now", () => {
  for (const env of [{}, { SOURCE_DATE_EPOCH: "" }]) {
    expect(readSource(env).date.getTime()).toBeLessThanOrEqual(Date.now());
  }
});
