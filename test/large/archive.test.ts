/**
 * From agents to an archive and to Prometheus: the built binary, one process a component, a real nats-server, InfluxDB and
 * Prometheus. What is sent is little, and what must come of each line is known (`archive-site.ts`, `archive-counters.ts`): good ones,
 * late ones, malformed ones, and those that only the database or only the averages refuse.
 */
import { expect, test } from "bun:test";
import { hostname } from "node:os";

import { connectRaw } from "../bench/raw-nats.ts";
import { type Spout, startSpout } from "../support/binary.ts";
import { eventually, expectEventually } from "../support/eventually.ts";
import { type Influxd, startInfluxd } from "../support/influxd.ts";
import {
  conventional,
  type Series,
  seriesOnPage,
  seriesScraped,
  seriesWhere,
} from "../support/metrics-page.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { checkWithPromtool, type Prometheus, startPrometheus } from "../support/prometheus.ts";
import { freePort } from "../support/server-process.ts";
import { openUdpSender } from "../support/udp-sender.ts";
import { countersOf2x, furtherCounters } from "./archive-counters.ts";
import {
  archivedPoints,
  bodies,
  datagrams,
  firstDatagram,
  HOST_FUNCTIONS,
  PERIOD_NS,
  SITE_RULES,
  storedPoints,
  type Times,
} from "./archive-site.ts";
import { expectPoints } from "./points.ts";

/** For what passes through all processes on a machine that has others to serve. */
const DEADLINE_MS = 20_000;

interface Ports {
  readonly influx: number;
  readonly udp: number;
  readonly http: number;
  readonly monitor: number;
}

/** By name. Everything that comes as one message leaves as one. */
const configs = ({ influx, udp, http, monitor }: Ports): Readonly<Record<string, string>> => {
  const influxdb = `influxdb_address = "127.0.0.1"\ninfluxdb_port = ${influx}\nbatch_max_count = 1`;
  const periods = `mode = "downsampler"\ndownsample_period = "${PERIOD_NS / 1_000_000n}ms"`;
  return {
    watch: `mode = "monitor"\nport = ${monitor}`,
    archive: `mode = "writer"\n${influxdb}\ninfluxdb_dbname = "site-archive"
nats_subject = ["hosts-archive", "devices-archive", "memory-archive", "apps-archive"]`,
    store: `mode = "writer"\n${influxdb}\ninfluxdb_dbname = "site"
nats_subject = ["hosts", "devices", "memory", "apps"]`,
    spread: `${periods}\nnats_subject = ["hosts"]
downsample_functions = ${JSON.stringify(HOST_FUNCTIONS)}`,
    averages: `${periods}\nnats_subject = ["devices", "memory", "apps"]`,
    sort: `mode = "filter"\nworkers = 2\nsort_tags = true\n${SITE_RULES}`,
    udp: `mode = "listener"\nport = ${udp}\nbatch_max_count = 1`,
    http: `mode = "listener_http"\nport = ${http}\nbatch_max_count = 1`,
  };
};

/** In nanoseconds since 1970. */
const nowNs = () => BigInt(Date.now()) * 1_000_000n;

test("the archive holds the averages, the database the lines, and the monitor accounts for each of them", async () => {
  await using nats = await startNatsServer();
  await using influxd = await startInfluxd();
  for (const database of ["site", "site-archive"]) await influxd.createDatabase(database);
  const ports = { influx: influxd.port, udp: freePort(), http: freePort(), monitor: freePort() };
  await using stack = new AsyncDisposableStack();
  const spouts: Spout[] = [];
  for (const [name, toml] of Object.entries(configs(ports))) {
    const common = `nats_address = "nats://${nats.address}"\nstats_interval = "200ms"`;
    const spout = stack.use(await startSpout(name, `${common}\n${toml}`));
    await spout.logged(/subscribed to|publishing to/);
    spouts.push(spout);
  }

  const times = await sendSite(ports, influxd, nats.port);
  await using prometheus = await startPrometheus(ports.monitor);
  await expectPoints(influxd, "site", storedPoints(times), DEADLINE_MS);
  await expectPoints(influxd, "site-archive", archivedPoints(times), DEADLINE_MS);
  // The numbers in an answer are doubles: of integers that no double holds, the database says whether they are there.
  const holds = async (database: string, users: string) =>
    (await influxd.query(database, `SELECT * FROM cpu WHERE "users" = ${users}`)).length;
  expect(await holds("site", "9007199254740993")).toBe(1);
  expect(await holds("site", "9007199254740995")).toBe(1);
  expect(await holds("site-archive", "9007199254740994")).toBe(1);
  await expectCounters(ports, prometheus, times);

  // Those behind it stop after those in front of it: nothing is lost, and nothing comes twice.
  for (const spout of spouts.reverse()) expect(await spout.stop()).toBe(0);
  await expectPoints(influxd, "site", storedPoints(times), DEADLINE_MS);
  await expectPoints(influxd, "site-archive", archivedPoints(times), DEADLINE_MS);
}, 120_000);

