/**
 * What an HTTP listener holds while NATS reads nothing: small files that become large ones, from many clients at once.
 * Method: the binary beside a nats-server that is frozen; the kernel says how much memory it took at most.
 */
import { expect, test } from "bun:test";
import { gzipSync } from "node:zlib";

import { startSpout } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { residentPeakBytesOf } from "../support/resident.ts";
import { freePort } from "../support/server-process.ts";

const CLIENTS = 150;
const BOMB_BYTES = 30_000_000;
/** It holds 64 MB for NATS and 80 in front of it; 60 are there twice for a moment; and there is what the runtime takes. */
const RESIDENT_MAX_BYTES = 480e6;

test("bombs from many clients take no more memory than is granted, and small bodies are taken beside them", async () => {
  await using nats = await startNatsServer();
  const port = freePort();
  await using spout = await startSpout(
    "http",
    `mode = "listener_http"\nport = ${port}\nnats_address = "nats://${nats.address}"\n`,
  );
  await spout.logged("connected to NATS");
  const line = "cpu,host=server01 usage_user=12.5 1520000001000000000\n";
  const bomb = gzipSync(line.repeat(BOMB_BYTES / line.length));
  expect(bomb.length).toBeLessThan(BOMB_BYTES / 100);
  nats.kill("SIGSTOP");

  const url = `http://127.0.0.1:${port}/write`;
  const gzip = { "Content-Encoding": "gzip" };
  const statuses = new Map<number, number>();
  let isOver = false;
  const client = async () => {
    while (!isOver) {
      const answer = await fetch(url, { method: "POST", body: bomb, headers: gzip });
      await answer.arrayBuffer();
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  await eventually("the room is full", () => (statuses.get(503) ?? 0) > 2 * CLIENTS, 60_000);
  for (let body = 0; body < 3; body++) {
    const answer = await fetch(url, { method: "POST", body: "a v=1\n".repeat(1000) });
    expect(answer.status).toBe(204);
  }
  isOver = true;
  await clients;
  expect([...statuses.keys()].toSorted()).toEqual([204, 503]);
  expect(residentPeakBytesOf(spout.pid)).toBeLessThan(RESIDENT_MAX_BYTES);
  nats.kill("SIGCONT");
  await eventually("it takes large bodies again", async () => {
    const answer = await fetch(url, { method: "POST", body: bomb, headers: gzip });
    return answer.status === 204;
  });
}, 120_000);
