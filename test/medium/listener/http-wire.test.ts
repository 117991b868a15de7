/**
 * What clients send that fetch does not: HTTP/1.0, no Host, bodies in chunks, Expect, pipelined and broken-off
 * requests. Method: one listener for all, spoken to byte by byte; answers by status line, bodies by what is published.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";

import { eventually } from "../../support/eventually.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { openRawConnection } from "../../support/raw-http.ts";
import { collect, type Collector, startTestHttpListener } from "./harness.ts";

const BODY_MAX_BYTES = 100_000;
const servers = new AsyncDisposableStack();
let collector: Collector;
let port: number;

beforeAll(async () => {
  const nats = servers.use(await startNatsServer());
  collector = servers.use(await collect(nats.address));
  const listener = await startTestHttpListener(nats.address, { bodyMaxBytes: BODY_MAX_BYTES });
  port = servers.use(listener).port;
});

afterAll(() => servers.disposeAsync());

/** Resolves once `text` has been published, which no other test sends. */
const published = (text: string) =>
  eventually(`${text} is published`, () => collector.texts.includes(text));

test("HTTP/1.0 without a Host is answered, and the connection ended", async () => {
  using client = await openRawConnection(port);
  client.send("POST /write?precision=s HTTP/1.0\r\nContent-Length: 7\r\n\r\nold v=1");
  await client.receives(/^HTTP\/1\.[01] 204 /);
  await client.ended();
  expect(client.received().split("\r\n\r\n")[1]).toBe("");
  await published("old v=1\n");
});

test("a body in chunks, cut anywhere, is one body", async () => {
  using client = await openRawConnection(port);
  client.send("POST /write HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const byte of "5\r\nchunk\r\n6\r\ned v=1\r\n0\r\n\r\n") {
    client.send(byte);
    await Bun.sleep(0);
  }
  await client.receives(/^HTTP\/1\.1 204 /);
  await published("chunked v=1\n");
});

test("Expect: 100-continue is answered before the body comes", async () => {
  using client = await openRawConnection(port);
  client.send(
    "POST /write HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n",
  );
  await client.receives(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
  client.send("expect v=1");
  await client.receives(/HTTP\/1\.1 204 /);
  await published("expect v=1\n");
});

test("requests that follow one another on a connection are answered in turn", async () => {
  using client = await openRawConnection(port);
  const request = (line: string) =>
    `POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: ${line.length}\r\n\r\n${line}`;
  client.send(request("first v=1") + request("second v=1") + request("third v=1"));
  await client.receives(/(HTTP\/1\.1 204 [^]*){3}/);
  for (const name of ["first", "second", "third"]) await published(`${name} v=1\n`);
});

test("a body announced too large is refused before it is sent, and the connection stays good", async () => {
  using client = await openRawConnection(port);
  const size = BODY_MAX_BYTES + 1;
  client.send(`POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`);
  await client.receives(/^HTTP\/1\.1 413 [^]*{"error":"Request Entity Too Large"}$/);
  client.send("x".repeat(size));
  client.send("GET /ping HTTP/1.1\r\nHost: x\r\n\r\n");
  await client.receives(/}HTTP\/1\.1 204 /);
});

test("a body that becomes too large as it comes is refused", async () => {
  using client = await openRawConnection(port);
  client.send("POST /write HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (let sent = 0; sent <= BODY_MAX_BYTES; sent += 0x1000) {
    client.send(`1000\r\n${"x".repeat(0x1000)}\r\n`);
  }
  await client.receives(/^HTTP\/1\.1 413 [^]*{"error":"Request Entity Too Large"}$/);
});

test("a small body that inflates without end is refused", async () => {
  using client = await openRawConnection(port);
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  expect(bomb.length).toBeLessThan(BODY_MAX_BYTES);
  client.send(
    `POST /write HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`,
  );
  client.send(bomb);
  await client.receives(/^HTTP\/1\.1 413 /);
});

