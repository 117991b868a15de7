/**
 * What those see who watch over influx-spout: Prometheus, by way of the monitor, and whoever asks the probes. The built
 * binary, one process a component or all in one, some telling their metrics as 1.x did and some as 2.x did.
 */
import { expect, test } from "bun:test";

import { type Spout, startSpout } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { checkWithPromtool, type Prometheus, startPrometheus } from "../support/prometheus.ts";
import { startRecordingBackend } from "../support/recording-backend.ts";
import { freePort } from "../support/server-process.ts";
import { openUdpSender } from "../support/udp-sender.ts";

const RULES = `
[[rule]]
type = "basic"
match = "cpu"
subject = "hosts"

[[rule]]
type = "regex"
match = "host=b"
subject = "hosts"
`;

const probe = async (port: number, path: string) =>
  (await fetch(`http://127.0.0.1:${port}${path}`)).status;

const untilReady = (port: number, status = 200) =>
  eventually(
    `/readyz answers ${status}`,
    async () => (await probe(port, "/readyz")) === status,
    20_000,
  );

const sumOf = async (prometheus: Prometheus, expression: string) =>
  (await prometheus.query(`sum(${expression})`))[0]?.value;

test("Prometheus shows what was sent, dropped and written, and probes tell who can work", async () => {
  const nats = await startNatsServer();
  await using backend = startRecordingBackend();
  const ports = { udp: freePort(), http: freePort(), monitor: freePort() };
  const probes: number[] = [];
  const start = async (name: string, toml: string): Promise<Spout> => {
    const port = freePort();
    probes.push(port);
    const common = `name = "${name}"\nnats_address = "${nats.address}"\nprobe_port = ${port}`;
    const spout = await startSpout(name, `${common}\nstats_interval = "200ms"\n${toml}`);
    await spout.logged("probes and metrics at");
    return spout;
  };
  await using _monitor = await start("watch", `mode = "monitor"\nport = ${ports.monitor}`);
  await using _writer = await start(
    "store",
    `mode = "writer"\nnats_subject = ["hosts"]\ninfluxdb_address = "127.0.0.1"\n` +
      `influxdb_port = ${backend.port}\nbatch_max_age = "100ms"\nstats_format = "prometheus"`,
  );
  await using _filter = await start("sort", `mode = "filter"\nworkers = 2\n${RULES}`);
  await using _udp = await start(
    "udp",
    `mode = "listener"\nport = ${ports.udp}\nbatch_max_age = "50ms"`,
  );
  await using _http = await start(
    "http",
    `mode = "listener_http"\nport = ${ports.http}\nbatch_max_age = "50ms"\nstats_format = "prometheus"`,
  );
  for (const port of probes) await untilReady(port);
  for (const port of probes) expect(await probe(port, "/healthz")).toBe(200);

  using sender = await openUdpSender(ports.udp);
  for (let i = 0; i < 10; i++) await sender.send(`cpu,host=a v=${i}\nmem,host=b v=${i}\n`);
  const posted = "cpu,host=a v=1\nodd,host=a v=1\nbroken\ncpu,host=a v=1 5\n";
  for (let i = 0; i < 5; i++) {
    const answer = await fetch(`http://127.0.0.1:${ports.http}/write`, {
      method: "POST",
      body: posted,
    });
    expect(answer.status).toBe(204);
  }

  await using prometheus = await startPrometheus(ports.monitor);
  const expected: Readonly<Record<string, number>> = {
    "influx_spout_listener_received_total{mode='listener'}": 10,
    "influx_spout_listener_received_total{mode='listener_http'}": 5,
    influx_spout_listener_received_lines_total: 40,
    influx_spout_listener_sent_lines_total: 40,
    influx_spout_filter_processed_total: 40,
    influx_spout_filter_passed_total: 25,
    influx_spout_filter_rejected_total: 5,
    influx_spout_filter_invalid_time_total: 5,
    influx_spout_filter_invalid_lines_total: 5,
    "influx_spout_filter_triggered_total{rule='hosts'}": 25,
    "influx_spout_filter_triggered_total{rule='hosts',index='1'}": 15,
    influx_spout_writer_received_lines_total: 25,
    influx_spout_writer_written_lines_total: 25,
    "influx_spout_writer_nats_dropped_total{subject='hosts'}": 0,
    "received_lines{component='listener'}": 40,
    "processed{component='filter',name='sort'}": 40,
    "written_lines{component='writer',influxdb_dbname='influx-spout-junk'}": 25,
  };
  for (const [expression, value] of Object.entries(expected)) {
    await eventually(
      `${expression} is ${value}`,
      async () => (await sumOf(prometheus, expression)) === value,
      20_000,
    );
  }
  expect(backend.lines()).toHaveLength(25);
  const hosts = await prometheus.query("count by (host) ({component!=''})");
  expect(hosts.map(({ labels }) => labels["host"])).toHaveLength(1);

  // Each component's own page says the same.
  const pages = [ports.monitor, ...probes];
  for (const port of pages) {
    const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(await checkWithPromtool(page)).toBe("");
  }
  await using direct = await startPrometheus(...probes);
  await eventually(
    "the filter's own page is scraped",
    async () => (await sumOf(direct, "influx_spout_filter_processed_total")) === 40,
    20_000,
  );

  // Without InfluxDB a writer cannot work, without NATS nobody can; all of them live.
  const [watchPort = 0, storePort = 0] = probes;
  await backend[Symbol.asyncDispose]();
  await untilReady(storePort, 503);
  expect(await probe(watchPort, "/readyz")).toBe(200);
  await nats[Symbol.asyncDispose]();
  for (const port of probes) {
    await untilReady(port, 503);
    expect(await probe(port, "/healthz")).toBe(200);
  }
}, 120_000);

test("in one process each component answers for itself, and the process for all of them", async () => {
  const ports = {
    all: freePort(),
    writer: freePort(),
    listener: freePort(),
    http: freePort(),
    monitor: freePort(),
  };
  await using spout = await startSpout(
    "site",
    `
mode = "standalone"
probe_port = ${ports.all}
stats_interval = "100ms"

[[component]]
mode = "listener_http"
port = ${ports.http}
probe_port = ${ports.listener}
batch_max_count = 1

[[component]]
mode = "filter"

[[component]]
mode = "writer"
nats_subject = ["influx-spout-junk"]
influxdb_address = "127.0.0.1"
influxdb_port = 1
probe_port = ${ports.writer}

[[component]]
mode = "monitor"
port = ${ports.monitor}
`,
  );
  await spout.logged("ready; to try it");
  await untilReady(ports.listener);
  // There is no InfluxDB: the writer cannot work, and so the process cannot either.
  expect(await probe(ports.writer, "/readyz")).toBe(503);
  expect(await probe(ports.all, "/readyz")).toBe(503);
  for (const port of [ports.all, ports.writer, ports.listener]) {
    expect(await probe(port, "/healthz")).toBe(200);
  }
  await fetch(`http://127.0.0.1:${ports.http}/write`, { method: "POST", body: "cpu v=1\n" });
  const pageOf = async (port: number) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const processed = /^influx_spout_filter_processed_total\{.*name="filter-1"\} 1$/m;
  for (const port of [ports.all, ports.monitor]) {
    await eventually("the line is counted", async () => processed.test(await pageOf(port)));
  }
  const ofListener = await pageOf(ports.listener);
  expect(ofListener).toMatch(/^influx_spout_listener_received_lines_total\{.*\} 1$/m);
  expect(ofListener).not.toContain("influx_spout_filter");
});
