/**
 * The HTTP listener with real clients and a real nats-server: bodies arrive whole and framed, clients do not wait for
 * one another, and are told the truth while NATS is away.
 */
import { expect, spyOn, test } from "bun:test";
import { hostname } from "node:os";
import { gzipSync } from "node:zlib";

import { type Clock, systemClock } from "../../../src/platform/clock.ts";
import { STARTED_MS } from "../../../src/platform/host.ts";
import { eventually } from "../../support/eventually.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { openRawConnection } from "../../support/raw-http.ts";
import { collect, startTestHttpListener } from "./harness.ts";

async function post(port: number, body: string | Uint8Array<ArrayBuffer>, path = "/write") {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", body });
  await answer.arrayBuffer();
  return answer.status;
}

test("a count of one is a message for each POST, and the counters say so", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestHttpListener(nats.address);
  const bodies = ["a v=1\n", "b v=2\nc v=3\n", "d v=4\n", "e v=5\n", "f v=6\n"];
  for (const body of bodies) expect(await post(listener.port, body)).toBe(204);
  expect(await collector.received(5)).toEqual(bodies);

  await eventually("all is counted", () => collector.metric("sent") === 5);
  expect(collector.monitored.at(-1)).toBe(
    `spout_stat_listener,listener=door,mode=listener_http,host=${hostname()} received=5,sent=5,read_errors=0,received_bytes=36,` +
      "received_lines=6,sent_lines=6,failed_nats_publish=0,dropped_nats_lines=0,lost_nats_lines=0,refused_nats_lines=0," +
      `dropped_long_lines=0,dropped_overflow_lines=0,refused_requests=0,unavailable_requests=0,started_ms=${STARTED_MS}\n`,
  );
});

test("a single POST goes out at the age of its batch", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestHttpListener(nats.address, {
    batch: { countMax: 10, ageMaxMs: 300 },
  });
  const startMs = performance.now();
  expect(await post(listener.port, "a v=1")).toBe(204);
  expect(await collector.received(1)).toEqual(["a v=1\n"]);
  expect(performance.now() - startMs).toBeGreaterThan(295);
});

test("a body larger than a batch goes out at once, cut at line ends", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestHttpListener(nats.address, {
    batch: { countMax: 10, sizeMaxBytes: 1024 },
  });
  const lines = Array.from({ length: 34 }, (_, number) => `cpu,n=${number} ${"v".repeat(24)}=1`);
  const body = `${lines.join("\n")}\n`;
  expect(body.length).toBeGreaterThan(1200);
  expect(await post(listener.port, body)).toBe(204);
  await collector.receivedLines(lines);
  expect(collector.texts).toHaveLength(2);
  await eventually("it is counted", () => collector.metric("sent") === 1);
  expect(collector.metric("received")).toBe(1);
});

test("a body of many megabytes arrives whole and in order, in messages that NATS takes", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestHttpListener(nats.address);
  const body = Array.from({ length: 500_000 }, (_, number) => `cpu,n=${number} v=1\n`).join("");
  expect(await post(listener.port, body)).toBe(204);
  await eventually("all of it", () => {
    return collector.texts.reduce((sum, text) => sum + text.length, 0) >= body.length;
  });
  expect(collector.texts.join("") === body).toBe(true);
  for (const text of collector.texts) expect(text.length).toBeLessThanOrEqual(1024 * 1024);
});

test("precision=s converts what has a timestamp, and it is one message", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestHttpListener(nats.address);
  const path = "/write?db=x&precision=s";
  expect(await post(listener.port, "a v=1 1500000\nb v=2\nc v=3 2\n", path)).toBe(204);
  expect(await collector.received(1)).toEqual([
    "a v=1 1500000000000000\nb v=2\nc v=3 2000000000\n",
  ]);
});

