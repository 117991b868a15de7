/** Where periods begin. */

/** From 1 January of year 1, 00:00 UTC, to 1970, in seconds. */
const YEAR_1_TO_1970_SECONDS = 62_135_596_800n;
const YEAR_1_NS = -YEAR_1_TO_1970_SECONDS * 1_000_000_000n;

/**
 * The beginning of the period that `timeNs` lies in. Periods are counted from the year 1, as in 2.x: so those that divide a
 * day begin with the day, and weeks begin on a Monday. Both in nanoseconds since 1970.
 */
export function periodStart(timeNs: bigint, periodNs: bigint): bigint {
  const sinceYear1 = timeNs - YEAR_1_NS;
  const into = ((sinceYear1 % periodNs) + periodNs) % periodNs;
  return timeNs - into;
}
