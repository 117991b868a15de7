/**
 * How long a line is under way with light load, hop by hop: UDP listener -> filter -> writer -> a backend, each a process
 * of its own, on a real nats-server: `bun test/bench/latency.ts [--rate 200] [--seconds 10] [--smoke]` (datagrams of one
 * line a second). Twice: with batches that leave by their age, and with batches of one, which leave at once: what the
 * hops alone cost.
 *
 * Fails if a line is lost, or if of the first run more than one line in a hundred takes longer than both batches may be
 * old and 5 ms. `--smoke` sends for a second, too few lines for that limit.
 */
import { parseArgs } from "node:util";

import { startSpout } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { freePort } from "../support/server-process.ts";
import { openUdpSender } from "../support/udp-sender.ts";
import { pace } from "./pace.ts";
import { describeMachine } from "./process-usage.ts";
import { connectRaw } from "./raw-nats.ts";

const AGES_MS = { listener: 50, writer: 100 };
const SLACK_MS = 5;
/** For batches that another limit ends. */
const COUNT_OUT_OF_REACH = 1_000_000;

const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "200" },
    seconds: { type: "string", default: "10" },
    smoke: { type: "boolean", default: false },
  },
});
const rate = Number(values.rate);
const seconds = values.smoke ? 1 : Number(values.seconds);
const limitMs = AGES_MS.listener + AGES_MS.writer + SLACK_MS;

console.log(describeMachine());
console.log(`latency of ${rate} lines/s for ${seconds} s, ms`);
const totalMs = await measure(
  `batches by age: listener ${AGES_MS.listener} ms, writer ${AGES_MS.writer} ms`,
  COUNT_OUT_OF_REACH,
);
await measure("batches of one", 1);
if (!values.smoke && totalMs > limitMs) {
  throw new Error(`the 99th percentile is ${totalMs.toFixed(1)} ms, at most ${limitMs} expected`);
}

/** Prints a table of the hops; resolves with the 99th percentile of the whole way, in ms. */
async function measure(title: string, batchMaxCount: number): Promise<number> {
  const taps = { listener: new Tap(), filter: new Tap(), backend: new Tap() };
  await using nats = await startNatsServer();
  using backend = startBackend(taps.backend);
  const port = freePort();
  await using listener = await startSpout("listener", listenerToml(nats.port, port, batchMaxCount));
  await using filter = await startSpout("filter", filterToml(nats.port));
  await using writer = await startSpout(
    "writer",
    writerToml(nats.port, backend.port ?? 0, batchMaxCount),
  );
  const closeTaps = await tapNats(nats.port, { in: taps.listener, "out.>": taps.filter });
  await listener.logged("connected to NATS");
  await filter.logged("subscribed");
  await writer.logged("subscribed");

  const sentMs = await send(port);
  await eventually("all lines are at the backend", () => taps.backend.size >= sentMs.length);
  closeTaps();
  return printHops(title, sentMs, taps);
}

/** When each line came by, by the time at which it was sent, which is its name: the wall clock of this process in ms. */
class Tap {
  readonly #seenMs = new Map<number, number>();

  get size(): number {
    return this.#seenMs.size;
  }

  /** Lines as the listener got them. */
  see(payload: string, seenMs: number): void {
    for (const [, sentMs] of payload.matchAll(/ sent_ms=([\d.]+) /g)) {
      this.#seenMs.set(Number(sentMs), seenMs);
    }
  }

  /** Throws if the line never came. */
  at(sentMs: number): number {
    const seenMs = this.#seenMs.get(sentMs);
    if (seenMs === undefined) throw new Error("a line was lost");
    return seenMs;
  }
}

function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Returns when each of the lines was sent. */
async function send(port: number): Promise<readonly number[]> {
  using sender = await openUdpSender(port);
  const allMs: number[] = [];
  await pace(rate, seconds, async (count) => {
    for (let left = count; left > 0; left--) {
      // To the microsecond; a line that is sent within the same one gets the next, as its name must be its own.
      const sentMs = Math.max(Math.round(nowMs() * 1000), (allMs.at(-1) ?? 0) * 1000 + 1) / 1000;
      allMs.push(sentMs);
      await sender.send(`cpu,host=server0001 sent_ms=${sentMs.toFixed(3)} ${Date.now()}000000\n`);
    }
  });
  return allMs;
}

/** An InfluxDB that notes when a request begins to arrive. */
function startBackend(tap: Tap) {
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    async fetch(request) {
      const seenMs = nowMs();
      tap.see(await request.text(), seenMs);
      return new Response(null, { status: 204 });
    },
  });
}

/** Sees what is published on each subject, from a connection of its own; returns what closes them. */
async function tapNats(port: number, taps: Readonly<Record<string, Tap>>): Promise<() => void> {
  const connections = await Promise.all(
    Object.entries(taps).map(async ([subject, tap]) => {
      const nats = await connectRaw(port, (payload) => tap.see(payload.toString(), nowMs()));
      nats.subscribe(subject);
      await nats.flush();
      return nats;
    }),
  );
  return () => connections.forEach((nats) => nats.close());
}

/** Returns the 99th percentile of the whole way. */
function printHops(
  title: string,
  sentMs: readonly number[],
  { listener, filter, backend }: Readonly<Record<"listener" | "filter" | "backend", Tap>>,
): number {
  const itself = { at: (atMs: number) => atMs };
  const hops = [
    { name: "sender -> listener's subject", from: itself, to: listener },
    { name: "-> filter's subject", from: listener, to: filter },
    { name: "-> backend", from: filter, to: backend },
    { name: "in all", from: itself, to: backend },
  ];
  const heads = ["median", "99 %", "maximum"].map((head) => head.padStart(8)).join(" ");
  console.log(`${title.padEnd(46)} ${heads}`);
  let percentile99Ms = 0;
  for (const { name, from, to } of hops) {
    const sorted = sentMs.map((sent) => to.at(sent) - from.at(sent)).sort((a, b) => a - b);
    const share = (part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? 0;
    percentile99Ms = share(0.99);
    const figures = [share(0.5), percentile99Ms, share(1)];
    console.log(`  ${name.padEnd(44)} ${figures.map((ms) => ms.toFixed(2).padStart(8)).join(" ")}`);
  }
  return percentile99Ms;
}

function listenerToml(natsPort: number, port: number, batchMaxCount: number): string {
  return `mode = "listener"
    port = ${port}
    nats_address = "nats://127.0.0.1:${natsPort}"
    nats_subject = ["in"]
    batch_max_count = ${batchMaxCount}
    batch_max_age = "${AGES_MS.listener}ms"
  `;
}

function filterToml(natsPort: number): string {
  return `mode = "filter"
    nats_address = "nats://127.0.0.1:${natsPort}"
    nats_subject = ["in"]
    nats_subject_junkyard = "out.junk"
    workers = 1
    [[rule]]
    type = "basic"
    match = "cpu"
    subject = "out.cpu"
  `;
}

function writerToml(natsPort: number, backendPort: number, batchMaxCount: number): string {
  return `mode = "writer"
    nats_address = "nats://127.0.0.1:${natsPort}"
    nats_subject = ["out.cpu"]
    batch_max_count = ${batchMaxCount}
    batch_max_age = "${AGES_MS.writer}ms"
    influxdb_address = "127.0.0.1"
    influxdb_port = ${backendPort}
    influxdb_dbname = "bench"
  `;
}