test("ten clients at a time with a hundred POSTs each: every line arrives, intact", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestHttpListener(nats.address, {
    batch: { countMax: 7, ageMaxMs: 100 },
  });
  const line = (client: number, number: number) => `cpu,client=${client},n=${number} v=1`;
  const all = Array.from({ length: 10 }, (_, client) =>
    Array.from({ length: 100 }, (_, number) => line(client, number)),
  );
  await Promise.all(
    all.map(async (lines, client) => {
      for (const [number, text] of lines.entries()) {
        // All that bodies may look like: with and without newline, plain and compressed.
        const body = number % 2 === 0 ? text : `${text}\n`;
        const isGzip = client % 2 === 0;
        const answer = await fetch(`http://127.0.0.1:${listener.port}/write?db=x`, {
          method: "POST",
          body: isGzip ? gzipSync(body) : body,
          headers: isGzip ? { "Content-Encoding": "gzip" } : {},
        });
        expect(answer.status).toBe(204);
      }
    }),
  );
  await collector.receivedLines(all.flat());
  await eventually("all is counted", () => collector.metric("sent_lines") === 1000);
});

test("a client that stalls in its body delays nobody, neither the batch's age", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestHttpListener(nats.address, {
    batch: { countMax: 100, ageMaxMs: 200 },
  });
  using stalled = await openRawConnection(listener.port);
  stalled.send("POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf v=1\nhal");
  expect(await post(listener.port, "a v=1")).toBe(204);
  expect(await collector.received(1)).toEqual(["a v=1\n"]);
  stalled.breakOff();
  await eventually("it is counted", () => collector.metric("read_errors") === 1);
  expect(await post(listener.port, "b v=2")).toBe(204);
  expect(await collector.received(2)).toEqual(["a v=1\n", "b v=2\n"]);
  expect(collector.metric("received")).toBeLessThanOrEqual(2);
});

/** Two minutes are a second here: what is passed to the server is what a stalled connection is ended by. */
test("a connection on which nothing comes for two minutes is ended", async () => {
  const { serve } = Bun;
  const idleSeconds: unknown[] = [];
  using _ = spyOn(Bun, "serve").mockImplementation(((options: {
    readonly idleTimeout?: number;
  }) => {
    const { idleTimeout = 0 } = options;
    idleSeconds.push(idleTimeout);
    return serve(Object.assign(options, { idleTimeout: idleTimeout / 120 }) as never);
  }) as typeof serve);
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestHttpListener(nats.address);
  expect(idleSeconds).toEqual([120]);
  using stalled = await openRawConnection(listener.port);
  stalled.send("POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf v=1\nhal");
  await stalled.ended();
  await eventually("it is counted", () => collector.metric("read_errors") === 1);
  expect(collector.texts).toEqual([]);
});

/** A minute is a third of a second here. */
const HURRIED: Clock = {
  ...systemClock,
  after: (delayMs, callback) =>
    systemClock.after(delayMs >= 1000 ? delayMs / 180 : delayMs, callback),
};

test("a body that is not there after a minute is answered with 408, however it was framed", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestHttpListener(nats.address, {}, { clock: HURRIED });
  for (const framed of [
    "Content-Length: 100\r\n\r\nhalf v=1",
    "Transfer-Encoding: chunked\r\n\r\n8\r\nhalf v=1\r\n",
  ]) {
    using stalled = await openRawConnection(listener.port);
    stalled.send(`POST /write HTTP/1.1\r\nHost: x\r\n${framed}`);
    await stalled.receives(/^HTTP\/1\.1 408 [^]*{"error":"the body did not come in time"}$/);
    // What came then would be taken for the rest of the body.
    await stalled.ended();
  }
  await eventually("both are counted", () => collector.metric("read_errors") === 2);
  expect(collector.texts).toEqual([]);
});

