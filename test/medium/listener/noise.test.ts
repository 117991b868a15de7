/**
 * Random bytes at full speed, for both listeners: nothing of it may change what happens to the good lines that
 * follow. Prints its seed.
 */
import { expect, test } from "bun:test";
import { gzipSync } from "node:zlib";

import { eventually } from "../../support/eventually.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { type Random, randomBytes, seededRandom } from "../../support/random.ts";
import { openRawConnection } from "../../support/raw-http.ts";
import { openUdpSender } from "../../support/udp-sender.ts";
import { collect, type Collector, startTestHttpListener, startTestUdpListener } from "./harness.ts";

const NOISE_MS = 2000;
const BATCH = { countMax: 10, ageMaxMs: 50 };

const GOOD_LINES = Array.from({ length: 200 }, (_, number) => `good,n=${number} v=1 ${number}`);

/** Some different pieces of noise, made beforehand so that sending is what takes the time. */
function noise(random: Random, sizeMaxBytes: number): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: 200 }, () =>
    Uint8Array.from(randomBytes(random, 1 + random.int(sizeMaxBytes))),
  );
}

async function forAWhile(send: (round: number) => Promise<void>): Promise<void> {
  const endMs = performance.now() + NOISE_MS;
  for (let round = 0; performance.now() < endMs; round++) await send(round);
}

/** Resolves once the counters show that what was sent before has been dealt with. */
async function isQuiet(collector: Collector): Promise<void> {
  let lines: number | undefined;
  let reports = 0;
  await eventually("the listener is quiet", () => {
    if (collector.monitored.length < reports + 3) return false;
    const isSame = lines !== undefined && lines === collector.metric("received_lines");
    lines = collector.metric("received_lines");
    reports = collector.monitored.length;
    return isSame && lines === collector.metric("sent_lines");
  });
}

function goodLinesOf(collector: Collector): string[] {
  return collector.texts
    .join("")
    .split("\n")
    .filter((line) => line.startsWith("good,"));
}

test("good datagrams pass untouched after a flood of random ones", async () => {
  const random = seededRandom("udp noise");
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestUdpListener(nats.address, { batch: BATCH });
  using sender = await openUdpSender(listener.port);
  const datagrams = noise(random, 600);
  let sent = 0;
  await forAWhile(async (round) => {
    await sender.send(datagrams[round % datagrams.length] ?? "");
    sent++;
    // Without a turn of the event loop the kernel would drop nearly all of it.
    if (round % 100 === 99) await new Promise((resolve) => setImmediate(resolve));
  });
  await isQuiet(collector);
  expect(collector.metric("received")).toBe(sent);
  for (const line of GOOD_LINES) await sender.send(line);
  await eventually("the good lines", () => goodLinesOf(collector).length >= GOOD_LINES.length);
  expect(goodLinesOf(collector)).toEqual(GOOD_LINES);
  expect(listener.log.lines.filter((line) => !line.startsWith("INFO"))).toEqual([]);
});

test("good bodies pass untouched after a flood of random requests and bodies", async () => {
  const random = seededRandom("http noise");
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestHttpListener(nats.address, { batch: BATCH });
  const url = `http://127.0.0.1:${listener.port}/write`;
  const pieces = noise(random, 600);
  const precisions = ["", "ns", "us", "s", "h", "no such"];
  await forAWhile(async (round) => {
    const piece = pieces[round % pieces.length] ?? new Uint8Array();
    if (random.oneIn(10)) {
      using connection = await openRawConnection(listener.port);
      connection.send(random.oneIn(2) ? "POST /write HTTP/1.1\r\n" : "");
      connection.send(piece);
      return;
    }
    const answer = await fetch(`${url}?precision=${random.pick(precisions)}`, {
      method: "POST",
      body: random.oneIn(4) ? gzipSync(piece) : piece,
      headers: random.oneIn(3) ? { "Content-Encoding": "gzip" } : {},
    });
    expect([204, 400]).toContain(answer.status);
    await answer.arrayBuffer();
  });
  for (const line of GOOD_LINES) {
    expect((await fetch(url, { method: "POST", body: line })).status).toBe(204);
  }
  await eventually("the good lines", () => goodLinesOf(collector).length >= GOOD_LINES.length);
  expect(goodLinesOf(collector)).toEqual(GOOD_LINES);
  const told = listener.log.lines.filter((line) => !line.startsWith("INFO"));
  for (const line of told) expect(line).toMatch(/^WARN refused 1 write request with 4\d\d: /);
});
