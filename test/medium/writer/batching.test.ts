/** What the writer makes of the messages on its subjects: a real nats-server in front, a recording backend behind. */
import { describe, expect, test } from "bun:test";
import { hostname } from "node:os";

import { eventually } from "../../support/eventually.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { startRecordingBackend } from "../../support/recording-backend.ts";
import { openTestBus, startTestWriter } from "./rig.ts";

const SUBJECT = "influx-spout";
const one = { countMax: 1, sizeMaxBytes: 1024 * 1024, ageMaxMs: 300_000 };
const many = { countMax: 9999, sizeMaxBytes: 1024 * 1024, ageMaxMs: 300_000 };

describe("a batch", () => {
  test("is one message if the count is 1; the metrics name the writer, and count what it did", async () => {
    await using nats = await startNatsServer();
    await using backend = startRecordingBackend();
    await using bus = await openTestBus(nats);
    await using writer = await startTestWriter(nats, backend.port, { batch: one });
    for (let i = 0; i < 5; i++) await bus.publish(SUBJECT, `cpu v=${i}\n`);
    await eventually("five requests", () => backend.requests.length === 5);
    expect(backend.requests.map(({ body }) => body).sort()).toEqual(
      [0, 1, 2, 3, 4].map((i) => `cpu v=${i}\n`),
    );
    const start =
      `spout_stat_writer,writer=store,influxdb_address=127.0.0.1,influxdb_port=${backend.port},` +
      `influxdb_dbname=metrics,host=${hostname()} received=5,write_requests=5,failed_writes=0,`;
    await eventually("metrics", () => bus.monitored.some((line) => line.startsWith(start)));
    expect(bus.stats()).toMatchObject({ received_lines: 5, written_lines: 5, written_bytes: 40 });
    expect(writer.log.lines.filter((line) => !line.startsWith("INFO"))).toEqual([]);
  });

  test("is sent when it is full in bytes", async () => {
    await using nats = await startNatsServer();
    await using backend = startRecordingBackend();
    await using bus = await openTestBus(nats);
    await using _writer = await startTestWriter(nats, backend.port, { batch: many });
    const quarter = `cpu v="${"x".repeat(256 * 1024 - 9)}"\n`;
    for (let i = 0; i < 5; i++) await bus.publish(SUBJECT, quarter);
    await eventually("five messages", () => bus.stats()["received"] === 5);
    expect(backend.requests.map(({ body }) => body)).toEqual([quarter.repeat(4)]);
  });

  test("is sent when it is old", async () => {
    await using nats = await startNatsServer();
    await using backend = startRecordingBackend();
    await using bus = await openTestBus(nats);
    const batch = { ...many, ageMaxMs: 50 };
    await using _writer = await startTestWriter(nats, backend.port, { batch });
    await bus.publish(SUBJECT, "cpu v=1");
    await eventually("one request", () => backend.requests.length === 1);
    expect(backend.lines()).toEqual(["cpu v=1"]);
  });

  test("gathers what comes on several subjects, wildcards among them", async () => {
    await using nats = await startNatsServer();
    await using backend = startRecordingBackend();
    await using bus = await openTestBus(nats);
    const batch = { ...many, countMax: 4 };
    const subjects = ["plain", "one.*.star", "rest.>"];
    await using _writer = await startTestWriter(nats, backend.port, { batch, subjects });
    for (const subject of ["plain", "other", "one.x.star", "one.x.y.star", "rest.a", "rest.a.b"]) {
      await bus.publish(subject, `${subject} v=1\n`);
    }
    await eventually("one request", () => backend.requests.length === 1);
    expect(backend.lines().sort()).toEqual([
      "one.x.star v=1",
      "plain v=1",
      "rest.a v=1",
      "rest.a.b v=1",
    ]);
  });
});

describe("rules", () => {
  const written = async (
    rule: { type: "basic" | "regex" | "negregex"; match: string },
    text: string,
  ) => {
    await using nats = await startNatsServer();
    await using backend = startRecordingBackend();
    await using bus = await openTestBus(nats);
    await using writer = await startTestWriter(nats, backend.port, {
      batch: many,
      rules: [{ ...rule, subject: "" }],
    });
    await bus.publish(SUBJECT, text);
    await eventually("it is received", () => bus.stats()["received"] === 1);
    await writer.stop();
    return backend.requests.map(({ body }) => body).join("|");
  };

  test("let only matching lines of a message through", async () => {
    const text = "foo,host=a bar=1\r\nother v=1\nfoo v=2";
    expect(await written({ type: "basic", match: "foo" }, text)).toBe(
      "foo,host=a bar=1\nfoo v=2\n",
    );
    expect(await written({ type: "regex", match: "bar=1$" }, text)).toBe("foo,host=a bar=1\n");
    expect(await written({ type: "negregex", match: "^foo" }, text)).toBe("other v=1\n");
  });
});

describe("two writers", () => {
  test("have everything each, or in one queue group each its part", async () => {
    await using nats = await startNatsServer();
    await using first = startRecordingBackend();
    await using second = startRecordingBackend();
    await using shared = startRecordingBackend();
    await using bus = await openTestBus(nats);
    await using _first = await startTestWriter(nats, first.port, { batch: one });
    await using _second = await startTestWriter(nats, second.port, { batch: one });
    const group = { batch: one, queueGroup: "g" };
    await using _third = await startTestWriter(nats, shared.port, group);
    await using _fourth = await startTestWriter(nats, shared.port, group);
    const lines = Array.from({ length: 50 }, (_, i) => `cpu v=${100 + i}`);
    for (const line of lines) await bus.publish(SUBJECT, line);
    for (const backend of [first, second, shared]) {
      await eventually("all lines", () => backend.requests.length >= 50);
      expect(backend.lines().sort()).toEqual(lines);
    }
  });
});
