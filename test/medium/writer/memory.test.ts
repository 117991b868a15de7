/**
 * Goal: whatever ails InfluxDB, a writer's memory reaches a plateau and stays there. Method: a writer as a process of
 * its own with small limits is sent many times what they allow; `test/bench/writer-memory.ts` does the same for minutes.
 */
import { expect, test } from "bun:test";

import type { Temper } from "../../support/slow-influxd.ts";
import { watchWriterMemory } from "../../support/watch-memory.ts";

const MB = 1024 ** 2;

/** 16 MB in front of it and 16 MB in retry; four lanes for new batches and four for old ones, and one batch in the making. */
const TOML = `
  nats_max_pending_size = "16MB"
  batch_max_size = "1MB"
  batch_max_count = 100
  workers = 4
  write_timeout = "2s"
  writer_retry_batches = 100
  writer_retry_max_size = "16MB"
  writer_retry_interval = "1s"
  writer_retry_timeout = "10s"
`;
const LIMITS_BYTES = (16 + 16 + 9) * MB;
/** What a process takes that has nothing to do, and what the limits take in it: a request copies its batch, and freed memory goes back late. */
const EMPTY_BYTES = 70 * MB;
const SLACK = 3.5;

const MESSAGE_BYTES = 98_000;
const RATE = 100;
const SECONDS = 24;

async function expectPlateau(temper: Partial<Temper>) {
  const { residentBytes, counts } = await watchWriterMemory({
    temper,
    toml: TOML,
    messagesPerSecond: RATE,
    seconds: SECONDS,
  });
  // Without the limits it would all be in memory.
  expect(RATE * SECONDS * MESSAGE_BYTES).toBeGreaterThan(EMPTY_BYTES + LIMITS_BYTES * 2);
  expect(Math.max(...residentBytes)).toBeLessThan(EMPTY_BYTES + LIMITS_BYTES * SLACK);
  const third = Math.floor(residentBytes.length / 3);
  const [before, after] = [residentBytes.slice(third, 2 * third), residentBytes.slice(2 * third)];
  // What comes in the last third alone is more than this by far.
  expect(quantile(after, 1 / 4)).toBeLessThan(quantile(before, 1 / 2) * 1.15);
  return counts;
}

/** Garbage goes in steps, so that a highest value says little, and on a busy machine the steps are high. */
function quantile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? NaN;
}

test("with an InfluxDB that is slow, fails, hangs or does not even listen, memory reaches a plateau", async () => {
  const [slow, failing, hanging, deaf] = await Promise.all([
    expectPlateau({ delayMs: 1500 }),
    expectPlateau({ status: 503 }),
    expectPlateau({ trouble: "hang" }),
    expectPlateau({ trouble: "deaf" }),
  ]);
  // Each had reached a limit, and dropped behind it.
  expect(slow["nats_dropped"]).toBeGreaterThan(0);
  expect(slow["written_lines"]).toBeGreaterThan(0);
  expect(failing["dropped_retry_full_lines"]).toBeGreaterThan(0);
  for (const counts of [hanging, deaf]) {
    expect(counts["nats_dropped"]).toBeGreaterThan(0);
    expect(counts["dropped_retry_timeout_lines"]).toBeGreaterThan(0);
  }
}, 60_000);
