/** The end of a writer: what it has accepted is written, once, or it says how much is lost; and NATS comes and goes. */
import { expect, test } from "bun:test";

import { eventually } from "../../support/eventually.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { startRecordingBackend } from "../../support/recording-backend.ts";
import { openTestBus, startTestWriter } from "./rig.ts";

const SUBJECT = "influx-spout";
const batch = { countMax: 10, sizeMaxBytes: 1024 * 1024, ageMaxMs: 300_000 };

test("in mid-flow, behind a slow backend, everything that was received is written, once", async () => {
  await using nats = await startNatsServer();
  await using backend = startRecordingBackend();
  await using bus = await openTestBus(nats);
  backend.answer = () => ({ delayMs: 20 });
  const writer = await startTestWriter(nats, backend.port, { batch, workers: 2 });
  for (let i = 0; i < 505; i++) await bus.publish(SUBJECT, `cpu v=${i}\n`);
  await eventually("it is under way", () => backend.requests.length > 3);
  expect(await writer.stop()).toEqual({ lostLines: 0 });
  const lines = backend.lines();
  await eventually("the last metrics", () => bus.stats()["written_lines"] === lines.length);
  expect(bus.stats()).toMatchObject({ received_lines: lines.length, failed_writes: 0 });
  expect(lines.length).toBeGreaterThan(40);
  expect(new Set(lines).size).toBe(lines.length);
});

test("with everything delivered, the incomplete batch is written too", async () => {
  await using nats = await startNatsServer();
  await using backend = startRecordingBackend();
  await using bus = await openTestBus(nats);
  const writer = await startTestWriter(nats, backend.port, { batch });
  for (let i = 0; i < 25; i++) await bus.publish(SUBJECT, `cpu v=${i}\n`);
  await eventually("all is received", () => bus.stats()["received"] === 25);
  expect(await writer.stop()).toEqual({ lostLines: 0 });
  expect(backend.requests.map(({ body }) => body.split("\n").length - 1).sort()).toEqual([
    10, 10, 5,
  ]);
});

test("before a backend that hangs it ends by the deadline and says how many lines are lost", async () => {
  await using nats = await startNatsServer();
  await using backend = startRecordingBackend();
  await using bus = await openTestBus(nats);
  backend.answer = () => ({ delayMs: Infinity });
  const writer = await startTestWriter(nats, backend.port, { batch, workers: 1 });
  for (let i = 0; i < 35; i++) await bus.publish(SUBJECT, `cpu v=${i}\ncpu v=${i}.5\n`);
  await eventually("a request hangs", () => bus.stats()["received"] === 21);
  const beganMs = performance.now();
  expect(await writer.stop(1000)).toEqual({ lostLines: 70 });
  expect(performance.now() - beganMs).toBeLessThan(1500);
  await eventually("the last metrics", () => bus.stats()["dropped_stop_lines"] === 70);
  expect(bus.stats()).toMatchObject({ received_lines: 70, written_lines: 0 });
});

test("while NATS is away the writer is not ready, and it goes on when NATS is back", async () => {
  const before = await startNatsServer();
  await using backend = startRecordingBackend();
  await using writer = await startTestWriter(before, backend.port, {
    batch: { ...batch, countMax: 1 },
  });
  await before[Symbol.asyncDispose]();
  await eventually("it notices", () => !writer.running.ready());
  await using after = await startNatsServer({ port: before.port });
  await eventually("it is ready again", () => writer.running.ready(), 20_000);
  await using bus = await openTestBus(after);
  // Ready says that the connection stands; the subscription is renewed right behind it.
  await eventually("a line arrives", async () => {
    await bus.publish(SUBJECT, "cpu v=1\n");
    return backend.requests.length > 0;
  });
}, 30_000);
