/**
 * What the pipeline tests have in common: the stream by UDP and by HTTP at once, and what must have become of it.
 */
import { expect } from "bun:test";

import { eventually } from "../support/eventually.ts";
import type { Influxd } from "../support/influxd.ts";
import type { RecordingBackend } from "../support/recording-backend.ts";
import { hostStream, inGroups, seqsOf, type StreamLine } from "./host-stream.ts";

const UDP_LINES = 11_200;
const HTTP_LINES = 6_000;
const HTTP_SECOND_LINES = 6_000;

/** The databases that the stream ends in, and one for the metrics. */
export const DATABASES = ["alpha", "beta", "junk", "spout"] as const;

export interface SiteStream {
  readonly lines: readonly StreamLine[];
  /** By UDP, by HTTP, and by HTTP with `precision=s`. */
  readonly parts: readonly [StreamLine[], StreamLine[], StreamLine[]];
}

/** No two lines are the same point: each part has hosts of its own. */
export function siteStream(): SiteStream {
  const named = (lines: StreamLine[], site: string) =>
    lines.map((line) => ({ ...line, text: line.text.replaceAll(/server|=s(?=\d)/g, `$&${site}`) }));
  const parts = [
    named(hostStream(UDP_LINES, 0), "u"),
    named(hostStream(HTTP_LINES, 1_000_000), "h"),
    named(hostStream(HTTP_SECOND_LINES, 2_000_000, 1_000_000_000n), "x"),
  ] as const;
  return { lines: parts.flat(), parts: [...parts] };
}

/** Sends the given quarter, 0 to 3, all parts at once. */
export async function sendQuarter(
  { parts: [overUdp, overHttp, overHttpInSeconds] }: SiteStream,
  quarter: number,
  ports: { readonly udp: number; readonly http: number },
): Promise<void> {
  const part = <Item>(items: readonly Item[]) =>
    items.slice((items.length / 4) * quarter, (items.length / 4) * (quarter + 1));
  await Promise.all([
    sendDatagrams(ports.udp, part(overUdp)),
    postBodies(ports.http, part(overHttp), ""),
    postBodies(ports.http, part(overHttpInSeconds), "&precision=s"),
  ]);
}

export const seqOf = (line: string) => Number(/seq=(\d+)i/.exec(line)?.[1]);

/** Waits until the databases hold the lines, and nothing else. */
export async function expectStored(influxd: Influxd, { lines }: SiteStream): Promise<void> {
  const expected = expectedSeqs(lines);
  for (const database of ["alpha", "beta", "junk"] as const) {
    await eventually(`${database} holds its lines`, async () => {
      return (await seqsStored(influxd, database)).length >= expected[database].length;
    });
    expect(await seqsStored(influxd, database)).toEqual(expected[database]);
  }
}

/** What a backend that got everything for alpha and beta was sent: each line once, byte for byte. */
export function expectRecorded(recorded: RecordingBackend, { lines, parts }: SiteStream): void {
  const { alpha, beta } = expectedSeqs(lines);
  const sent = recorded
    .lines()
    .map(seqOf)
    .sort((left, right) => left - right);
  expect(sent).toEqual([...alpha, ...beta].sort((left, right) => left - right));
  // What came in nanoseconds, each line of it, is what the agents wrote.
  const written = new Set(recorded.lines());
  const [overUdp, overHttp] = parts;
  const altered = [...overUdp, ...overHttp]
    .filter(({ destination }) => destination.startsWith("hosts."))
    .filter(({ text }) => !written.has(text));
  expect(altered).toEqual([]);
}

function expectedSeqs(stream: readonly StreamLine[]) {
  return {
    alpha: seqsOf(stream, "hosts.cpu", "hosts.disk"),
    beta: seqsOf(stream, "hosts.prod", "hosts.nohost"),
    junk: seqsOf(stream, "influx-spout-junk"),
  };
}

/** What the components said of themselves, as InfluxDB stored it. */
export async function expectMetrics(
  influxd: Influxd,
  { lines: stream }: SiteStream,
): Promise<void> {
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
