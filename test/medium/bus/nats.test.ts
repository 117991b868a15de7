/**
 * What is NATS's own: whatever was taken over is delivered or reported lost, whatever becomes of the server.
 * Method: real servers, absent, killed, restarted or frozen, and a proxy that cuts connections to a live one.
 */
import { expect, test } from "bun:test";

import { BusFull } from "../../../src/bus/bus.ts";
import { eventually } from "../../support/eventually.ts";
import { makeCertificates, startNatsServer } from "../../support/nats-server.ts";
import { freePort } from "../../support/server-process.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import { collect, decode, numbered, openTestBus, untilUp } from "./nats-support.ts";

test("subscribes once a server that was absent at the start is there", async () => {
  const port = freePort();
  const address = `127.0.0.1:${port}`;
  await using test = openTestBus({ servers: [address] });
  const subscribing = collect(test.bus, "a");
  await eventually("the failure to be told", () => test.log.lines.length > 0);
  expect(test.bus.state()).toBe("connecting");

  await using _ = await startNatsServer({ port });
  const received = await subscribing;
  await test.bus.publish("a", numbered(1)[0] ?? new Uint8Array());
  await eventually("the delivery", () => received.length === 1);
  expect(test.bus.state()).toBe("up");
  expect(test.log.lines).toEqual([
    `WARN cannot connect to NATS, trying on: ${address}: connection refused`,
    `INFO connected to NATS at ${address}`,
  ]);
});

test("holds what is published while not connected, and delivers it in order", async () => {
  await using server = await startNatsServer();
  await using subscriber = openTestBus({ servers: [server.address] });
  const received = await collect(subscriber.bus, "a");
  const port = freePort();
  await using publisher = openTestBus({ servers: [`127.0.0.1:${port}`] });
  const sent = numbered(3000, 10_000); // More than is handed over at once.
  for (const payload of sent.slice(0, 2000)) await publisher.bus.publish("a", payload);
  expect(publisher.bus.state()).toBe("connecting");

  await using _ = await startTcpProxy(server.port, port);
  await untilUp(publisher.bus);
  for (const payload of sent.slice(2000)) await publisher.bus.publish("a", payload);
  await eventually("all deliveries", () => received.length >= sent.length);
  expect(received).toEqual(sent.map(decode));
  expect(publisher.lost).toEqual([]);
});

test("refuses what exceeds the outbound limit, and takes more after connecting", async () => {
  await using server = await startNatsServer();
  const port = freePort();
  await using test = openTestBus(
    { servers: [`127.0.0.1:${port}`] },
    { outboundMaxBytes: 2 * 1024 * 1024 },
  );
  const { bus } = test;
  const half = new Uint8Array(1024 * 1024);
  const rooms = [bus.hasRoom()];
  await bus.publish("a", half);
  rooms.push(bus.hasRoom());
  await bus.publish("a", half.subarray(1));
  rooms.push(bus.hasRoom());
  await bus.publish("a", half.subarray(0, 1));
  for (let time = 1; time <= 2; time++) {
    const refusal = await bus.publish("a", half.subarray(0, 1)).catch((error) => error);
    expect(refusal).toBeInstanceOf(BusFull);
  }
  // Room means: for the largest payload that may come.
  expect(rooms).toEqual([true, true, false]);

  await using _ = await startTcpProxy(server.port, port);
  await eventually("room", () => bus.hasRoom());
  await bus.publish("a", half);
  expect(test.lost).toEqual([]);
});

test("comes back with its subscriptions after the server was killed and restarted", async () => {
  const server = await startNatsServer();
  await using test = openTestBus({ servers: [server.address] });
  const received = await collect(test.bus, "a.*");
  await server[Symbol.asyncDispose]();
  await eventually("the loss to be noticed", () => test.bus.state() === "down");
  const [payload = new Uint8Array()] = numbered(1);
  await test.bus.publish("a.b", payload);

  await using _ = await startNatsServer({ port: server.port });
  await eventually("the held payload", () => received.length > 0);
  expect(received).toEqual(["0"]);
  expect(test.bus.state()).toBe("up");
  expect(test.lost).toEqual([]);
  expect(test.log.lines[0]).toBe(`INFO connected to NATS at ${server.address}`);
  expect(test.log.lines[1]).toStartWith(`WARN lost the connection to NATS at ${server.address}: `);
});

test("holds what is published after an outage until slower subscribers are back", async () => {
  const server = await startNatsServer();
  const servers = [server.address];
  await using publisher = openTestBus({ servers }, { times: { settleMs: 1_000 } });
  await using subscriber = openTestBus({ servers }, { times: { retryFirstMs: 400 } });
  const received = await collect(subscriber.bus, "a");
  await untilUp(publisher.bus);
  await server[Symbol.asyncDispose]();
  await eventually("the loss to be noticed", () => publisher.bus.state() === "down");
  await using _ = await startNatsServer({ port: server.port });
  await untilUp(publisher.bus);
  for (const payload of numbered(3)) await publisher.bus.publish("a", payload);
  await eventually("the held payloads", () => received.length >= 3);
  expect(received).toEqual(["0", "1", "2"]);
});