test("what is taken is answered: a request that another one follows too soon is not, and can be sent again", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestHttpListener(nats.address);
  const body = gzipSync(`big v="${"x".repeat(400_000)}"\n`);
  const head = `POST /write HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`;
  const request = Buffer.concat([Buffer.from(head), body]);
  using hasty = await openRawConnection(listener.port);
  // The first one is being inflated when the second one comes.
  hasty.send(Buffer.concat([request, Buffer.from("GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")]));
  await hasty.ended();
  expect(hasty.received()).toBe("");
  await eventually("it is counted", () => collector.metric("read_errors") === 1);
  using patient = await openRawConnection(listener.port);
  patient.send(request);
  await patient.receives(/^HTTP\/1\.1 204 /);
  await eventually("it is counted", () => collector.metric("received") === 1);
  expect(await collector.received(1)).toHaveLength(1);
});

test("one sender's slow bodies do not keep out the small ones, and give way to large ones", async () => {
  await using nats = await startNatsServer();
  await using listener = await startTestHttpListener(nats.address, {
    bodyMaxBytes: 4_000_000,
    outboundMaxBytes: 4_000_000,
  });
  using slow = new DisposableStack();
  for (let client = 0; client < 36; client++) {
    const connection = slow.use(await openRawConnection(listener.port));
    connection.send("POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 3900000\r\n\r\n");
    connection.send("x".repeat(110_000));
    // These take all that is for bodies read at one go.
    const silent = slow.use(await openRawConnection(listener.port));
    silent.send("POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx");
  }
  const began = performance.now();
  for (let body = 0; body < 50; body++) {
    expect(await post(listener.port, "a v=1\n".repeat(1000))).toBe(204);
  }
  await eventually("the slow ones give way to a large one", async () => {
    return (await post(listener.port, "b v=2\n".repeat(300_000))) === 204;
  });
  expect(performance.now() - began).toBeLessThan(10_000);
});

test("many slow clients together hold no more than the limit: above it the next get 503", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestHttpListener(nats.address, {
    bodyMaxBytes: 1000,
    // Bodies may hold a quarter more.
    outboundMaxBytes: 8000,
  });
  using slow = new DisposableStack();
  for (let client = 0; client < 10; client++) {
    const connection = slow.use(await openRawConnection(listener.port));
    connection.send("POST /write HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.send(`${(950).toString(16)}\r\n${"x".repeat(950)}\r\n`);
  }
  const send = async (sizeBytes: number) => {
    const url = `http://127.0.0.1:${listener.port}/write`;
    // As a stream: bodies whose length is told have a room of their own.
    const body = (async function* () {
      yield new TextEncoder().encode("y".repeat(sizeBytes));
    })();
    const answer = await fetch(url, { method: "POST", body });
    return { status: answer.status, text: await answer.text() };
  };
  const refused = await eventually("9,500 bytes are held", async () => {
    const answer = await send(501);
    return answer.text.includes("too many requests") && answer;
  });
  expect(refused).toEqual({
    status: 503,
    text: '{"error":"too many requests at the moment, try again"}',
  });
  expect((await send(500)).status).toBe(204);
  slow.dispose();
  await eventually("there is room again", async () => (await send(1000)).status === 204);
  await eventually("it is counted", () => (collector.metric("unavailable_requests") ?? 0) > 0);
});

