/**
 * SIGTERM in mid-flow: what was read from a socket, or answered with success, reaches the backend. Method: one
 * component at a time is stopped while lines flow through it; a backend that records says what arrived.
 */
import { expect, test } from "bun:test";

import { connect } from "nats";

import { every, systemClock } from "../../src/platform/clock.ts";
import { startSpout } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { startRecordingBackend } from "../support/recording-backend.ts";
import { freePort } from "../support/server-process.ts";

const common = (natsPort: number) => `nats_address = "nats://127.0.0.1:${natsPort}"\n`;

const writerConfig = (natsPort: number, backendPort: number, extra = "") => `
mode = "writer"
nats_subject = ["hosts"]
influxdb_address = "127.0.0.1"
influxdb_port = ${backendPort}
batch = 100
batch_max_secs = 1
${common(natsPort)}${extra}`;

const filterConfig = (natsPort: number) => `
mode = "filter"
workers = 2
${common(natsPort)}
[[rule]]
type = "basic"
match = "cpu"
subject = "hosts"
`;

/** The last value of a counter that the component with this line on the monitor subject published. */
async function watchMetrics(natsPort: number) {
  const connection = await connect({ servers: `127.0.0.1:${natsPort}` });
  const last = new Map<string, string>();
  connection.subscribe("influx-spout-monitor", {
    callback: (_error, message) => {
      const [series = "", fields = ""] = message.string().trim().split(" ");
      last.set(series.split(",", 1)[0] ?? "", fields);
    },
  });
  await connection.flush();
  return {
    async counter(measurement: string, field: string) {
      await connection.flush();
      return Number(new RegExp(`(?:^|,)${field}=(\\d+)`).exec(last.get(measurement) ?? "")?.[1]);
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

const seqsOf = (lines: readonly string[]) =>
  lines.map((line) => Number(/seq=(\d+)i/.exec(line)?.[1])).sort((left, right) => left - right);

test("an HTTP listener stopped in mid-flow delivers every body that it answered with 204", async () => {
  await using nats = await startNatsServer();
  await using backend = startRecordingBackend();
  await using writer = await startSpout("writer", writerConfig(nats.port, backend.port));
  await using filter = await startSpout("filter", filterConfig(nats.port));
  const port = freePort();
  await using http = await startSpout(
    "http",
    `mode = "listener_http"\nport = ${port}\nbatch = 50\n${common(nats.port)}`,
  );
  await Promise.all([writer.logged("subscribed to"), filter.logged("subscribed to")]);
  await http.logged("connected to NATS");

  const accepted: number[] = [];
  let nextSeq = 0;
  const client = async () => {
    for (;;) {
      const seqs = [nextSeq++, nextSeq++, nextSeq++];
      const body = seqs.map((seq) => `cpu,host=a${seq} usage=1,seq=${seq}i`).join("\n");
      const response = await fetch(`http://127.0.0.1:${port}/write`, {
        method: "POST",
        body,
      }).catch(() => undefined);
      if (response === undefined) return;
      if (response.status === 204) accepted.push(...seqs);
    }
  };
  const clients = Array.from({ length: 4 }, client);
  await eventually("bodies flow", () => accepted.length > 1500);
  expect(await http.stop()).toBe(0);
  await Promise.all(clients);
  expect(http.log()).toContain("nothing lost");
  expect(await filter.stop()).toBe(0);
  expect(await writer.stop()).toBe(0);

  const arrived = seqsOf(backend.lines());
  expect(new Set(arrived).size).toBe(arrived.length);
  // A body whose answer the closing connection took may have arrived as well: that is not a loss.
  const missing = accepted.filter((seq) => !arrived.includes(seq));
  expect(missing).toEqual([]);
  expect(arrived.length - accepted.length).toBeLessThanOrEqual(3 * clients.length);
}, 60_000);

test("a UDP listener stopped in mid-flow delivers every line that it read", async () => {
  await using nats = await startNatsServer();
  await using backend = startRecordingBackend();
  await using metrics = await watchMetrics(nats.port);
  await using writer = await startSpout("writer", writerConfig(nats.port, backend.port));
  await using filter = await startSpout("filter", filterConfig(nats.port));
  const port = freePort();
  await using udp = await startSpout(
    "udp",
    `mode = "listener"\nport = ${port}\nbatch = 50\n${common(nats.port)}`,
  );
  await Promise.all([writer.logged("subscribed to"), filter.logged("subscribed to")]);
  await udp.logged("connected to NATS");

  const sender = await Bun.udpSocket({
    connect: { port, hostname: "127.0.0.1" },
    socket: { error() {} },
  });
  let sent = 0;
  const stopFlow = every(systemClock, 1, () => {
    for (let i = 0; i < 20; i++) {
      try {
        sender.send(`cpu,host=a usage=1,seq=${sent++}i`);
      } catch {
        // The port is closed by now: there is nobody left to lose it.
      }
    }
  });
  await eventually("lines flow", () => backend.lines().length > 1000);
  expect(await udp.stop()).toBe(0);
  stopFlow();
  expect(await filter.stop()).toBe(0);
  expect(await writer.stop()).toBe(0);

  const read = await metrics.counter("spout_stat_listener", "received_lines");
  const arrived = seqsOf(backend.lines());
  expect(arrived).toEqual(Array.from({ length: read }, (_, seq) => seq));
}, 60_000);

test("filters and writers that leave in mid-flow lose nothing of what they were given", async () => {
  await using nats = await startNatsServer();
  await using backend = startRecordingBackend();
  const startWriter = () =>
    startSpout("writer", writerConfig(nats.port, backend.port, 'queue_group = "writers"\n'));
  await using firstWriter = await startWriter();
  await using secondWriter = await startWriter();
  await using firstFilter = await startSpout("filter", filterConfig(nats.port));
  await using secondFilter = await startSpout("filter", filterConfig(nats.port));
  const all = [firstWriter, secondWriter, firstFilter, secondFilter];
  await Promise.all(all.map((spout) => spout.logged("subscribed to")));

  const publisher = await connect({ servers: `127.0.0.1:${nats.port}` });
  let sent = 0;
  const stopFlow = every(systemClock, 1, () => {
    for (let i = 0; i < 20; i++) {
      publisher.publish("influx-spout", `cpu,host=a usage=1,seq=${sent++}i\n`);
    }
  });
  await eventually("lines flow", () => backend.lines().length > 1000);
  expect(await firstFilter.stop()).toBe(0);
  expect(await firstWriter.stop()).toBe(0);
  const whenLeft = backend.lines().length;
  await eventually("lines flow on", () => backend.lines().length > whenLeft + 1000);
  stopFlow();
  await publisher.drain();
  expect(await secondFilter.stop()).toBe(0);
  expect(await secondWriter.stop()).toBe(0);

  expect(seqsOf(backend.lines())).toEqual(Array.from({ length: sent }, (_, seq) => seq));
}, 60_000);

test("a stop that cannot finish in time says how many lines it lost and ends with exit status 1", async () => {
  await using nats = await startNatsServer();
  await using backend = startRecordingBackend();
  backend.answer = () => ({ delayMs: Infinity });
  await using writer = await startSpout(
    "writer",
    writerConfig(nats.port, backend.port, 'stop_timeout = "1s"\n'),
  );
  await writer.logged("subscribed to");
  const publisher = await connect({ servers: `127.0.0.1:${nats.port}` });
  publisher.publish("hosts", "cpu v=1\ncpu v=2\ncpu v=3\n");
  await publisher.drain();
  await eventually("the backend hangs", () => backend.requests.length === 1);
  expect(await writer.stop()).toBe(1);
  expect(writer.log()).toMatch(/ERROR stopped writer "writer" after \d+ ms: 3 lines lost/);
}, 60_000);

test("a second signal ends a stop that takes its time, but not its echo", async () => {
  await using nats = await startNatsServer();
  await using backend = startRecordingBackend();
  backend.answer = () => ({ delayMs: Infinity });
  await using writer = await startSpout("writer", writerConfig(nats.port, backend.port));
  await writer.logged("subscribed to");
  const publisher = await connect({ servers: `127.0.0.1:${nats.port}` });
  publisher.publish("hosts", "cpu v=1\n");
  await publisher.drain();
  await eventually("the backend hangs", () => backend.requests.length === 1);

  writer.signal("SIGINT");
  await writer.logged("SIGINT: stopping");
  writer.signal("SIGINT");
  await Bun.sleep(1100);
  expect(writer.log()).not.toContain("again");
  writer.signal("SIGTERM");
  expect(await writer.exited).toBe(1);
  expect(writer.log()).toContain("SIGTERM again: ended at once");
}, 60_000);