test("a client that breaks off leaves nothing behind, however its body was framed", async () => {
  const before = collector.metric("read_errors") ?? 0;
  for (const framed of [
    "Content-Length: 100\r\n\r\ncut",
    "Transfer-Encoding: chunked\r\n\r\n4\r\ncut",
  ]) {
    using client = await openRawConnection(port);
    client.send(`POST /write HTTP/1.1\r\nHost: x\r\n${framed}`);
    // Its body is being read once another request has been answered.
    using other = await openRawConnection(port);
    other.send("GET /ping HTTP/1.1\r\nHost: x\r\n\r\n");
    await other.receives(/204/);
    client.breakOff();
  }
  await eventually("both are counted", () => collector.metric("read_errors") === before + 2);
  expect(collector.texts.filter((text) => text.includes("cut"))).toEqual([]);
});

test("what is no HTTP at all is refused, and others are served on", async () => {
  using noise = await openRawConnection(port);
  noise.send("\x00\x01\xffGET\r\n\r\n\r\n");
  await noise.ended();
  using client = await openRawConnection(port);
  client.send("GET /ping HTTP/1.1\r\nHost: x\r\n\r\n");
  await client.receives(/^HTTP\/1\.1 204 /);
});

test("an error has exactly InfluxDB's content type, and its length", async () => {
  using client = await openRawConnection(port);
  client.send("GET /write HTTP/1.1\r\nHost: x\r\n\r\n");
  await client.receives(/^HTTP\/1\.1 405 /);
  const [head = "", body = ""] = client.received().split("\r\n\r\n");
  expect(head).toMatch(/\r\nContent-Type: application\/json(\r\n|$)/i);
  expect(head).toMatch(/\r\nContent-Length: 30(\r\n|$)/i);
  expect(head).toMatch(/\r\nAllow: POST(\r\n|$)/i);
  expect(body).toBe('{"error":"method not allowed"}');
});

test("compressed requests that follow one another at once are all answered", async () => {
  using client = await openRawConnection(port);
  const request = (name: string) => {
    const body = gzipSync(`${name} v=1`);
    const head = `POST /write HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head), body]);
  };
  client.send(Buffer.concat([request("zip1"), request("zip2"), request("zip3")]));
  await client.receives(/(HTTP\/1\.1 204 [^]*){3}/);
  for (const name of ["zip1", "zip2", "zip3"]) await published(`${name} v=1\n`);
});

test("parameters are taken from the query, never from the name of the host", async () => {
  for (const [number, host] of ["x&precision=s", "precision=s", "x&precision=wrong"].entries()) {
    using client = await openRawConnection(port);
    client.send(
      `POST /write HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 11\r\n\r\nhost${number} v=1 5`,
    );
    await client.receives(/^HTTP\/1\.1 204 /);
    await published(`host${number} v=1 5\n`);
  }
});

test("a parameter is found without a Host too", async () => {
  using client = await openRawConnection(port);
  client.send("GET /ping?verbose=true HTTP/1.0\r\n\r\n");
  await client.receives(/^HTTP\/1\.[01] 200 [^]*{"version":"1.8.10"}$/);
});

test("an empty X-Request-Id does not hide the other one", async () => {
  using client = await openRawConnection(port);
  client.send("GET /ping HTTP/1.1\r\nHost: x\r\nX-Request-Id:\r\nRequest-Id: mine\r\n\r\n");
  await client.receives(/^HTTP\/1\.1 204 [^]*\r\nX-Request-Id: mine\r\n/i);
  expect(client.received()).toMatch(/\r\nRequest-Id: mine\r\n/i);
});

test("NUL bytes between the members of a gzip file are refused, and nothing of it is taken", async () => {
  using client = await openRawConnection(port);
  const body = Buffer.concat([gzipSync("nul1 v=1\n"), Buffer.alloc(3), gzipSync("nul2 v=1\n")]);
  client.send(
    `POST /write HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  client.send(body);
  await client.receives(/^HTTP\/1\.1 400 [^]*{"error":"gzip: invalid header"}$/);
  expect(collector.texts.filter((text) => text.includes("nul"))).toEqual([]);
});
