/**
 * A fleet in the middle of its move: components configured as in 1.x and as in 2.x (the files in `fleet/`, in which only ports are
 * changed), of every mode, in one flow on one NATS server, beside others that still are the original; and all of them in Prometheus.
 */
import { expect, test } from "bun:test";
import { hostname } from "node:os";
import { join } from "node:path";

import { connectRaw, frame } from "../bench/raw-nats.ts";
import { type Spout, startSpout } from "../support/binary.ts";
import { expectEventually } from "../support/eventually.ts";
import { type Influxd, startInfluxd } from "../support/influxd.ts";
import { conventional, seriesOf, seriesScraped, seriesWhere } from "../support/metrics-page.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { checkWithPromtool, type Prometheus, startPrometheus } from "../support/prometheus.ts";
import { freePort } from "../support/server-process.ts";
import { openUdpSender } from "../support/udp-sender.ts";
import {
  COUNTERS_OF_1X,
  COUNTERS_OF_2X,
  MESSAGES_OF_1X,
  MESSAGES_OF_2X,
  ORIGINALS,
} from "./fleet-originals.ts";
import {
  archived,
  FILTERED,
  fleetCounters,
  type Listener,
  message,
  MESSAGES,
  STORED,
} from "./fleet-site.ts";
import { expectPoints } from "./points.ts";

const DEADLINE_MS = 30_000;
const DATABASES = ["spout", "web2", "influx-spout-junk", "spout-archive", "influx-spout"];
const MINUTE_NS = 60_000_000_000n;

/** Whoever is sent something starts before who sends it. */
const START_ORDER = [
  "v2-monitor",
  "v1-metrics-writer",
  "v2-archive-writer",
  "v2-junk-writer",
  "v1-rules-writer",
  "v1-writer",
  "v2-downsampler",
  "v1-filter",
  "v2-filter",
  "v1-udp-listener",
  "v2-udp-listener",
  "v1-http-listener",
  "v2-http-listener",
];

/** The ports in the files. */
const PORTS = /\b(?:4222|8086|10001|11001|9999|9998|9331|400[0-3])\b/g;
/** In place of which, those that they are. */
type Ports = Record<string, number>;

/** The one component that tells its metrics as 2.x did; what it tells a writer cannot store. */
const TELLS_AS_2X = "v2-filter";

test("components with files of 1.x and of 2.x work side by side, and Prometheus sees them and the originals", async () => {
  await using nats = await startNatsServer();
  await using influxd = await startInfluxd();
  for (const database of DATABASES) await influxd.createDatabase(database);
  const ports: Ports = { "4222": nats.port, "8086": influxd.port };
  await using stack = new AsyncDisposableStack();
  const fleet = new Map<string, Spout>();
  for (const name of START_ORDER) {
    const text = await Bun.file(join(import.meta.dir, "fleet", `${name}.toml`)).text();
    const own = name === TELLS_AS_2X ? 'stats_format = "prometheus"\n' : "";
    const filled = text.replaceAll(PORTS, (port) => String((ports[port] ??= freePort())));
    const spout = stack.use(await startSpout(name, own + filled));
    await spout.logged(/subscribed to|publishing to/);
    fleet.set(name, spout);
  }
  // What 1.x ignored in silence, and 2.x refused.
  expect(fleet.get("v1-udp-listener")?.log()).toContain("nats_subject: only the first subject");
  expect(fleet.get("v1-rules-writer")?.log()).toContain("a writer's rules need none");
  await publishAsOriginals(nats.port);

  const minuteNs = ((BigInt(Date.now()) * 1_000_000n) / MINUTE_NS) * MINUTE_NS;
  await sendAll(ports, minuteNs);
  await using prometheus = await startPrometheus(ports["9331"] ?? 0);
  await expectCounters(prometheus, influxd.port);
  const page = await (await fetch(`http://127.0.0.1:${ports["9331"]}/metrics`)).text();
  expect(await checkWithPromtool(page)).toBe("");

  // At a stop the averages of the minute are published as they are.
  for (const name of START_ORDER.toReversed().slice(0, -1)) {
    expect([name, await fleet.get(name)?.stop()]).toEqual([name, 0]);
    // Lines that InfluxDB refuses are an error in the log, and those that a filter does; nothing else here is.
    if (name !== "v1-metrics-writer") {
      const errors = fleet
        .get(name)
        ?.log()
        .match(/ ERROR (?!dropped \d+ (?:more )?lines? ).*/g);
      expect(errors ?? []).toEqual([]);
    }
    if (name !== "v2-downsampler") continue;
    await expectPoints(influxd, "spout-archive", archived(minuteNs), DEADLINE_MS);
    await expectSum(prometheus, "written_lines{name='v2-archive-writer'}", 8);
  }
  await expectStored(influxd);
}, 120_000);

