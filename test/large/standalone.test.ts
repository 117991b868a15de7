/**
 * The stream of the pipeline test through one standalone process: same input, same outcome, without NATS. And what
 * a newcomer does first: the example as it comes.
 */
import { expect, test } from "bun:test";
import { join } from "node:path";

import { startSpout } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { startInfluxd } from "../support/influxd.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { startRecordingBackend } from "../support/recording-backend.ts";
import { freePort } from "../support/server-process.ts";
import { FILTER_RULES } from "./host-stream.ts";
import {
  DATABASES,
  expectMetrics,
  expectRecorded,
  expectStored,
  sendQuarter,
  siteStream,
} from "./pipeline-tools.ts";

interface Ports {
  readonly udp: number;
  readonly http: number;
  readonly influxd: number;
  readonly recorder: number;
}

const standaloneConfig = (ports: Ports, top = "") => `
mode = "standalone"
influxdb_address = "127.0.0.1"
influxdb_port = ${ports.influxd}
batch_max_age = "1s"
${top}
[[component]]
mode = "listener"
name = "udp"
port = ${ports.udp}

[[component]]
mode = "listener_http"
name = "http"
port = ${ports.http}

[[component]]
mode = "filter"
name = "sorter"
${FILTER_RULES.replaceAll("[[rule]]", "[[component.rule]]")}
${writer("alpha", "hosts.cpu", "hosts.disk")}
${writer("beta", "hosts.prod", "hosts.nohost")}
${writer("junk", "influx-spout-junk")}
${writer("spout", "influx-spout-monitor")}
${writer("recorded", "hosts.*")}
influxdb_port = ${ports.recorder}
`;

const writer = (database: string, ...subjects: string[]) => `
[[component]]
mode = "writer"
name = "to-${database}"
nats_subject = ${JSON.stringify(subjects)}
influxdb_dbname = "${database}"
`;

async function expectSameOutcome(top: string): Promise<void> {
  await using influxd = await startInfluxd();
  await using recorded = startRecordingBackend();
  for (const database of DATABASES) await influxd.createDatabase(database);
  const ports = {
    udp: freePort(),
    http: freePort(),
    influxd: influxd.port,
    recorder: recorded.port,
  };
  await using spout = await startSpout("site", standaloneConfig(ports, top));
  await spout.logged("ready");
  await spout.logged("filter subscribed");
  const stream = siteStream();
  for (const quarter of [0, 1, 2, 3]) await sendQuarter(stream, quarter, ports);
  await expectStored(influxd, stream);
  expect(await spout.stop()).toBe(0);
  expectRecorded(recorded, stream);
  await expectMetrics(influxd, stream);
}

test("one process does what one process a component does, without NATS", async () => {
  await expectSameOutcome("");
}, 120_000);

test("the same file, with the address of a NATS server, does it over NATS", async () => {
  await using nats = await startNatsServer();
  await expectSameOutcome(`nats_address = "nats://127.0.0.1:${nats.port}"`);
}, 120_000);

test("the example: the line that it tells to try is in its file within a second", async () => {
  const [udp, http] = [freePort(), freePort()];
  const example = await Bun.file("configs/standalone.toml").text();
  await using spout = await startSpout(
    "standalone",
    example.replace("port = 10001", `port = ${udp}`).replace("port = 13337", `port = ${http}`),
  );
  await spout.logged("ready");
  const [, url = "", body = ""] = /curl -i (\S+) --data-binary '(.*)'/.exec(spout.log()) ?? [];
  const answer = await fetch(url, { method: "POST", body });
  expect(answer.status).toBe(204);
  const path = join(spout.folder, "influx-spout-data/system.lp");
  const written = () =>
    Bun.file(path)
      .text()
      .catch(() => "");
  await eventually("the line in its file", async () => (await written()) === `${body}\n`, 1000);
  spout.signal("SIGINT");
  expect(await spout.exited).toBe(0);
  expect(spout.log()).toContain("nothing lost");
  const metrics = await Bun.file(join(spout.folder, "influx-spout-data/metrics.lp")).text();
  expect(metrics).toMatch(/^spout_stat_writer,.*writer=lines,.*written_lines=1,/m);
});

test("a port that is taken, or a folder that cannot be written, ends it with a clear error", async () => {
  const taken = await Bun.udpSocket({ port: 0 });
  const failing = async (toml: string) => {
    await using spout = await startSpout("site", toml);
    expect(await spout.exited).toBe(1);
    return spout.log();
  };
  const writeTo = (path: string) => `[[component]]
mode = "writer"
nats_subject = ["influx-spout"]
output = "file"
file_path = "${path}"
`;
  const listen = `[[component]]\nmode = "listener"\nport = ${taken.port}\n`;
  const ofPort = await failing(`mode = "standalone"\n${writeTo("lines.lp")}${listen}`);
  expect(ofPort).toContain(
    `cannot start standalone "site": listener "listener-1": cannot bind UDP port ${taken.port}`,
  );
  taken.close();
  const ofFolder = await failing(
    `mode = "standalone"\n${writeTo("/proc/nowhere/lines.lp")}${listen}`,
  );
  expect(ofFolder).toMatch(
    /ERROR cannot start standalone "site": writer "writer-1": cannot .*\/proc\/nowhere/,
  );
});
