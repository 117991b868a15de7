/**
 * Stopping several components in one process: each finds those that it publishes for still there, and whoever needs the time gets
 * it. Method: the real program, stopped while lines flow through chains of filters and downsamplers, or held up by a backend.
 */
import { expect, test } from "bun:test";
import { join } from "node:path";

import { type Spout, startSpout } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { startRecordingBackend } from "../support/recording-backend.ts";
import { freePort } from "../support/server-process.ts";

const filter = (name: string, input: string, output: string) => `
[[component]]
mode = "filter"
name = "${name}"
nats_subject = ["${input}"]
queue_group = "${name}"
max_time_delta = "24h"
[[component.rule]]
type = "regex"
match = "(?i)^cpu"
subject = "${output}"
`;

const downsampler = (name: string, input: string, suffix: string) => `
[[component]]
mode = "downsampler"
name = "${name}"
nats_subject = ["${input}"]
downsample_suffix = "${suffix}"
downsample_period = "1h"
downsample_functions = ["count"]
`;

const fileWriter = (name: string, ...subjects: readonly string[]) => `
[[component]]
mode = "writer"
name = "${name}"
nats_subject = ${JSON.stringify(subjects)}
batch_max_age = "10m"
output = "file"
file_path = "${name}.lp"
`;

/** Those behind others stand in front of them here and there: the order of the file does not matter. */
const chains = (port: number, top: string) => `mode = "standalone"
${top}
${fileWriter("metrics", "influx-spout-monitor")}
${filter("third", "b-1-2", "c")}
${downsampler("again", "b-1", "-2")}
${fileWriter("lines", "b")}
${filter("second", "a", "b")}
${fileWriter("archive", "c")}
${downsampler("once", "b", "-1")}
${filter("first", "influx-spout", "a")}
[[component]]
mode = "listener_http"
name = "http"
port = ${port}
`;

const textOf = (spout: Spout, name: string) => Bun.file(join(spout.folder, name)).text();

/** Posts until the program is gone; returns how many lines it took. */
async function postForever(port: number, taken: { lines: number }): Promise<void> {
  for (let seq = 0; ; seq++) {
    const body = Array.from({ length: 20 }, (_, line) => `cpu,host=h${line} seq=${seq}i\n`).join(
      "",
    );
    const answer = await fetch(`http://127.0.0.1:${port}/write`, { method: "POST", body }).catch(
      () => undefined,
    );
    if (answer === undefined) return;
    if (answer.status === 204) taken.lines += 20;
  }
}

async function expectNothingLost(top: string): Promise<void> {
  const port = freePort();
  await using spout = await startSpout("site", chains(port, top));
  await spout.logged("ready");
  for (const name of ["first", "second", "third"]) await spout.logged(`${name}: filter subscribed`);
  for (const name of ["once", "again"]) await spout.logged(`${name}: downsampler subscribed`);
  const taken = { lines: 0 };
  const clients = Array.from({ length: 4 }, () => postForever(port, taken));
  await eventually("lines flow", () => taken.lines > 4000);
  expect(await spout.stop()).toBe(0);
  await Promise.all(clients);
  expect(spout.log()).toContain("nothing lost");

  const lines = (await textOf(spout, "lines.lp")).trimEnd().split("\n");
  expect(lines.length).toBe(taken.lines);
  const archive = (await textOf(spout, "archive.lp")).trimEnd().split("\n");
  const counts = archive.map((line) => Number(/[ ,]seq_count=(\d+)i/.exec(line)?.[1]));
  expect(counts.reduce((sum, count) => sum + count)).toBe(taken.lines);
  // The last metrics of all others are there as well.
  const metrics = await textOf(spout, "metrics.lp");
  const last = (pattern: string) =>
    Number([...metrics.matchAll(new RegExp(pattern, "g"))].at(-1)?.[1]);
  expect({
    listener: last("spout_stat_listener.*[ ,]received_lines=(\\d+)"),
    first: last("spout_stat_filter,filter=first.*[ ,]passed=(\\d+)"),
    second: last("spout_stat_filter,filter=second.*[ ,]passed=(\\d+)"),
    writer: last("spout_stat_writer,.*writer=lines.*[ ,]written_lines=(\\d+)"),
    third: last("spout_stat_filter,filter=third.*[ ,]passed=(\\d+)"),
  }).toEqual({
    listener: taken.lines,
    first: taken.lines,
    second: taken.lines,
    writer: taken.lines,
    third: archive.length,
  });
}

test("chains of filters and downsamplers lose nothing when they stop in mid-flow, and the last metrics say so", async () => {
  await expectNothingLost("");
}, 60_000);

test("nor do they where they meet on NATS", async () => {
  await using nats = await startNatsServer();
  await expectNothingLost(`nats_address = "nats://127.0.0.1:${nats.port}"`);
}, 60_000);

test("a backend that takes three of four seconds to answer still gets its lines: no others need the time", async () => {
  await using backend = startRecordingBackend();
  backend.answer = () => ({ delayMs: 3000 });
  const port = freePort();
  await using spout = await startSpout(
    "site",
    `mode = "standalone"
stop_timeout = "4s"
[[component]]
mode = "listener_http"
port = ${port}
${filter("sorter", "influx-spout", "hosts")}
[[component]]
mode = "writer"
nats_subject = ["hosts"]
batch_max_age = "10m"
influxdb_address = "127.0.0.1"
influxdb_port = ${backend.port}
${fileWriter("metrics", "influx-spout-monitor")}
[[component]]
mode = "monitor"
port = ${freePort()}
`,
  );
  await spout.logged("ready");
  const answer = await fetch(`http://127.0.0.1:${port}/write`, { method: "POST", body: "cpu v=1" });
  expect(answer.status).toBe(204);
  expect(await spout.stop()).toBe(0);
  expect(spout.log()).toContain("nothing lost");
  expect(backend.lines()).toEqual(["cpu v=1"]);
}, 30_000);

test("components in a circle are told of at the start, and their stop does not claim that nothing is lost", async () => {
  const port = freePort();
  await using spout = await startSpout(
    "site",
    `mode = "standalone"
stop_timeout = "2s"
[[component]]
mode = "listener_http"
port = ${port}
${filter("there", "influx-spout", "a")}
${filter("back", "a", "influx-spout")}
`,
  );
  await spout.logged('component "there": nats_subject: ');
  expect(spout.log()).toContain('"there" and "back" read what they publish, in a circle');
  await spout.logged("ready");
  await fetch(`http://127.0.0.1:${port}/write`, { method: "POST", body: "cpu v=1" });
  expect(await spout.stop()).toBe(1);
  expect(spout.log()).toMatch(/ERROR stopped .* 0 lines lost, and more that could not be counted/);
}, 30_000);