test("a body that fits its own limit but never NATS's is refused for good, not sent away to come again", async () => {
  await using nats = await startNatsServer();
  await using listener = await startTestHttpListener(nats.address, {
    bodyMaxBytes: 30_000,
    outboundMaxBytes: 10_000,
  });
  const body = `${"x".repeat(99)}\n`.repeat(200);
  expect(await post(listener.port, body)).toBe(413);
  // Without its length.
  using client = await openRawConnection(listener.port);
  client.send("POST /write HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
  await client.receives(/^HTTP\/1\.1 413 /);
});

test("while NATS is away and no more can be held, clients get 503; afterwards 204 again", async () => {
  const away = await startNatsServer();
  const { port } = away;
  await away[Symbol.asyncDispose]();
  await using listener = await startTestHttpListener(
    away.address,
    { outboundMaxBytes: 20_000, batch: { sizeMaxBytes: 5000 } },
    { isReadyExpected: false },
  );
  const body = `${"x".repeat(999)}\n`;
  let taken = 0;
  let status = 204;
  while (status === 204 && taken < 100) {
    status = await post(listener.port, body);
    if (status === 204) taken++;
  }
  expect(status).toBe(503);
  // What is told to be taken is held, and nothing is told to be taken that is not.
  expect(taken).toBeLessThanOrEqual(20);

  await using nats = await startNatsServer({ port });
  await using collector = await collect(nats.address);
  await eventually("it takes again", async () => (await post(listener.port, "a v=1")) === 204);
  await eventually("all is sent", () => collector.metric("sent_lines") === taken + 1);
  expect(collector.metric("dropped_nats_lines")).toBe(0);
  expect(collector.metric("lost_nats_lines")).toBe(0);
  expect(collector.metric("unavailable_requests")).toBeGreaterThanOrEqual(1);
});

test("IPv6 clients are served on the same port", async () => {
  await using nats = await startNatsServer();
  await using listener = await startTestHttpListener(nats.address);
  expect((await fetch(`http://[::1]:${listener.port}/ping`)).status).toBe(204);
});

test("stopping answers the requests in flight, sends the incomplete batch, and takes no more", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestHttpListener(nats.address, { batch: { countMax: 100 } });
  expect(await post(listener.port, "a v=1")).toBe(204);
  using slow = await openRawConnection(listener.port);
  slow.send("POST /write HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  await slow.receives(/100 Continue/);

  const stopping = listener.stop();
  await eventually("no new connection is taken", () =>
    fetch(`http://127.0.0.1:${listener.port}/ping`).then(
      () => false,
      () => true,
    ),
  );
  slow.send("b v=2");
  await slow.receives(/204 No Content/);
  expect(await stopping).toEqual({ lostLines: 0 });
  await collector.receivedLines(["a v=1", "b v=2"]);
});

test("stopping waits for a stalled client no longer than half of its time", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestHttpListener(nats.address, { batch: { countMax: 100 } });
  expect(await post(listener.port, "a v=1")).toBe(204);
  using stalled = await openRawConnection(listener.port);
  stalled.send(
    "POST /write HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
  );
  await stalled.receives(/100 Continue/);
  stalled.send("b v");
  expect(await listener.stop(1000)).toEqual({ lostLines: 0 });
  await stalled.ended();
  await collector.receivedLines(["a v=1"]);
});

test("a request that outlives a stop is counted once, and nothing of it is taken", async () => {
  await using nats = await startNatsServer();
  const large = gzipSync("a v=1\n".repeat(4_000_000));
  const begun = {
    stalled: "Content-Length: 5\r\n\r\nb v",
    "stalled in chunks": "Transfer-Encoding: chunked\r\n\r\n3\r\nb v\r\n",
    "being inflated": `Content-Encoding: gzip\r\nContent-Length: ${large.length}\r\n\r\n`,
  };
  for (const [what, framed] of Object.entries(begun)) {
    await using listener = await startTestHttpListener(nats.address, { batch: { countMax: 100 } });
    using client = await openRawConnection(listener.port);
    client.send(`POST /write HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n${framed}`);
    await client.receives(/100 Continue/);
    if (what === "being inflated") client.send(large);
    // Half of the time is for it, which it does not end in.
    expect(await listener.stop(60)).toEqual({ lostLines: 0 });
    await client.ended();
    const counts = () => listener.running.metrics()[0]?.counts;
    await eventually(`one that is ${what} is counted`, () => counts()?.["read_errors"] === 1);
    expect(counts()).toMatchObject({ received: 0, received_lines: 0, unavailable_requests: 0 });
    expect(listener.log.lines.filter((line) => line.includes("answered"))).toEqual([]);
  }
});
