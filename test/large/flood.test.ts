/**
 * Random bytes at both listeners, as fast as one sender can, for ten seconds: the good lines that follow are stored as
 * if nothing had been.
 */
import { expect, test } from "bun:test";

import { startSpout } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { randomBytes, seededRandom } from "../support/random.ts";
import { startRecordingBackend } from "../support/recording-backend.ts";
import { freePort } from "../support/server-process.ts";

const FLOOD_MS = 10_000;
const GOOD_LINES = 1000;

test("random bytes thrown at both listeners change nothing for the good lines that follow", async () => {
  await using nats = await startNatsServer();
  await using backend = startRecordingBackend();
  const common = `nats_address = "nats://127.0.0.1:${nats.port}"\n`;
  await using writer = await startSpout(
    "writer",
    `mode = "writer"
     nats_subject = ["good"]
     influxdb_address = "127.0.0.1"
     influxdb_port = ${backend.port}
     batch_max_secs = 1
     ${common}`,
  );
  await using filter = await startSpout(
    "filter",
    `mode = "filter"
     workers = 1
     ${common}
     [[rule]]
     type = "regex"
     match = '^good,host=a seq=\\d+i$'
     subject = "good"
    `,
  );
  const udpPort = freePort();
  const httpPort = freePort();
  await using udp = await startSpout("udp", `mode = "listener"\nport = ${udpPort}\n${common}`);
  await using http = await startSpout(
    "http",
    `mode = "listener_http"\nport = ${httpPort}\n${common}`,
  );
  await Promise.all([writer.logged("subscribed to"), filter.logged("subscribed to")]);
  await Promise.all([udp, http].map((spout) => spout.logged("connected to NATS")));

  const sender = await Bun.udpSocket({ connect: { port: udpPort, hostname: "127.0.0.1" } });
  const post = (query: string, body: Uint8Array | string, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${httpPort}/write${query}`, { method: "POST", body, headers });
  const random = seededRandom("flood");
  const noise = randomBytes(random, 1 << 20);
  const piece = () => {
    const length = 1 + random.int(9000);
    const start = random.int(noise.length - length);
    return noise.subarray(start, start + length);
  };
  const endMs = performance.now() + FLOOD_MS;
  let datagrams = 0;
  let bodies = 0;
  const floodUdp = async () => {
    while (performance.now() < endMs) {
      for (let i = 0; i < 50; i++) if (sender.send(piece())) datagrams++;
      await Bun.sleep(0);
    }
  };
  const floodHttp = async () => {
    const queries = ["", "?precision=s", "?precision=h&db=%00", "?precision=%ff", "?db"];
    while (performance.now() < endMs) {
      const isGzip = random.oneIn(4);
      const query = random.pick(queries);
      const response = await post(query, piece(), isGzip ? { "Content-Encoding": "gzip" } : {});
      expect([204, 400, 503]).toContain(response.status);
      bodies++;
    }
  };
  await Promise.all([floodUdp(), floodHttp(), floodHttp()]);
  expect(datagrams).toBeGreaterThan(1000);
  expect(bodies).toBeGreaterThan(1000);

  // The kernel still holds datagrams of the flood, and drops what does not fit behind them: that is not at issue here.
  const good = (seq: number) => `good,host=a seq=${seq}i`;
  const marker = good(GOOD_LINES);
  await eventually(
    "the flood is over",
    async () => {
      sender.send(marker);
      await Bun.sleep(100);
      return backend.lines().includes(marker);
    },
    30_000,
  );
  for (let seq = 0; seq < GOOD_LINES; seq++) {
    if (seq % 2 === 0) {
      while ((await post("", good(seq))).status !== 204) await Bun.sleep(10);
    } else {
      await eventually("the datagram is sent", () => sender.send(good(seq)));
      await Bun.sleep(1);
    }
  }
  const overHttp = Array.from({ length: GOOD_LINES / 2 }, (_, index) => good(2 * index));
  const overUdp = overHttp.map((_, index) => good(2 * index + 1));
  const stored = () => backend.lines().filter((line) => line !== marker);
  await eventually("the good lines are stored", () => stored().length >= GOOD_LINES, 30_000);
  expect(stored().sort()).toEqual([...overHttp, ...overUdp].sort());
  for (const spout of [udp, http, filter, writer]) expect(await spout.stop()).toBe(0);
}, 120_000);
