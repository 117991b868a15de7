/** The writer before backends of every temper: what is sent, what each failure costs, and that nothing grows. */
import { describe, expect, test } from "bun:test";

import { eventually } from "../../support/eventually.ts";
import { makeCertificates, startNatsServer } from "../../support/nats-server.ts";
import { startClosingBackend, startRecordingBackend } from "../../support/recording-backend.ts";
import { freePort } from "../../support/server-process.ts";
import { openTestBus, startTestWriter, type WriterChanges } from "./rig.ts";

const SUBJECT = "influx-spout";
const one = { countMax: 1, sizeMaxBytes: 1024 * 1024, ageMaxMs: 300_000 };

test("sends plain, uncompressed bytes with the credentials to the encoded database, and keeps its connections", async () => {
  await using nats = await startNatsServer();
  await using backend = startRecordingBackend();
  await using bus = await openTestBus(nats);
  await using writer = await startTestWriter(nats, backend.port, {
    batch: one,
    influxdb: { database: "my db&x=1", user: "me", password: "s3cret" },
  });
  const send = async (text: string) => {
    const index = backend.requests.length;
    await bus.publish(SUBJECT, text);
    return eventually("a request", () => backend.requests[index]);
  };
  const request = await send("cpu,ü=\u0000 v=1\n");
  expect(request).toMatchObject({
    method: "POST",
    target: "/write?db=my%20db%26x%3D1",
    body: "cpu,ü=\u0000 v=1\n",
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "content-length": "13",
      // base64 of me:s3cret
      authorization: "Basic bWU6czNjcmV0",
    },
  });
  for (const name of ["expect", "content-encoding", "transfer-encoding"]) {
    expect(request.headers[name]).toBeUndefined();
  }
  await eventually("it is answered", () => bus.stats()["written_lines"] === 1);
  expect((await send("cpu v=2\n")).clientPort).toBe(request.clientPort);
  expect(writer.log.lines.join("\n")).not.toContain("s3cret");
});

describe("a failed write", () => {
  /** Two lines that are to fail, then, if `recover` makes the backend well again, one that is not. Returns the log's errors. */
  const failOnce = async (
    port: number,
    influxdb: WriterChanges["influxdb"] = {},
    recover?: () => void,
  ): Promise<string[]> => {
    await using nats = await startNatsServer();
    await using bus = await openTestBus(nats);
    await using writer = await startTestWriter(nats, port, { batch: one, influxdb });
    await bus.publish(SUBJECT, "lost v=1\nlost v=2\n");
    await eventually("a failure", () => bus.stats()["failed_writes"] === 1);
    expect(bus.stats()).toMatchObject({
      write_requests: 1,
      received_lines: 2,
      written_lines: 0,
      dropped_write_lines: 2,
    });
    if (recover !== undefined) {
      recover();
      await bus.publish(SUBJECT, "kept v=1\n");
      await eventually("a success", () => bus.stats()["written_lines"] === 1);
    }
    return writer.log.lines.filter((line) => !line.startsWith("INFO"));
  };
  const errorFor = (url: string, reason: string) =>
    `ERROR cannot write 2 lines to ${url}/write?db=metrics, dropped: ${reason}`;

  test("is dropped, counted and told in the backend's own words, and the next one succeeds", async () => {
    const refusals = [
      [
        { status: 404, body: '{"error":"database not found: \\"metrics\\""}' },
        'HTTP 404: database not found: "metrics"',
      ],
      [{ status: 503, body: "Service Unavailable\n" }, "HTTP 503: Service Unavailable"],
      [
        { status: 307, headers: { Location: "/there" } },
        'HTTP 307: redirect to "/there", which is not followed',
      ],
      [{ status: 500, body: "x".repeat(1_000_000) }, `HTTP 500: ${"x".repeat(990)}...`],
    ] as const;
    for (const [answer, reason] of refusals) {
      await using backend = startRecordingBackend();
      backend.answer = () => answer;
      const errors = await failOnce(backend.port, {}, () => {
        backend.answer = () => ({});
      });
      expect(errors).toEqual([errorFor(`http://127.0.0.1:${backend.port}`, reason)]);
      expect(backend.requests.map(({ method, body }) => [method, body])).toEqual([
        ["POST", "lost v=1\nlost v=2\n"],
        ["POST", "kept v=1\n"],
      ]);
    }
  });

  test("is one that gets no answer in time", async () => {
    await using backend = startRecordingBackend();
    backend.answer = () => ({ delayMs: Infinity });
    const errors = await failOnce(backend.port, { writeTimeoutMs: 300 }, () => {
      backend.answer = () => ({});
    });
    expect(errors).toEqual([
      errorFor(`http://127.0.0.1:${backend.port}`, "no answer within 0.3 s"),
    ]);
  });

  test("is one whose connection is closed, which is not tried twice", async () => {
    using backend = startClosingBackend();
    const errors = await failOnce(backend.port);
    const reason = "connection closed before the answer";
    expect(errors).toEqual([errorFor(`http://127.0.0.1:${backend.port}`, reason)]);
    expect(backend.closed()).toBe(1);
  });

  test("is one that finds nobody", async () => {
    const port = freePort();
    const errors = await failOnce(port);
    expect(errors).toEqual([errorFor(`http://127.0.0.1:${port}`, "connection refused")]);
  });

  test("is one whose certificate nobody vouches for", async () => {
    await using certificates = await makeCertificates();
    const [cert, key] = await Promise.all(
      [certificates.certFile, certificates.keyFile].map((file) => Bun.file(file).text()),
    );
    await using backend = startRecordingBackend({ tls: { cert: cert ?? "", key: key ?? "" } });
    const [error = "", ...others] = await failOnce(backend.port, { protocol: "https" });
    expect(error).toStartWith(errorFor(`https://127.0.0.1:${backend.port}`, ""));
    expect(error).toContain("certificate");
    expect(others).toEqual([]);
    expect(backend.requests).toEqual([]);
  });
});