async function publishAsOriginals(natsPort: number): Promise<void> {
  const nats = await connectRaw(natsPort);
  for (const text of [...MESSAGES_OF_1X, ...MESSAGES_OF_2X]) {
    await nats.write(frame("influx-spout-monitor", new TextEncoder().encode(text)));
  }
  await nats.flush();
  nats.close();
}

/** To all listeners by turns: while one answers by HTTP, those of UDP can take what they were sent. */
async function sendAll(ports: Readonly<Ports>, minuteNs: bigint): Promise<void> {
  using oldUdp = await openUdpSender(ports["10001"] ?? 0);
  using newUdp = await openUdpSender(ports["9999"] ?? 0);
  const post = (port: string) => async (text: string) => {
    const url = `http://127.0.0.1:${ports[port]}/write?db=any`;
    expect((await fetch(url, { method: "POST", body: text })).status).toBe(204);
  };
  const send: Readonly<Record<Listener, (text: string) => Promise<void>>> = {
    "v1-udp-listener": oldUdp.send,
    "v2-udp-listener": newUdp.send,
    "v1-http-listener": post("11001"),
    "v2-http-listener": post("9998"),
  };
  const most = Math.max(...Object.values(MESSAGES));
  for (let turn = 0; turn < most; turn++) {
    for (const [name, messages] of Object.entries(MESSAGES)) {
      const every = most / messages;
      const via = name as Listener;
      if (turn % every === 0) await send[via](message(via, turn / every, minuteNs));
    }
  }
}

/** Prometheus shows what each component has counted, whichever form it told it in, under both names of each counter. */
async function expectCounters(prometheus: Prometheus, influxPort: number): Promise<void> {
  const counters = {
    ...seriesOf(fleetCounters(influxPort), { host: hostname() }),
    ...seriesOf(COUNTERS_OF_1X),
    ...seriesOf(COUNTERS_OF_2X),
  };
  const expected = { ...counters, ...conventional(counters) };
  const scraped = async () =>
    seriesWhere(await seriesScraped(prometheus), (name) => name in expected);
  await expectEventually(scraped, expected, DEADLINE_MS);

  for (const [name, labels, sum] of FILTERED) {
    await expectSum(prometheus, `${name}{name=~'v[12]-filter',${labels}}`, sum);
    const conventionalName = `influx_spout_filter_${name}_total`;
    await expectSum(prometheus, `${conventionalName}{name=~'v[12]-filter',${labels}}`, sum);
  }
  // They share the work: a message goes to either, by chance.
  for (const name of ["v1-filter", "v2-filter"])
    await expectSum(prometheus, `processed{name='${name}'} > bool 0`, 1);

  const heardOf = async () => {
    const reports = await prometheus.query("influx_spout_last_report_timestamp_seconds");
    return reports.map(({ labels }) => `${labels["component"]} ${labels["name"]}`).sort();
  };
  const fleet = START_ORDER.map((name) => `${/[a-z]+$/.exec(name)?.[0]} ${name}`);
  await expectEventually(heardOf, [...fleet, ...ORIGINALS].sort(), DEADLINE_MS);
  await expectSum(prometheus, "invalid_lines{component='monitor'}", 0);
}

async function expectSum(prometheus: Prometheus, expression: string, sum: number): Promise<void> {
  const read = async () => (await prometheus.query(`sum(${expression})`))[0]?.value;
  await expectEventually(read, sum, DEADLINE_MS);
}

/** The databases hold what the writers say; that of the metrics, what components told as line protocol. */
async function expectStored(influxd: Influxd): Promise<void> {
  for (const [database, field, points] of STORED) {
    const rows = await influxd.query(database, `SELECT count(${field}) AS points FROM /.*/`);
    expect([database, field, rows[0]?.["points"]]).toEqual([database, field, points]);
  }
  const tagged = await influxd.query(
    "influx-spout",
    "SHOW TAG VALUES FROM spout_stat_filter WITH KEY = filter",
  );
  expect(tagged.map(({ value }) => value)).toEqual(["old-filter", "v1-filter"]);
  const measurements = await influxd.query("influx-spout", "SHOW MEASUREMENTS");
  expect(measurements.map(({ name }) => name)).toEqual([
    "spout_mon",
    "spout_stat_downsampler",
    "spout_stat_downsampler_subject",
    "spout_stat_filter",
    "spout_stat_filter_rule",
    "spout_stat_listener",
    "spout_stat_monitor",
    "spout_stat_writer",
    "spout_stat_writer_subject",
    "writer_drop",
  ]);
}
