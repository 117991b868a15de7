/**
 * Goal: what InfluxDB cannot take for a while is in it afterwards, and what it never takes is dropped, counted and not
 * sent for ever. Method: a real InfluxDB that is stopped, started, and told to refuse; one in trouble where a real one
 * cannot be told to be.
 */
import { expect, test } from "bun:test";

import type { RetryLimits } from "../../../src/config/config.ts";
import { eventually } from "../../support/eventually.ts";
import { startInfluxd } from "../../support/influxd.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { freePort } from "../../support/server-process.ts";
import { startSlowInfluxd } from "../../support/slow-influxd.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { openTestBus, startTestWriter } from "./rig.ts";

const SUBJECT = "influx-spout";
const one = { countMax: 1, sizeMaxBytes: 1024 * 1024, ageMaxMs: 300_000 };
const RETRY: RetryLimits = {
  batchesMax: 1000,
  sizeMaxBytes: 10_000_000,
  intervalMs: 100,
  timeoutMs: 60_000,
};
const NOTHING_DROPPED = {
  dropped_write_lines: 0,
  dropped_retry_timeout_lines: 0,
  dropped_retry_full_lines: 0,
  dropped_stop_lines: 0,
};

test("while InfluxDB is stopped and started again nothing is lost, and nothing is there twice", async () => {
  await using nats = await startNatsServer();
  await using folder = await tempFolder();
  await using bus = await openTestBus(nats);
  const port = freePort();
  const start = () => startInfluxd({ port, dataFolder: folder.path });
  let influxd = await start();
  await influxd.createDatabase("metrics");
  await using writer = await startTestWriter(nats, port, {
    batch: { ...one, countMax: 5, ageMaxMs: 100 },
    workers: 2,
    influxdb: { retry: RETRY },
  });
  let sent = 0;
  const send = async (count: number) => {
    for (const end = sent + count; sent < end; sent++) {
      await bus.publish(
        SUBJECT,
        `cpu,host=a v=${sent} ${1_500_000_000_000_000_000n + BigInt(sent)}\n`,
      );
    }
  };
  await send(100);
  await eventually("all is written", () => bus.stats()["written_lines"] === 100);
  await influxd[Symbol.asyncDispose]();
  await send(200);
  await eventually("all of it is put aside", () => bus.stats()["retry_batches"] === 40);
  influxd = await start();
  await using _again = influxd;
  await send(100);
  await eventually("all is written", () => bus.stats()["written_lines"] === 400, 20_000);
  const stored = await influxd.query("metrics", "SELECT count(v), sum(v) FROM cpu");
  // 0 + 1 + ... + 399
  expect(stored).toMatchObject([{ count: 400, sum: 79_800 }]);
  expect(bus.stats()).toMatchObject({ received_lines: 400, ...NOTHING_DROPPED });
  const errors = writer.log.lines.filter((line) => line.startsWith("ERROR"));
  expect(errors).toEqual([]);
}, 60_000);

test("while the database is missing its lines are held, and written once somebody has created it", async () => {
  await using nats = await startNatsServer();
  await using influxd = await startInfluxd();
  await using bus = await openTestBus(nats);
  await using writer = await startTestWriter(nats, influxd.port, {
    batch: one,
    influxdb: { database: "late", retry: RETRY },
  });
  await bus.publish(SUBJECT, "cpu v=1 1\ncpu v=2 2\n");
  await eventually("it was tried again", () => (bus.stats()["retries"] ?? 0) >= 1);
  expect(writer.log.lines.filter((line) => line.startsWith("WARN"))).toEqual([
    `WARN cannot write 2 lines to http://127.0.0.1:${influxd.port}/write?db=late, will try again: ` +
      'HTTP 404: database not found: "late"',
  ]);
  await influxd.createDatabase("late");
  await eventually("it is written", () => bus.stats()["written_lines"] === 2);
  expect(await influxd.query("late", "SELECT v FROM cpu")).toHaveLength(2);
  expect(bus.stats()).toMatchObject(NOTHING_DROPPED);
});

