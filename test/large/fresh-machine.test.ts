/**
 * On a machine with neither Bun nor Node: a root folder that holds the unpacked archive and the libraries that docs/installing.md
 * names, and nothing else. Every mode runs there, and lines go all the way.
 */
import { expect, test } from "bun:test";
import { cp, mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";

import { connect } from "nats";

import { VERSION } from "../support/checkout.ts";
import { run } from "../support/command.ts";
import { eventually } from "../support/eventually.ts";
import { type NatsServer, startNatsServer } from "../support/nats-server.ts";
import { asProcessOne, type Program, startProgram } from "../support/program.ts";
import { type RecordingBackend, startRecordingBackend } from "../support/recording-backend.ts";
import { archiveFile, release, RELEASE_MAX_MS } from "../support/release.ts";
import { freePort } from "../support/server-process.ts";
import { type TempFolder, tempFolder } from "../support/temp-folder.ts";

const NOBODY = 65534;
const TARGET = `linux-${process.arch}`;
const FOLDER = `influx-spout-${VERSION}-${TARGET}`;
/** Of the examples; each gets a free port instead. */
const PORTS = /^(port|probe_port) = \d+/gm;

test(
  "the archive unpacks and every example in it starts, works with NATS, and stops",
  async () => {
    await using nats = await startNatsServer();
    // The writer of metrics may have some before it is stopped.
    await using backend = startRecordingBackend();
    await using machine = await freshMachine(serversAt(nats, backend));
    const configs = await readdir(machine.file(FOLDER, "configs"));
    const runnable: string[] = [];
    for (const name of configs.filter((each) => each.endsWith(".toml"))) {
      const text = await Bun.file(machine.file(FOLDER, "configs", name)).text();
      if (/^mode = /m.test(text)) runnable.push(name);
    }
    expect(runnable).toContainValues(["udp-listener.toml", "filter.toml", "standalone.toml"]);
    for (const name of runnable) {
      await using program = await start(machine, name);
      await program.wrote(name === "standalone.toml" ? "INFO ready;" : "INFO connected to NATS");
      await stopCleanly(program);
    }
  },
  RELEASE_MAX_MS,
);

test(
  "lines go from UDP and HTTP through the filter to InfluxDB",
  async () => {
    await using nats = await startNatsServer();
    await using backend = startRecordingBackend();
    await using machine = await freshMachine(serversAt(nats, backend));
    await using udp = await start(machine, "udp-listener.toml");
    await using http = await start(machine, "http-listener.toml");
    await using filter = await start(machine, "filter.toml");
    await using writer = await start(machine, "writer.toml");
    await Promise.all([filter.wrote("subscribed to"), writer.wrote("subscribed to")]);
    await Promise.all([udp.wrote("connected to NATS"), http.wrote("connected to NATS")]);

    const sender = await Bun.udpSocket({
      connect: { hostname: "127.0.0.1", port: portOf(udp, "UDP") },
    });
    sender.send("cpu,host=a usage=1");
    sender.close();
    const answer = await fetch(`http://127.0.0.1:${portOf(http, "HTTP")}/write`, {
      method: "POST",
      body: "mem,host=a free=2",
    });
    expect(answer.status).toBe(204);
    await eventually("both lines arrive", () => backend.lines().length === 2);
    for (const program of [udp, http, filter, writer]) {
      await stopCleanly(program);
    }
    expect(backend.lines().toSorted()).toEqual(["cpu,host=a usage=1", "mem,host=a free=2"]);
  },
  RELEASE_MAX_MS,
);

test(
  "tap finds NATS by the common file, and refuses one that is wrong",
  async () => {
    await using nats = await startNatsServer();
    await using machine = await freshMachine(`nats_address = "nats://${nats.address}"`);
    const startTap = () =>
      startProgram([
        ...asProcessOne(machine.path, NOBODY),
        `/${FOLDER}/influx-spout`,
        ...["tap", "hosts.>"],
      ]);
    await using tap = startTap();
    await tap.wrote(`tap subscribed to [hosts.>] at ${nats.address}`);
    const connection = await connect({ servers: nats.address });
    connection.publish("hosts.a", "cpu,host=a usage=1\n");
    await connection.drain();
    await tap.wrote("cpu,host=a usage=1\n");
    tap.signal("SIGTERM");
    expect(await tap.exited).toBe(0);

    await Bun.write(machine.file("etc/influx-spout.toml"), 'nats_address = "http://a"');
    await using refused = startTap();
    expect(await refused.exited).toBe(2);
    expect(refused.output()).toContain("/etc/influx-spout.toml: nats_address: expected ");
    expect(refused.output()).toContain("with --server URL no file is read");
  },
  RELEASE_MAX_MS,
);

test(
  "a configuration that is not there ends the start with status 2",
  async () => {
    await using machine = await freshMachine("");
    await using program = startProgram([
      ...asProcessOne(machine.path, NOBODY),
      `/${FOLDER}/influx-spout`,
      "/nowhere.toml",
    ]);
    expect(await program.exited).toBe(2);
    expect(program.output()).toContain("/nowhere.toml");
  },
  RELEASE_MAX_MS,
);

/** The archive, unpacked, among what docs/installing.md says that it needs, with `common` as /etc/influx-spout.toml. */
async function freshMachine(common: string): Promise<TempFolder> {
  const { file } = await release();
  const machine = await tempFolder();
  await run(["chmod", "755", machine.path]);
  await run(["tar", "xzf", file(archiveFile(TARGET)), "-C", machine.path]);
  for (const path of await namedInDocs(machine.file(FOLDER, "docs/installing.md"))) {
    await mkdir(dirname(join(machine.path, path)), { recursive: true });
    await cp(path, join(machine.path, path), { dereference: true });
  }
  await mkdir(machine.file("data"));
  await run(["chmod", "777", machine.file("data")]);
  await Bun.write(machine.file("etc/influx-spout.toml"), common);
  return machine;
}

function serversAt(nats: NatsServer, backend: RecordingBackend): string {
  return [
    `nats_address = "nats://${nats.address}"`,
    'influxdb_address = "127.0.0.1"',
    `influxdb_port = ${backend.port}`,
  ].join("\n");
}

/** Where this machine has the loader and the libraries in the row of that page's table. */
async function namedInDocs(path: string): Promise<string[]> {
  const page = await Bun.file(path).text();
  const row = page.split("\n").find((line) => line.startsWith(`| \`${TARGET}\` `)) ?? "";
  const names = [...row.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name).slice(1);
  const cache = await run(["/sbin/ldconfig", "-p"]);
  return names.map((name) => {
    if (name.startsWith("/")) return name;
    const found = cache.split("\n").find((line) => line.trim().startsWith(`${name} `));
    return found?.split(" => ")[1] ?? name;
  });
}

async function start(machine: TempFolder, name: string): Promise<Program> {
  const text = await Bun.file(machine.file(FOLDER, "configs", name)).text();
  const config = text
    .replaceAll(PORTS, (_, option: string) => `${option} = ${freePort()}`)
    .replaceAll('batch_max_age = "10s"', 'batch_max_age = "100ms"')
    .replaceAll('file_path = "', 'file_path = "/data/');
  await Bun.write(machine.file("data", name), config);
  return startProgram([
    ...asProcessOne(machine.path, NOBODY),
    `/${FOLDER}/influx-spout`,
    `/data/${name}`,
  ]);
}

async function stopCleanly(program: Program): Promise<void> {
  program.signal("SIGTERM");
  if ((await program.exited) !== 0) throw new Error(`it lost something:\n${program.output()}`);
}

function portOf(program: Program, kind: string): number {
  const found = new RegExp(`bound to ${kind} socket: .*:(\\d+)`).exec(program.output());
  return Number(found?.[1]);
}
