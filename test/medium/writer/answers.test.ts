/**
 * Goal: what a backend says of its answer costs nothing but words: neither memory, nor a line that is not of our log.
 * Method: a writer as a process of its own, before a backend whose every answer, to probes too, is hostile.
 */
import { describe, expect, test } from "bun:test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { createGzip } from "node:zlib";

import { eventually } from "../../support/eventually.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { residentPeakBytesOf } from "../../support/resident.ts";
import { freePort } from "../../support/server-process.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { openTestBus } from "./rig.ts";
import { startProcess } from "./writer-process.ts";

const MB = 1024 ** 2;
const LINES = 10;

interface HostileAnswer {
  readonly encoding: string;
  readonly body: Uint8Array | string;
}

/** Sends the same answer to each request, as often as `LINES` to writes. Returns what the process left behind. */
async function provoke({ encoding, body }: HostileAnswer) {
  let [writes, pings] = [0, 0];
  let asked = "";
  const backend = createServer((request, response) => {
    if (request.url?.startsWith("/ping")) pings++;
    else writes++;
    asked = String(request.headers["accept-encoding"]);
    request.resume();
    response.writeHead(400, { "Content-Encoding": encoding, "Content-Length": body.length });
    response.end(body);
  });
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
  await using nats = await startNatsServer();
  await using bus = await openTestBus(nats);
  await using folder = await tempFolder();
  const probePort = freePort();
  const toml = `
    nats_address = "nats://${nats.address}"
    influxdb_port = ${(backend.address() as AddressInfo).port}
    probe_port = ${probePort}`;
  try {
    await using writer = await startProcess(folder, toml, "pipe");
    await writer.subscribed();
    await eventually("the probe is answered", async () => {
      return (await fetch(`http://127.0.0.1:${probePort}/readyz`)).status === 200;
    });
    for (let i = 0; i < LINES; i++) await bus.publish("influx-spout", `cpu v=${i}\n`);
    await eventually("all is counted", () => bus.stats()["dropped_write_lines"] === LINES);
    expect(bus.stats()).toMatchObject({ failed_writes: LINES, written_lines: 0 });
    const peakBytes = residentPeakBytesOf(writer.child.pid);
    writer.child.kill("SIGTERM");
    await writer.exited;
    return { log: writer.log(), peakBytes, writes, pings, asked };
  } finally {
    backend.closeAllConnections();
    backend.close();
  }
}

async function bomb(sizeBytes: number): Promise<Uint8Array> {
  const gzip = createGzip();
  const packed = buffer(gzip);
  const block = Buffer.alloc(MB, "x");
  for (let written = 0; written < sizeBytes; written += MB) {
    if (!gzip.write(block)) await new Promise((resolve) => gzip.once("drain", resolve));
  }
  gzip.end();
  return packed;
}

const OUR_LOG = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d (?:INFO|WARN|ERROR) /;

describe("an answer", () => {
  test("that would inflate to half a gigabyte costs no more than one that is short", async () => {
    const short = await provoke({ encoding: "identity", body: "no" });
    const large = await provoke({ encoding: "gzip", body: await bomb(512 * MB) });
    expect(large.writes).toBe(LINES);
    expect(large.pings).toBeGreaterThan(0);
    expect(large.asked).toBe("identity");
    expect(large.log).toContain(`dropped: HTTP 400: ${"x".repeat(900)}`);
    expect(large.peakBytes).toBeLessThan(short.peakBytes + 40 * MB);
  }, 60_000);

  test("that is not compressed as it says is told in its words and counted, in lines of our log alone", async () => {
    const { log, writes } = await provoke({ encoding: "gzip", body: '{"error":"not so"}' });
    expect(writes).toBe(LINES);
    expect(log).toContain("dropped: HTTP 400: not so\n");
    expect(log.trimEnd().split("\n")).toSatisfy((lines) =>
      lines.every((line) => OUR_LOG.test(line)),
    );
  });
});
