/**
 * A cluster is used as one: a server that is about to stop is left without a loss, one that has died is replaced by any other.
 * Method: real servers, two to a cluster, over routes on loopback.
 */
import { expect, test } from "bun:test";

import type { Bus } from "../../../src/bus/bus.ts";
import { eventually } from "../../support/eventually.ts";
import {
  makeCertificates,
  type NatsServer,
  type NatsServerOptions,
  startNatsServer,
} from "../../support/nats-server.ts";
import { freePort } from "../../support/server-process.ts";
import { collect, decode, numbered, openTestBus, untilUp } from "./nats-support.ts";

async function startCluster(options: NatsServerOptions = {}): Promise<[NatsServer, NatsServer]> {
  const [one, other] = [freePort(), freePort()];
  const config = (own: number, peer: number) =>
    `cluster { name: both, listen: "127.0.0.1:${own}", routes: ["nats://127.0.0.1:${peer}"] }`;
  const servers: [NatsServer, NatsServer] = await Promise.all([
    startNatsServer({ ...options, config: config(one, other) }),
    startNatsServer({ ...options, config: config(other, one) }),
  ]);
  for (const { monitorUrl } of servers) {
    await eventually("the route", async () => {
      const routes = (await (await fetch(`${monitorUrl}/routez`)).json()) as { num_routes: number };
      return routes.num_routes > 0;
    });
  }
  return servers;
}

const connections = async ({ monitorUrl }: NatsServer) =>
  ((await (await fetch(`${monitorUrl}/varz`)).json()) as { connections: number }).connections;

test("leaves a server in lame-duck mode for another one: each message arrives once", async () => {
  const [old, other] = await startCluster();
  await using _old = old;
  await using _other = other;
  const servers = [old.address, other.address];
  await using publisher = openTestBus({ servers });
  await using plain = openTestBus({ servers });
  await using member = openTestBus({ servers });
  const received = [await collect(plain.bus, "a"), await collect(plain.bus, "a.*")];
  const shared: string[] = [];
  await member.bus.subscribe("a", {
    queue: "q",
    pendingMaxBytes: 1 << 20,
    onDelivery: ({ payload }) => void shared.push(decode(payload)),
    onDropped() {},
  });
  await untilUp(publisher.bus);
  expect(await connections(old)).toBe(3);

  const buses = [publisher, plain, member];
  const moved = `INFO moved to NATS at ${other.address}: the one at ${old.address} is about to stop (lame-duck mode)`;
  const haveMoved = () => buses.every(({ log }) => log.lines.includes(moved));
  let sent = 0;
  const publish = async (bus: Bus) => {
    const payload = new TextEncoder().encode(String(sent++));
    await bus.publish("a", payload, 1);
    await bus.publish("a.b", payload, 1);
    await Bun.sleep(2);
  };
  for (let count = 0; count < 50; count++) await publish(publisher.bus);
  old.kill("SIGUSR2");
  const endMs = performance.now() + 10_000;
  while (!haveMoved() && performance.now() < endMs) await publish(publisher.bus);
  for (let count = 0; count < 50; count++) await publish(publisher.bus);

  const all = numbered(sent).map(decode);
  const inOrder = (texts: readonly string[]) => [...texts].sort((a, b) => Number(a) - Number(b));
  for (const list of [...received, shared]) {
    await eventually("all deliveries", () => list.length >= sent);
    expect(inOrder(list)).toEqual(all);
  }
  expect(await connections(old)).toBe(0);
  for (const { bus, log, lost, uncounted } of buses) {
    expect(log.lines).toEqual([`INFO connected to NATS at ${old.address}`, moved]);
    expect({ lost, uncounted: uncounted(), state: bus.state() }).toEqual({
      lost: [],
      uncounted: 0,
      state: "up",
    });
  }
});

test("moves on to a server that the cluster announced when the one it was told dies", async () => {
  const [told, other] = await startCluster();
  await using _ = other;
  await using test = openTestBus({ servers: [told.address] });
  await using publisher = openTestBus({ servers: [other.address] });
  const received = await collect(test.bus, "a");
  await told[Symbol.asyncDispose]();
  const again = `WARN connected to NATS again, at ${other.address}`;
  await eventually("the other server", () => test.log.lines.includes(again) && test.bus.isReady());
  await publisher.bus.publish("a", new Uint8Array([0x31]));
  await eventually("the delivery", () => received.length === 1);
  expect(test.uncounted()).toBe(0);
});

test("takes an announced address for a server of the name that was configured, over TLS alone", async () => {
  // Of this name, not of the address that is announced.
  await using certificates = await makeCertificates("DNS:localhost");
  const [told, other] = await startCluster({ tls: certificates });
  await using _ = other;
  await using test = openTestBus({
    servers: [`localhost:${told.port}`],
    tls: true,
    tlsCaFile: certificates.caFile,
  });
  await untilUp(test.bus);
  await told[Symbol.asyncDispose]();
  const again = `WARN connected to NATS again, at ${other.address}`;
  await eventually("the other server", () => test.log.lines.includes(again));
});

test("says that messages may have gone by when a member of a cluster dies under traffic", async () => {
  const [told, other] = await startCluster();
  await using _ = other;
  await using test = openTestBus({ servers: [told.address] });
  await using publisher = openTestBus({ servers: [other.address] });
  const received = await collect(test.bus, "a");
  await untilUp(publisher.bus);
  await eventually("a delivery", async () => {
    await publisher.bus.publish("a", new Uint8Array([0x31]));
    return received.length > 0;
  });
  await told[Symbol.asyncDispose]();
  await eventually("it to be told", () => test.uncounted() === 1);
  expect(test.log.lines[2]).toBe(
    "ERROR NATS: messages published at other servers until we are back, if nobody else of a queue group takes them, " +
      "are lost, and nobody can count them",
  );
});

test("stays with a server in lame-duck mode if there is no other", async () => {
  await using server = await startNatsServer();
  await using test = openTestBus({ servers: [server.address] }, { times: { moveMs: 50 } });
  const received = await collect(test.bus, "a");
  server.kill("SIGUSR2");
  await eventually("it to be told", () => test.log.lines.length > 1);
  await Bun.sleep(300);
  await test.bus.publish("a", new Uint8Array([0x31]));
  await eventually("the delivery", () => received.length === 1);
  expect(test.log.lines.slice(1)).toEqual([
    `WARN NATS at ${server.address} is about to stop (lame-duck mode), and there is no other to move to: ` +
      "staying as long as it lasts",
  ]);
});

test("subscribes without the group of its own where permissions name groups", async () => {
  const config = `authorization { users: [{
    user: u, password: p, permissions: { publish: ">", subscribe: { allow: ["a", "a workers"] } }
  }] }`;
  await using server = await startNatsServer({ config });
  await using test = openTestBus({ servers: [server.address], user: "u", password: "p" });
  const received = await collect(test.bus, "a");
  await test.bus.publish("a", new Uint8Array([0x31]));
  await eventually("the delivery", () => received.length === 1);
  expect(test.log.lines).toEqual([`INFO connected to NATS at ${server.address}`]);
});
