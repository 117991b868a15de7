/** The writer and a real InfluxDB 1.x: what comes in on NATS is in the database, exactly. */
import { expect, test } from "bun:test";

import { eventually } from "../../support/eventually.ts";
import { startInfluxd } from "../../support/influxd.ts";
import { makeCertificates, startNatsServer } from "../../support/nats-server.ts";
import { writerConfig } from "../../support/writer-config.ts";
import { openTestBus, startTestWriter } from "./rig.ts";

const SUBJECT = "influx-spout";
const one = { countMax: 1, sizeMaxBytes: 1024 * 1024, ageMaxMs: 300_000 };

test("stores every point with its types and its nanoseconds, in each writer's own database", async () => {
  await using nats = await startNatsServer();
  await using influxd = await startInfluxd();
  await using bus = await openTestBus(nats);
  await influxd.createDatabase("every thing");
  await influxd.createDatabase("disks");
  await using _all = await startTestWriter(nats, influxd.port, {
    name: "all",
    batch: { ...one, countMax: 2 },
    influxdb: { database: "every thing" },
  });
  await using _disks = await startTestWriter(nats, influxd.port, {
    name: "disks",
    batch: { ...one, countMax: 2 },
    rules: [{ type: "basic", match: "disk", subject: "" }],
    influxdb: { database: "disks" },
  });
  await bus.publish(
    SUBJECT,
    'cpu,host=a\\ b v=1.5,n=7i,up=t,s="x,y \\"z\\"" 1500000000000000001\ndisk,host=a free=1 1500000000000000002',
  );
  await bus.publish(SUBJECT, "disk,host=b free=2 1500000000000000003\n");
  await eventually("all are written", () => bus.stats("all")["written_lines"] === 3);
  await eventually("the disks are written", () => bus.stats("disks")["written_lines"] === 2);

  const disks = [
    { time: "2017-07-14T02:40:00.000000002Z", host: "a", free: 1 },
    { time: "2017-07-14T02:40:00.000000003Z", host: "b", free: 2 },
  ];
  expect(await influxd.query("every thing", "SELECT * FROM cpu")).toEqual([
    { time: "2017-07-14T02:40:00.000000001Z", host: "a b", v: 1.5, n: 7, up: true, s: 'x,y "z"' },
  ]);
  expect(await influxd.query("every thing", "SELECT * FROM disk")).toEqual(disks);
  expect(await influxd.query("disks", "SELECT * FROM disk")).toEqual(disks);
  expect(await influxd.query("disks", "SHOW MEASUREMENTS")).toEqual([{ name: "disk" }]);
});

test("with rules, stores lines that came with carriage returns, which InfluxDB would refuse", async () => {
  await using nats = await startNatsServer();
  await using influxd = await startInfluxd();
  await using bus = await openTestBus(nats);
  await influxd.createDatabase("metrics");
  await using _writer = await startTestWriter(nats, influxd.port, {
    batch: { ...one, countMax: 2 },
    rules: [{ type: "regex", match: "^cpu.*", subject: "" }],
  });
  await bus.publish(SUBJECT, "cpu v=1 1500000000000000001\r\n");
  await bus.publish(SUBJECT, "cpu v=2,w=3i 1500000000000000002\r\n");
  await eventually("they are stored or not", () => bus.stats()["write_requests"] === 1);
  expect(bus.stats()).toMatchObject({ failed_writes: 0, written_lines: 2 });
});

