/**
 * The whole system as its users run it: the built binary, one process a component, configured with files of 1.x, a
 * real nats-server, real InfluxDB databases and a backend that records what it is sent (InfluxDB merges equal points,
 * so it alone can tell that nothing was sent twice).
 */
import { expect, test } from "bun:test";

import { startSpout } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { type Influxd, startInfluxd } from "../support/influxd.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { startRecordingBackend } from "../support/recording-backend.ts";
import { freePort } from "../support/server-process.ts";
import { FILTER_RULES, hostStream, inGroups, seqsOf, type StreamLine } from "./host-stream.ts";

const UDP_LINES = 11_200;
const HTTP_LINES = 6_000;
const HTTP_SECOND_LINES = 6_000;

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

async function sendDatagrams(port: number, stream: readonly StreamLine[]): Promise<void> {
  const sender = await Bun.udpSocket({ connect: { port, hostname: "127.0.0.1" } });
  let sent = 0;
  for (const group of inGroups(stream, 7)) {
    // Every second datagram lacks its final newline, and some end their lines with CR LF.
    const ending = sent % 5 === 0 ? "\r\n" : "\n";
    const text = group.map((line) => line.text).join(ending);
    sender.send(sent % 2 === 0 ? text : text + ending);
    // UDP may lose when it is sent faster than it is read; this is what a site's agents do to a listener, not a flood.
    if (++sent % 20 === 0) await Bun.sleep(2);
  }
  sender.close();
}

async function postBodies(
  port: number,
  stream: readonly StreamLine[],
  query: string,
): Promise<void> {
  let posted = 0;
  for (const group of inGroups(stream, 150)) {
    const text = group.map((line) => line.text).join("\n");
    const isGzip = posted++ % 2 === 1;
    const response = await fetch(`http://127.0.0.1:${port}/write?db=any${query}`, {
      method: "POST",
      body: isGzip ? Bun.gzipSync(text) : text,
      headers: isGzip ? { "Content-Encoding": "gzip" } : {},
    });
    expect(response.status).toBe(204);
  }
}

async function seqsStored(influxd: Influxd, database: string): Promise<number[]> {
  const rows = await influxd.query(database, "SELECT seq FROM /.*/");
  return rows.map((row) => Number(row["seq"])).sort((left, right) => left - right);
}

const seqOf = (line: string) => Number(/seq=(\d+)i/.exec(line)?.[1]);