describe("a backend that hangs", () => {
  const SIZE_BYTES = 1000;
  /** 20 lines of 50 bytes. */
  const message = (number: number) =>
    Array.from({ length: 20 }, (_, i) => {
      const start = `cpu,message=${number},line=${i} v="`;
      return `${start}${"x".repeat(48 - start.length)}"\n`;
    }).join("");

  test("makes the writer hold no more than its limits, drop and count the rest, and troubles no other writer", async () => {
    await using nats = await startNatsServer();
    await using hanging = startRecordingBackend();
    await using healthy = startRecordingBackend();
    await using bus = await openTestBus(nats);
    hanging.answer = () => ({ delayMs: Infinity });
    await using stuck = await startTestWriter(nats, hanging.port, {
      name: "stuck",
      batch: { countMax: 9999, sizeMaxBytes: 10 * SIZE_BYTES, ageMaxMs: 300_000 },
      workers: 3,
      pendingMaxBytes: 50 * SIZE_BYTES,
    });
    await using _other = await startTestWriter(nats, healthy.port, {
      name: "other",
      batch: { countMax: 100, sizeMaxBytes: 1024 * 1024, ageMaxMs: 50 },
    });
    for (let i = 0; i < 500; i++) await bus.publish(SUBJECT, message(i));

    // Three requests, the batch, and one delivery held back; behind them the pending limit.
    const held = 3 * 10 + 10 + 1;
    const isSettled = () => {
      const { received = 0, nats_dropped = 0 } = bus.stats("stuck");
      return received === held && nats_dropped === 500 - held - 50;
    };
    await eventually("the rest is dropped", isSettled);
    expect(bus.stats("stuck")).toMatchObject({
      nats_dropped_lines: (500 - held - 50) * 20,
      write_requests: 3,
      written_lines: 0,
    });
    const errors = () => stuck.log.lines.filter((line) => line.startsWith("ERROR"));
    await eventually("the operator is told", () => errors().length > 0);
    expect(errors()).toEqual([
      expect.stringMatching(
        /^ERROR dropped \d+ lines from \[influx-spout\]: more than 50000B waited \(nats_max_pending_size\)/,
      ),
    ]);
    await eventually("writer_drop", () =>
      bus.monitored.some((line) => line.startsWith(`writer_drop total=${500 - held - 50},`)),
    );

    await eventually(
      "the other has everything",
      () => bus.stats("other")["written_lines"] === 10_000,
    );
    expect(new Set(healthy.lines()).size).toBe(10_000);
    expect(healthy.lines().length).toBe(10_000);
  });

  test("lets the writer go on where it was once it answers again", async () => {
    await using nats = await startNatsServer();
    await using backend = startRecordingBackend();
    await using bus = await openTestBus(nats);
    backend.answer = (_, index) => ({ delayMs: index < 2 ? 400 : 0 });
    const batch = { ...one, countMax: 2 };
    await using _writer = await startTestWriter(nats, backend.port, { batch, workers: 2 });
    const lines = Array.from({ length: 40 }, (_, i) => `cpu v=${100 + i}`);
    for (const line of lines) await bus.publish(SUBJECT, line);
    await eventually("all is written", () => bus.stats()["written_lines"] === 40);
    expect(backend.lines().sort()).toEqual(lines);
  });
});