test("delivers or reports lost each payload, none twice, however often it is cut off", async () => {
  await using server = await startNatsServer();
  await using proxy = await startTcpProxy(server.port);
  await using subscriber = openTestBus({ servers: [server.address] });
  const received = await collect(subscriber.bus, "a");
  await using publisher = openTestBus({ servers: [proxy.address] });
  const sent = numbered(4000, 5000);
  for (const [index, payload] of sent.entries()) {
    await publisher.bus.publish("a", payload, index);
    if (index % 500 === 250) proxy.cut();
    if (index % 20 === 0) await Bun.sleep(1);
  }
  await publisher.bus.close(10_000);
  // Each payload's number of lines is its own number here.
  const lost = publisher.lost.map(({ lines }) =>
    `${lines}`.padStart(received[0]?.length ?? 0, "0"),
  );
  const isAccountedFor = () => new Set([...received, ...lost]).size >= sent.length;
  await eventually("each to be accounted for", isAccountedFor);
  // What was not confirmed counts as lost, though some of it may have arrived.
  expect(received).toEqual([...new Set(received)].sort((a, b) => Number(a) - Number(b)));
  expect(lost).toEqual([...new Set(lost)]);
  expect(lost.length).toBeGreaterThan(0);
  expect(received.length).toBeGreaterThan(0);
});

test("notices a frozen server; what it never confirmed is lost, what was still held arrives", async () => {
  const server = await startNatsServer();
  await using test = openTestBus({ servers: [server.address] }, { times: { pingIntervalMs: 200 } });
  await untilUp(test.bus);
  server.kill("SIGSTOP");
  // 20 MB fill the socket's buffers and the window of what is handed over: the rest is held.
  const sent = numbered(2000, 10_000);
  for (const [index, payload] of sent.entries()) await test.bus.publish("a", payload, index);
  await eventually("the freeze to be noticed", () => test.bus.state() === "down");
  const lost = test.lost.map(({ lines }) => lines);
  await server[Symbol.asyncDispose]();

  await using again = await startNatsServer({ port: server.port });
  await untilUp(test.bus);
  await test.bus.close(10_000);
  const counts = await fetch(`${again.monitorUrl}/varz`);
  const { in_msgs: arrived } = (await counts.json()) as { in_msgs: number };
  expect(lost).toEqual(Array.from(lost, (_, index) => index));
  expect(lost.length).toBeGreaterThan(0);
  expect(lost.length).toBeLessThan(1000);
  expect(arrived).toBe(sent.length - lost.length);
  expect(test.lost.length).toBe(lost.length);
  expect(test.log.lines[1]).toBe(
    `ERROR lost the connection to NATS at ${server.address}: the server does not answer; ` +
      `with it ${lost.length} messages that it had not confirmed`,
  );
});

test("what waits keeps no more memory alive than a few times its size", async () => {
  await using server = await startNatsServer();
  await using test = openTestBus({ servers: [server.address] });
  const waited: Uint8Array[] = [];
  const release = Promise.withResolvers<void>();
  const subscription = await test.bus.subscribe("a", {
    pendingMaxBytes: 64 * 1024 * 1024,
    onDelivery({ payload }) {
      // The first takes its time: the others wait.
      return waited.push(payload) === 1 ? release.promise : undefined;
    },
    onDropped() {},
  });
  await test.bus.subscribe("b", {
    pendingMaxBytes: 64 * 1024 * 1024,
    onDelivery() {},
    onDropped() {},
  });
  // In one go: the receiving side reads many of them at once, first more of "b", then "a" alone.
  for (const payload of numbered(1000, 1000)) {
    void test.bus.publish("a", payload);
    void test.bus.publish("b", new Uint8Array(10_000));
  }
  for (const payload of numbered(20, 500_000)) void test.bus.publish("a", payload);
  await eventually("the deliveries to wait", () => subscription.pendingBytes() >= 10_999_000);
  release.resolve();
  await eventually("the deliveries", () => waited.length >= 1020);
  const kept = (payloads: readonly Uint8Array[]) =>
    [...new Set(payloads.map(({ buffer }) => buffer))].reduce(
      (sum, { byteLength }) => sum + byteLength,
      0,
    );
  expect(kept(waited.slice(1, 1000))).toBeLessThan(4 * 999_000);
  expect(kept(waited.slice(1000))).toBeLessThan(4 * 10_000_000);
});