test("each line of a stream by UDP and HTTP lands where its rule says, once, and nowhere else", async () => {
  await using nats = await startNatsServer();
  await using influxd = await startInfluxd();
  await using recorded = startRecordingBackend();
  await using recordedLate = startRecordingBackend();
  await using recordedEarly = startRecordingBackend();
  for (const database of ["alpha", "beta", "junk", "spout"]) await influxd.createDatabase(database);

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

  const overUdp = hostStream(UDP_LINES, 0);
  const overHttp = hostStream(HTTP_LINES, 1_000_000);
  const overHttpInSeconds = hostStream(HTTP_SECOND_LINES, 2_000_000, 1_000_000_000n);
  const stream = [...overUdp, ...overHttp, ...overHttpInSeconds];
  // A host of its own for each of the three, so that no two lines are the same point.
  const named = (lines: StreamLine[], site: string) =>
    lines.map((line) => ({ ...line, text: line.text.replaceAll(/server|=s(?=\d)/g, `$&${site}`) }));

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
  const sendQuarter = (quarter: number) => {
    const part = <Item>(items: readonly Item[]) =>
      items.slice((items.length / 4) * quarter, (items.length / 4) * (quarter + 1));
    return Promise.all([
      sendDatagrams(udpPort, part(named(overUdp, "u"))),
      postBodies(httpPort, part(named(overHttp, "h")), ""),
      postBodies(httpPort, part(named(overHttpInSeconds, "x")), "&precision=s"),
    ]);
  };
  const joining = comeAndGo();
  for (const quarter of [0, 1, 2]) await sendQuarter(quarter);
  await using late = await joining;
  await sendQuarter(3);

  const expected = {
    alpha: seqsOf(stream, "hosts.cpu", "hosts.disk"),
    beta: seqsOf(stream, "hosts.prod", "hosts.nohost"),
    junk: seqsOf(stream, "influx-spout-junk"),
  };
  for (const database of ["alpha", "beta", "junk"] as const) {
    await eventually(`${database} holds its lines`, async () => {
      return (await seqsStored(influxd, database)).length >= expected[database].length;
    });
    expect(await seqsStored(influxd, database)).toEqual(expected[database]);
  }

  // Sources first, so that what each of them held passes through those behind it.
  for (const spout of [udp, http, filter, alpha, beta, junk, recorder])
    expect(await spout.stop()).toBe(0);

  const sent = recorded
    .lines()
    .map(seqOf)
    .sort((left, right) => left - right);
  expect(sent).toEqual([...expected.alpha, ...expected.beta].sort((left, right) => left - right));
  // Byte for byte: what came in nanoseconds, each line of it, is what the agents wrote.
  const written = new Set(recorded.lines());
  const inNanoseconds = [...named(overUdp, "u"), ...named(overHttp, "h")];
  const altered = inNanoseconds
    .filter(({ destination }) => destination.startsWith("hosts."))
    .filter(({ text }) => !written.has(text));
  expect(altered).toEqual([]);

  // The two that came and went disturbed nobody, and were sent nothing twice.
  expect(await late.stop()).toBe(0);
  const cpu = new Set(seqsOf(stream, "hosts.cpu"));
  for (const backend of [recordedEarly, recordedLate]) {
    const seqs = backend.lines().map(seqOf);
    expect(seqs.length).toBeGreaterThan(0);
    expect(new Set(seqs).size).toBe(seqs.length);
    expect(seqs.filter((seq) => !cpu.has(seq))).toEqual([]);
  }

  expect(await metrics.stop()).toBe(0);
  await expectMetrics(influxd, stream);
}, 120_000);

/** What the components said of themselves, as InfluxDB stored it. */
async function expectMetrics(influxd: Influxd, stream: readonly StreamLine[]): Promise<void> {
  const last = async (from: string) => {
    const [row] = await influxd.query("spout", `SELECT * FROM ${from} ORDER BY time DESC LIMIT 1`);
    return row ?? {};
  };
  const count = (...destinations: Parameters<typeof seqsOf>[1][]) =>
    seqsOf(stream, ...destinations).length;

  const junk = count("influx-spout-junk");
  const passed = count("hosts.cpu", "hosts.disk", "hosts.prod", "hosts.nohost");
  expect(await last("spout_stat_filter WHERE filter = 'sorter'")).toMatchObject({
    processed: stream.length,
    passed,
    rejected: junk,
    "invalid-time": count("invalid-time"),
    invalid_lines: count("invalid_lines"),
  });
  expect(await last("spout_stat_filter_rule WHERE rule = 'hosts.prod'")).toMatchObject({
    triggered: count("hosts.prod"),
  });
  expect(await last("spout_stat_listener WHERE listener = 'udp'")).toMatchObject({
    received: Math.ceil(UDP_LINES / 7),
    received_lines: UDP_LINES,
    sent_lines: UDP_LINES,
    read_errors: 0,
  });
  expect(await last("spout_stat_listener WHERE listener = 'http'")).toMatchObject({
    received: (HTTP_LINES + HTTP_SECOND_LINES) / 150,
    received_lines: HTTP_LINES + HTTP_SECOND_LINES,
    read_errors: 0,
  });
  expect(await last("spout_stat_writer WHERE writer = 'to-alpha'")).toMatchObject({
    influxdb_dbname: "alpha",
    received_lines: count("hosts.cpu", "hosts.disk"),
    written_lines: count("hosts.cpu", "hosts.disk"),
    failed_writes: 0,
  });
}