test("tells a partial write and an unknown database in InfluxDB's own words", async () => {
  await using nats = await startNatsServer();
  await using influxd = await startInfluxd();
  await using bus = await openTestBus(nats);
  await influxd.createDatabase("metrics");
  const url = `http://127.0.0.1:${influxd.port}/write?db=`;

  await using writer = await startTestWriter(nats, influxd.port, { batch: one });
  await bus.publish(SUBJECT, "cpu v=1 1\n");
  await eventually("it is stored", () => bus.stats()["written_lines"] === 1);
  await bus.publish(SUBJECT, 'cpu v=2 2\ncpu v="text" 3\ncpu v=4 4\n');
  await eventually("it is refused", () => bus.stats()["failed_writes"] === 1);
  expect(bus.stats()).toMatchObject({ written_lines: 3, dropped_write_lines: 1 });
  expect(writer.log.lines.filter((line) => !line.startsWith("INFO"))).toEqual([
    `ERROR cannot write 1 of 3 lines to ${url}metrics, dropped: HTTP 400: partial write: field type conflict: ` +
      'input field "v" on measurement "cpu" is type string, already exists as type float dropped=1',
  ]);
  expect(await influxd.query("metrics", "SELECT v FROM cpu")).toEqual([
    { time: "1970-01-01T00:00:00.000000001Z", v: 1 },
    { time: "1970-01-01T00:00:00.000000002Z", v: 2 },
    { time: "1970-01-01T00:00:00.000000004Z", v: 4 },
  ]);

  await using lost = await startTestWriter(nats, influxd.port, {
    name: "lost",
    batch: one,
    influxdb: { database: "nowhere" },
  });
  await bus.publish(SUBJECT, "cpu v=4 4\n");
  await eventually("it is refused", () => bus.stats("lost")["dropped_write_lines"] === 1);
  expect(lost.log.lines.filter((line) => !line.startsWith("INFO"))).toEqual([
    `ERROR cannot write 1 lines to ${url}nowhere, dropped: HTTP 404: database not found: "nowhere"`,
  ]);
});

test("stores the components' own metrics when it subscribes to their subject", async () => {
  await using nats = await startNatsServer();
  await using influxd = await startInfluxd();
  await influxd.createDatabase("spout");
  await using _writer = await startTestWriter(nats, influxd.port, {
    name: "monitor",
    subjects: [writerConfig().monitorSubject],
    batch: one,
    influxdb: { database: "spout" },
  });
  const row = await eventually("metrics are stored", async () => {
    const found = await influxd.query(
      "spout",
      "SELECT * FROM spout_stat_writer ORDER BY time DESC LIMIT 1",
    );
    return found.find((row) => row["write_requests"] !== 0);
  });
  expect(row).toMatchObject({
    writer: "monitor",
    influxdb_address: "127.0.0.1",
    influxdb_port: String(influxd.port),
    influxdb_dbname: "spout",
    failed_writes: 0,
    received: expect.any(Number),
  });
  const types = await influxd.query("spout", "SHOW FIELD KEYS FROM spout_stat_writer");
  const numbers = types.filter((row) => row["fieldKey"] !== "host");
  expect(new Set(numbers.map((row) => row["fieldType"]))).toEqual(new Set(["float"]));
});

test("writes by https, to a server that only a CA of its own vouches for, as a user with a password", async () => {
  await using nats = await startNatsServer();
  await using certificates = await makeCertificates();
  const { certFile, keyFile, caFile } = certificates;
  await using influxd = await startInfluxd({
    isHttps: true,
    http: `
auth-enabled = true
https-enabled = true
https-certificate = "${certFile}"
https-private-key = "${keyFile}"`,
  });
  await using bus = await openTestBus(nats);
  const tlsCa = await Bun.file(caFile).text();
  const query = async (text: string) => {
    const response = await fetch(`https://127.0.0.1:${influxd.port}/query?db=metrics`, {
      method: "POST",
      headers: { Authorization: `Basic ${btoa("spout:s3cret")}` },
      body: new URLSearchParams({ q: text }),
      tls: { ca: tlsCa },
    });
    return response.text();
  };
  await query("CREATE USER spout WITH PASSWORD 's3cret' WITH ALL PRIVILEGES");
  await query("CREATE DATABASE metrics");
  const secure = { protocol: "https", tlsCa, user: "spout", password: "s3cret" } as const;
  await using writer = await startTestWriter(nats, influxd.port, { batch: one, influxdb: secure });
  await using stranger = await startTestWriter(nats, influxd.port, {
    name: "stranger",
    batch: one,
    influxdb: { ...secure, password: "wr0ng" },
  });
  await bus.publish(SUBJECT, "cpu v=42 1\n");
  await eventually("it is stored", () => bus.stats()["written_lines"] === 1);
  expect(await query("SELECT v FROM cpu")).toContain(
    '"values":[["1970-01-01T00:00:00.000000001Z",42]]',
  );
  await eventually("it is refused", () => bus.stats("stranger")["dropped_write_lines"] === 1);
  const errors = stranger.log.lines.filter((line) => line.startsWith("ERROR"));
  expect(errors).toEqual([expect.stringMatching(/dropped: HTTP 401: authorization failed$/)]);
  for (const { log } of [writer, stranger])
    expect(log.lines.join("\n")).not.toMatch(/s3cret|wr0ng/);
});
