/**
 * The whole system as its users run it: the built binary, one process a component, configured with files of 1.x, a
 * real nats-server, real InfluxDB databases and a backend that records what it is sent (InfluxDB merges equal points,
 * so it alone can tell that nothing was sent twice).
 */
import { expect, test } from "bun:test";

import { startSpout } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { startInfluxd } from "../support/influxd.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { startRecordingBackend } from "../support/recording-backend.ts";
import { freePort } from "../support/server-process.ts";
import { FILTER_RULES, seqsOf } from "./host-stream.ts";
import {
  DATABASES,
  expectMetrics,
  expectRecorded,
  expectStored,
  sendQuarter,
  seqOf,
  siteStream,
} from "./pipeline-tools.ts";

/** Every option of 1.x that the mode has, with its default but for addresses, ports and what a test cannot wait for. */
const listenerConfig = (natsPort: number, port: number) => `
mode = "listener"
name = "udp"
nats_address = "nats://127.0.0.1:${natsPort}"
nats_subject = ["influx-spout"]
nats_subject_monitor = "influx-spout-monitor"
port = ${port}
batch = 10
listener_batch_bytes = 1048576
read_buffer_bytes = 4194304
debug = false
`;

const httpListenerConfig = (natsPort: number, port: number) => `
mode = "listener_http"
name = "http"
nats_address = "nats://127.0.0.1:${natsPort}"
nats_subject = ["influx-spout"]
nats_subject_monitor = "influx-spout-monitor"
port = ${port}
batch = 10
listener_batch_bytes = 1048576
read_buffer_bytes = 4194304
debug = false
`;

const filterConfig = (natsPort: number) => `
mode = "filter"
name = "sorter"
nats_address = "nats://127.0.0.1:${natsPort}"
nats_subject = ["influx-spout"]
nats_subject_monitor = "influx-spout-monitor"
nats_subject_junkyard = "influx-spout-junk"
nats_pending_max_mb = 200
workers = 2
max_time_delta_secs = 600
debug = false
${FILTER_RULES}`;

const writerConfig = (
  natsPort: number,
  influxPort: number,
  database: string,
  subjects: string[],
) => `
mode = "writer"
name = "to-${database}"
nats_address = "nats://127.0.0.1:${natsPort}"
nats_subject = ${JSON.stringify(subjects)}
nats_subject_monitor = "influx-spout-monitor"
nats_pending_max_mb = 200
influxdb_address = "127.0.0.1"
influxdb_port = ${influxPort}
influxdb_dbname = "${database}"
batch = 10
batch_max_mb = 10
batch_max_secs = 1
workers = 8
write_timeout_secs = 30
debug = false
`;

test("each line of a stream by UDP and HTTP lands where its rule says, once, and nowhere else", async () => {
  await using nats = await startNatsServer();
  await using influxd = await startInfluxd();
  await using recorded = startRecordingBackend();
  await using recordedLate = startRecordingBackend();
  await using recordedEarly = startRecordingBackend();
  for (const database of DATABASES) await influxd.createDatabase(database);

  const writer = (backendPort: number, database: string, ...subjects: string[]) =>
    startSpout(`to-${database}`, writerConfig(nats.port, backendPort, database, subjects));
  await using alpha = await writer(influxd.port, "alpha", "hosts.cpu", "hosts.disk");
  await using beta = await writer(influxd.port, "beta", "hosts.prod", "hosts.nohost");
  await using junk = await writer(influxd.port, "junk", "influx-spout-junk");
  await using metrics = await writer(influxd.port, "spout", "influx-spout-monitor");
  await using recorder = await writer(recorded.port, "recorded", "hosts.*");
  await using early = await writer(recordedEarly.port, "early", "hosts.cpu");
  await using filter = await startSpout("sorter", filterConfig(nats.port));
  const udpPort = freePort();
  const httpPort = freePort();
  await using udp = await startSpout("udp", listenerConfig(nats.port, udpPort));
  await using http = await startSpout("http", httpListenerConfig(nats.port, httpPort));
  for (const spout of [alpha, beta, junk, metrics, recorder, early, filter])
    await spout.logged("subscribed to");
  for (const spout of [udp, http]) await spout.logged("publishing to");

  const stream = siteStream();

  // While the stream flows one writer leaves and another joins; the last quarter waits for it.
  const comeAndGo = async () => {
    await eventually("the early writer got something", () => recordedEarly.requests.length > 0);
    const [late, exitCode] = await Promise.all([
      writer(recordedLate.port, "late", "hosts.cpu"),
      early.stop(),
    ]);
    expect(exitCode).toBe(0);
    await late.logged("subscribed to");
    return late;
  };
  const ports = { udp: udpPort, http: httpPort };
  const joining = comeAndGo();
  for (const quarter of [0, 1, 2]) await sendQuarter(stream, quarter, ports);
  await using late = await joining;
  await sendQuarter(stream, 3, ports);

  await expectStored(influxd, stream);

  // Sources first, so that what each of them held passes through those behind it.
  for (const spout of [udp, http, filter, alpha, beta, junk, recorder])
    expect(await spout.stop()).toBe(0);

  expectRecorded(recorded, stream);

  // The two that came and went disturbed nobody, and were sent nothing twice.
  expect(await late.stop()).toBe(0);
  const cpu = new Set(seqsOf(stream.lines, "hosts.cpu"));
  for (const backend of [recordedEarly, recordedLate]) {
    const seqs = backend.lines().map(seqOf);
    expect(seqs.length).toBeGreaterThan(0);
    expect(new Set(seqs).size).toBe(seqs.length);
    expect(seqs.filter((seq) => !cpu.has(seq))).toEqual([]);
  }

  expect(await metrics.stop()).toBe(0);
  await expectMetrics(influxd, stream);
}, 120_000);
