/** Clients that connect to an HTTP listener and say nothing: what they cost, and that others are served beside them. */
import { expect, test } from "bun:test";

import { startSpout } from "../support/binary.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { residentBytesOf } from "../support/resident.ts";
import { freePort } from "../support/server-process.ts";

const CONNECTIONS = 2_000;
/** Ten thousand of them took 69 MB in all, of which the process takes 60 without any. */
const GROWTH_MAX_BYTES = 20e6;

test("thousands of connections that say nothing cost little and keep nobody out", async () => {
  await using nats = await startNatsServer();
  const port = freePort();
  await using spout = await startSpout(
    "http",
    `mode = "listener_http"\nport = ${port}\nnats_address = "nats://${nats.address}"\n`,
  );
  await spout.logged("connected to NATS");
  const write = async () => {
    const body = "cpu,host=a v=1\n";
    return (await fetch(`http://127.0.0.1:${port}/write`, { method: "POST", body })).status;
  };
  expect(await write()).toBe(204);
  const before = residentBytesOf(spout.pid);
  let ended = 0;
  const socket = { data() {}, close: () => void ended++, error() {} };
  const idle = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => Bun.connect({ hostname: "127.0.0.1", port, socket })),
  );
  for (let time = 0; time < 20; time++) expect(await write()).toBe(204);
  expect(ended).toBe(0);
  expect(residentBytesOf(spout.pid) - before).toBeLessThan(GROWTH_MAX_BYTES);
  for (const each of idle) each.end();
  expect(await spout.stop()).toBe(0);
}, 60_000);