/**
 * Resolves when everything is sent, in the first moments of a period: each message when what came of the one before it has
 * left the filter, which would join those that come together.
 */
async function sendSite({ udp, http }: Ports, influxd: Influxd, natsPort: number): Promise<Times> {
  const nats = await connectRaw(natsPort);
  for (const subject of ["hosts", "devices", "memory", "apps"]) nats.subscribe(subject);
  await nats.flush();
  const isThrough = async (send: () => Promise<unknown>) => {
    const { messages } = nats.received;
    await send();
    await eventually("it is through the filter", () => nats.received.messages > messages);
  };
  using sender = await openUdpSender(udp);
  const lateNs = nowNs() - 60_000_000_000n;
  await sender.send(firstDatagram(lateNs));
  const inSite = () => influxd.query("site", "SELECT * FROM cpu");
  await eventually("the first line is stored", async () => (await inSite()).length === 1);
  // Whoever is slow has two periods from its beginning before a line of this one is late.
  const times = { lateNs, beginNs: (nowNs() / PERIOD_NS + 1n) * PERIOD_NS };
  await eventually("the period begins", () => nowNs() >= times.beginNs);
  for (const datagram of datagrams(times)) await isThrough(() => sender.send(datagram));
  for (const { text, query, status } of bodies(times)) {
    const url = `http://127.0.0.1:${http}/write?db=any${query}`;
    await isThrough(async () => {
      const answer = await fetch(url, { method: "POST", body: text });
      expect([query, answer.status]).toEqual([query, status]);
    });
  }
  nats.close();
  return times;
}

/** What the monitor shows agrees with what was sent, and Prometheus with the monitor. */
async function expectCounters(
  { influx, monitor }: Ports,
  prometheus: Prometheus,
  times: Times,
): Promise<void> {
  const of2x = countersOf2x(hostname(), influx);
  const further = furtherCounters(hostname(), influx);
  let page = "";
  const read = async () => {
    page = await (await fetch(`http://127.0.0.1:${monitor}/metrics`)).text();
    const counters = seriesWhere(seriesOnPage(page), isNamedAsIn2x);
    return {
      of2x: seriesWhere(counters, (name) => name in of2x),
      further: seriesWhere(
        counters,
        (name, value) => !(name in of2x) && value > 0 && !/^\w+_bytes{/.test(name),
      ),
    };
  };
  await expectEventually(read, { of2x, further }, DEADLINE_MS);
  const shown = seriesWhere(seriesOnPage(page), isNoNews);
  expectEveryLineAccountedFor(shown, times);
  expect(seriesWhere(shown, (name) => !isNamedAsIn2x(name))).toEqual(
    conventional(seriesWhere(shown, isNamedAsIn2x)),
  );
  expect(await checkWithPromtool(page)).toBe("");
  const scraped = async () => seriesWhere(await seriesScraped(prometheus), isNoNews);
  await expectEventually(scraped, shown, DEADLINE_MS);
}

/** Of the monitor's own series some are new each time that it hears of anybody. */
const isNoNews = (name: string) =>
  !/component="monitor"|^influx_spout_(monitor|last_report)_/.test(name);

const isNamedAsIn2x = (name: string) => isNoNews(name) && !name.startsWith("influx_spout_");

/** What was sent has come in; each line of it is in the database, or in one counter that says why it is not. */
function expectEveryLineAccountedFor(shown: Series, times: Times): void {
  const sum = (...names: RegExp[]) =>
    Object.values(seriesWhere(shown, (name) => names.some((pattern) => pattern.test(name)))).reduce(
      (total, value) => total + value,
      0,
    );
  const overUdp = [firstDatagram(times.lateNs), ...datagrams(times)];
  const overHttp = bodies(times).map(({ text }) => text);
  const sent = [...overUdp, ...overHttp];
  const sentLines = sent.flatMap((text) => text.split("\n").filter((line) => line !== "")).length;
  const sentBytes = sent.reduce((total, text) => total + Buffer.byteLength(text), 0);
  expect(sum(/^received_bytes{component="listener"/)).toBe(sentBytes);
  expect(sum(/^received_lines{component="listener"/)).toBe(sentLines);
  const dropped = sum(
    /^dropped_\w+_lines{component="(listener|filter)"/,
    /^(invalid_time|invalid_lines|comment_lines|rejected){component="filter"/,
  );
  const stored = sum(/^written_lines{.*name="store"/);
  expect(sentLines).toBe(stored + sum(/^dropped_\w+_lines{.*name="store"/) + dropped);
  const averaged = sum(/^averaged_lines{/);
  const notAveraged = sum(/^(invalid_lines|invalid_timestamps){component="downsampler"/);
  expect(sentLines).toBe(averaged + notAveraged + dropped);
  expect(sum(/^written_lines{.*name="archive"/)).toBe(sum(/^sent_lines{component="downsampler"/));
}