for (const transport of ["plain", "TLS"]) {
  test(`what is given back may be written over while the server does not read (${transport})`, async () => {
    await using certificates = await makeCertificates();
    const isTls = transport === "TLS";
    await using server = await startNatsServer(isTls ? { tls: certificates } : {});
    const options = isTls
      ? { servers: [`localhost:${server.port}`], tls: true, tlsCaFile: certificates.caFile }
      : { servers: [server.address] };
    await using receiver = openTestBus(options);
    const received: Uint8Array[] = [];
    await receiver.bus.subscribe("a", {
      pendingMaxBytes: 1 << 30,
      onDelivery: ({ payload }) => void received.push(payload.slice()),
      onDropped() {},
    });
    await using publisher = openTestBus(options);
    await untilUp(publisher.bus);
    const sizes = Array.from(
      { length: 14 },
      (_, index) => [900_000, 10, 500_000, 150_000][index % 4] ?? 0,
    );
    const given = new Map<number, number>();
    server.kill("SIGSTOP");
    for (const [index, size] of sizes.entries()) {
      void publisher.bus.publish("a", new Uint8Array(size).fill(index), 1, (payload) => {
        given.set(index, (given.get(index) ?? 0) + 1);
        payload.fill(0xff);
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    server.kill("SIGCONT");
    await eventually("the deliveries", () => received.length >= sizes.length);
    const whole = received.map((payload, index) => payload.every((byte) => byte === index));
    expect(received.map(({ length }) => length)).toEqual(sizes);
    expect(whole).toEqual(sizes.map(() => true));
    await eventually("all to be given back", () => given.size === sizes.length);
    expect([...given.values()]).toEqual(sizes.map(() => 1));
  });
}

test("follows the server's max_payload; what is held and exceeds it is lost and told", async () => {
  const port = freePort();
  await using test = openTestBus({ servers: [`127.0.0.1:${port}`] });
  expect(test.bus.maxPayloadBytes()).toBe(1_048_576);
  await test.bus.publish("a", new Uint8Array(2001), 3);
  await test.bus.publish("a", new Uint8Array(2000), 4);

  await using server = await startNatsServer({ port, payloadMaxBytes: 2000 });
  await untilUp(test.bus);
  expect(test.bus.maxPayloadBytes()).toBe(2000);
  await test.bus.close(10_000);
  const counts = await fetch(`${server.monitorUrl}/varz`);
  expect(await counts.json()).toMatchObject({ in_msgs: 1, in_bytes: 2000 });
  expect(test.lost).toEqual([{ subject: "a", lines: 3, why: "unconfirmed" }]);
  expect(test.log.lines).toContain(
    "ERROR lost a message of 2001 bytes: the NATS server now connected takes 2000",
  );
});

test("does not wait for a held payload that turned out to be too large", async () => {
  const port = freePort();
  await using test = openTestBus({ servers: [`127.0.0.1:${port}`] });
  await test.bus.publish("a", new Uint8Array(2001), 3);
  const closing = test.bus.close(60_000);
  await using _ = await startNatsServer({ port, payloadMaxBytes: 2000 });
  await closing;
  expect(test.lost).toEqual([{ subject: "a", lines: 3, why: "unconfirmed" }]);
});

test("closed while not connected: waits until the deadline, then everything held is lost", async () => {
  const test = openTestBus({ servers: [`127.0.0.1:${freePort()}`] });
  const why = "unconfirmed" as const;
  const sent = Array.from({ length: 100 }, (_, lines) => ({ subject: "a", lines, why }));
  for (const { lines } of sent) await test.bus.publish("a", new Uint8Array(5), lines);
  const startMs = performance.now();
  await test.bus.close(200);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(199);
  expect(test.lost).toEqual(sent);
  expect(test.bus.state()).toBe("closed");
  expect(test.log.lines.at(-1)).toBe("ERROR lost 100 messages: NATS did not take them in time");
});

test("closed while not connected: a server that comes in time gets everything", async () => {
  const port = freePort();
  const test = openTestBus({ servers: [`127.0.0.1:${port}`] });
  for (const payload of numbered(100)) await test.bus.publish("a", payload);
  const closing = test.bus.close(10_000);
  await using server = await startNatsServer({ port });
  await closing;
  const counts = await fetch(`${server.monitorUrl}/varz`);
  expect(await counts.json()).toMatchObject({ in_msgs: 100 });
  expect(test.lost).toEqual([]);
});

test("closed while not connected, with nothing held: ends at once", async () => {
  const test = openTestBus({ servers: [`127.0.0.1:${freePort()}`] });
  const subscribing = test.bus
    .subscribe("a", { pendingMaxBytes: 1, onDelivery() {}, onDropped() {} })
    .catch((error) => error.name);
  await test.bus.close(60_000);
  expect(await subscribing).toBe("BusClosed");
});
