/**
 * Clients that take all file descriptors that a process may have. Method: the binary with a limit of 128, and 400
 * connections that are kept; whoever asks how it is gets an answer, and it has little to do.
 */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";

import { type Spout, startSpout } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { type NatsServer, startNatsServer } from "../support/nats-server.ts";
import { freePort } from "../support/server-process.ts";

const DESCRIPTORS = 128;
const CONNECTIONS = 400;

/** What is sent on each connection: something whole, or the beginning of something. */
const WHOLE = "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n";
const BEGUN = "POST /write HTTP/1.1\r\nHost: x\r\nContent-Le";

/** Connections that are made and never ended by their clients. */
function holdConnections(port: number, text: string): Disposable {
  const sockets = Array.from({ length: CONNECTIONS }, (): Socket => {
    const socket = connect(port, "127.0.0.1", () => void socket.write(text));
    return socket.on("error", () => {}).resume();
  });
  return { [Symbol.dispose]: () => sockets.forEach((socket) => void socket.destroy()) };
}

/** Processor time since the start, in seconds. */
function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const [, , , , , , , , , , , user, system] = stat.slice(stat.lastIndexOf(")")).split(" ");
  return (Number(user) + Number(system)) / 100;
}

async function answers(url: string): Promise<boolean> {
  const answer = await fetch(url, { keepalive: false, signal: AbortSignal.timeout(2000) });
  await answer.arrayBuffer();
  return answer.ok;
}

async function withstand(spout: Spout, port: number, text: string, url: string): Promise<void> {
  await eventually("it answers", () => answers(url).catch(() => false));
  const limit = ["prlimit", "--pid", `${spout.pid}`, `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`];
  expect(await Bun.spawn(limit).exited).toBe(0);
  using _ = holdConnections(port, text);
  await spout.logged(/clients have \d+ connections to port \d+, and 128 file descriptors are all/);
  await eventually("it answers again", () => answers(url).catch(() => false), 20_000);
  const before = cpuSecondsOf(spout.pid);
  const beganMs = performance.now();
  let misses = 0;
  for (let time = 0; time < 20; time++) {
    if (!(await answers(url).catch(() => false))) misses++;
    await Bun.sleep(100);
  }
  // While the clients that were cut off make way, one may find no descriptor within its two seconds.
  expect(misses).toBeLessThanOrEqual(1);
  const seconds = (performance.now() - beganMs) / 1000;
  expect((cpuSecondsOf(spout.pid) - before) / seconds).toBeLessThan(0.4);
}

const common = (nats: NatsServer, probePort: number) =>
  `nats_address = "nats://${nats.address}"\nprobe_port = ${probePort}\n`;

for (const [what, text] of [
  ["idle", WHOLE],
  ["begun and not sent", BEGUN],
] as const) {
  test(`an HTTP listener whose clients hold all descriptors, ${what}: probes and writes are answered`, async () => {
    await using nats = await startNatsServer();
    const [port, probePort] = [freePort(), freePort()];
    await using spout = await startSpout(
      "http",
      `mode = "listener_http"\nport = ${port}\n${common(nats, probePort)}`,
    );
    await withstand(spout, port, text, `http://127.0.0.1:${probePort}/readyz`);
    const write = { method: "POST", body: "a v=1", signal: AbortSignal.timeout(5000) };
    expect((await fetch(`http://127.0.0.1:${port}/write`, write)).status).toBe(204);
  }, 60_000);
}

test("a UDP listener whose probe port is held by clients: the probes are answered", async () => {
  await using nats = await startNatsServer();
  const probePort = freePort();
  await using spout = await startSpout(
    "udp",
    `mode = "listener"\nport = ${freePort()}\n${common(nats, probePort)}`,
  );
  await withstand(spout, probePort, WHOLE, `http://127.0.0.1:${probePort}/readyz`);
}, 60_000);

test("a monitor whose port is held by clients: it can be scraped, and the probes are answered", async () => {
  await using nats = await startNatsServer();
  const [port, probePort] = [freePort(), freePort()];
  await using spout = await startSpout(
    "monitor",
    `mode = "monitor"\nport = ${port}\n${common(nats, probePort)}`,
  );
  await withstand(spout, port, WHOLE, `http://127.0.0.1:${probePort}/readyz`);
  const page = () => answers(`http://127.0.0.1:${port}/metrics`).catch(() => false);
  await eventually("it can be scraped", page, 20_000);
}, 60_000);