test("what InfluxDB refuses for good, a part of it or all, is not sent again", async () => {
  await using nats = await startNatsServer();
  await using influxd = await startInfluxd();
  await using bus = await openTestBus(nats);
  await influxd.createDatabase("metrics");
  await using writer = await startTestWriter(nats, influxd.port, {
    batch: one,
    influxdb: { retry: RETRY },
  });
  await bus.publish(SUBJECT, "cpu v=1 1\n");
  await eventually("it is stored", () => bus.stats()["written_lines"] === 1);
  await bus.publish(SUBJECT, 'cpu v="text" 2\ncpu v=3 3\n');
  await bus.publish(SUBJECT, "no line protocol at all\n");
  await eventually("they are refused", () => bus.stats()["dropped_write_lines"] === 2);
  // What was to be tried again would be now.
  expect(await writer.stop()).toEqual({ lostLines: 0 });
  expect(bus.stats()).toMatchObject({ write_requests: 3, retry_batches: 0, retries: 0 });
});

test("a batch larger than InfluxDB takes at once is stored whole", async () => {
  await using nats = await startNatsServer();
  await using influxd = await startInfluxd({ http: "max-body-size = 1000" });
  await using bus = await openTestBus(nats);
  await influxd.createDatabase("metrics");
  await using writer = await startTestWriter(nats, influxd.port, { batch: one });
  const lines = Array.from({ length: 500 }, (_, i) => `cpu v=${i} ${1000 + i}`);
  lines.splice(250, 0, `cpu s="${"x".repeat(2000)}" 999`);
  await bus.publish(SUBJECT, lines.join("\n"));
  await eventually("it is stored", () => bus.stats()["written_lines"] === 500);
  expect(bus.stats()).toMatchObject({ ...NOTHING_DROPPED, dropped_write_lines: 1 });
  expect(await influxd.query("metrics", "SELECT count(v), sum(v) FROM cpu")).toMatchObject([
    { count: 500, sum: 124_750 },
  ]);
  expect(writer.log.lines.filter((line) => line.startsWith("WARN"))).toEqual([
    expect.stringContaining("a smaller batch_max_size saves the vain requests"),
  ]);
});

test("Retry-After is obeyed, and new batches go out meanwhile", async () => {
  await using nats = await startNatsServer();
  await using influxd = await startSlowInfluxd({ status: 503, retryAfter: "1" });
  await using bus = await openTestBus(nats);
  await using _writer = await startTestWriter(nats, influxd.port, {
    batch: one,
    workers: 1,
    influxdb: { retry: { ...RETRY, intervalMs: 10 } },
  });
  await bus.publish(SUBJECT, "cpu v=1\n");
  await eventually("it is refused", () => influxd.counts.requests === 1);
  const refusedMs = performance.now();
  influxd.behave({ status: 204, retryAfter: "" });
  await bus.publish(SUBJECT, "cpu v=2\n");
  await eventually("the new one is written", () => influxd.counts.lines === 1);
  await eventually("the old one is written", () => influxd.counts.lines === 2);
  expect(performance.now() - refusedMs).toBeGreaterThan(950);
  expect(influxd.counts.requests).toBe(3);
});

test("connections that break and answers that never come cost time, and no line", async () => {
  await using nats = await startNatsServer();
  await using influxd = await startSlowInfluxd();
  await using bus = await openTestBus(nats);
  await using _writer = await startTestWriter(nats, influxd.port, {
    batch: one,
    workers: 2,
    influxdb: { retry: RETRY, writeTimeoutMs: 200 },
  });
  let sent = 0;
  for (const trouble of ["close", "hang", "deaf"] as const) {
    influxd.behave({ trouble });
    for (let i = 0; i < 5; i++) await bus.publish(SUBJECT, `cpu v=${sent++}\n`);
    await eventually("all of it is put aside", () => bus.stats()["retry_batches"] === sent);
    influxd.behave({ trouble: "none" });
    await eventually("all is written", () => bus.stats()["written_lines"] === sent);
  }
  expect(bus.stats()).toMatchObject({ received_lines: 15, ...NOTHING_DROPPED });
}, 30_000);
