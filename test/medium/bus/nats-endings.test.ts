/**
 * What else a server says with -ERR, which is about the connection: told with what helps, and survived. Method: real servers; a
 * false one for what real ones say in no situation that a test can make.
 */
import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { eventually } from "../../support/eventually.ts";
import { makeNatsCredentials } from "../../support/nats-credentials.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { collect, numbered, openTestBus, untilUp } from "./nats-support.ts";

const [PAYLOAD = new Uint8Array()] = numbered(1);

function startFalseServer(onPing: (send: (text: string) => void, close: () => void) => void) {
  return Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) =>
        void socket.write('INFO {"server_id":"x","version":"2.9.10","max_payload":1048576}\r\n'),
      data(socket, bytes) {
        for (const _ of bytes.toString("latin1").matchAll(/PING\r\n/g)) {
          socket.write("PONG\r\n");
          onPing(
            (text) => socket.write(text),
            () => socket.end(),
          );
        }
      },
    },
  });
}

test("a user that is taken away by a reload, and comes back", async () => {
  const users = (name: string) => `authorization { users: [{ user: ${name}, password: p }] }`;
  await using server = await startNatsServer({ config: users("u") });
  await using test = openTestBus({ servers: [server.address], user: "u", password: "p" });
  const received = await collect(test.bus, "lines");
  await server.reload(users("another"));
  await eventually("the refusal to be told", () => test.log.lines.length >= 3);
  expect(test.bus.isReady()).toBe(false);
  await test.bus.publish("lines", PAYLOAD, 1);
  await server.reload(users("u"));
  await eventually("what was held", () => received.length === 1);
  expect(test.log.lines).toEqual([
    `INFO connected to NATS at ${server.address}`,
    `WARN lost the connection to NATS at ${server.address}: closed by the server`,
    `ERROR cannot connect to NATS, trying on: ${server.address}: credentials refused`,
    `WARN connected to NATS again, at ${server.address}`,
  ]);
  expect(test.lost).toEqual([]);
});

test("credentials that expire while it is connected, and are replaced", async () => {
  const { serverConfig, credsText, credsTextFor } = makeNatsCredentials();
  await using server = await startNatsServer({ config: serverConfig });
  const credsFile = join(server.folder, "spout.creds");
  await writeFile(credsFile, credsTextFor(2));
  await using test = openTestBus({ servers: [server.address], credsFile });
  await untilUp(test.bus);
  const isTold = (line: string) => () => test.log.lines.includes(line);
  await eventually(
    "the end to be told",
    isTold(
      `WARN lost the connection to NATS at ${server.address}: ` +
        "User Authentication Expired (give it new credentials)",
    ),
  );
  const refusal = `ERROR cannot connect to NATS, trying on: ${server.address}: credentials refused`;
  await eventually("the refusal to be told", isTold(refusal));
  await writeFile(credsFile, credsText);
  await untilUp(test.bus);
});

test("a server that has no room for another connection, until it has", async () => {
  await using server = await startNatsServer({ config: "max_connections: 1" });
  const first = openTestBus({ servers: [server.address] });
  await untilUp(first.bus);
  await using test = openTestBus({ servers: [server.address] });
  await eventually("the refusal to be told", () => test.log.lines.length > 0);
  await first.bus.close(1000);
  await untilUp(test.bus);
  expect(test.log.lines).toEqual([
    `ERROR cannot connect to NATS, trying on: ${server.address}: ` +
      "maximum connections exceeded (raise max_connections of nats-server)",
    `INFO connected to NATS at ${server.address}`,
  ]);
});

test("a max_payload that is lowered by a reload ends the connection, and is known afterwards", async () => {
  await using server = await startNatsServer({ config: "max_payload: 1000" });
  await using test = openTestBus({ servers: [server.address] });
  const received = await collect(test.bus, "lines");
  await server.reload("max_payload: 100");
  await test.bus.publish("lines", new Uint8Array(900), 3);
  await eventually("the end to be told", () => test.log.lines.length >= 3);
  expect(test.log.lines[1]).toBe(
    `ERROR lost the connection to NATS at ${server.address}: Maximum Payload Violation ` +
      "(max_payload of nats-server was lowered); with it 1 messages that it had not confirmed",
  );
  expect(test.lost).toEqual([{ subject: "lines", lines: 3, why: "unconfirmed" }]);
  expect(test.bus.maxPayloadBytes()).toBe(100);
  await test.bus.publish("lines", PAYLOAD, 1);
  await eventually("the delivery", () => received.length === 1);
});

test("a connection that ends again and again for one reason is told of once in a while", async () => {
  await using server = await startNatsServer({ config: "max_control_line: 512" });
  await using test = openTestBus({ servers: [server.address] });
  await untilUp(test.bus);
  const refused = collect(test.bus, "a".repeat(600)).catch(() => {});
  await eventually("many connections", async () => {
    const varz = await fetch(`${server.monitorUrl}/varz`);
    return ((await varz.json()) as { total_connections: number }).total_connections > 15;
  });
  await test.bus.close(0);
  await refused;
  const ends = test.log.lines.filter((line) => line.includes("maximum control line exceeded"));
  expect(ends[0]).toBe(
    `WARN lost the connection to NATS at ${server.address}: maximum control line exceeded ` +
      "(use shorter subjects, or raise max_control_line of nats-server)",
  );
  expect(test.log.lines.length).toBeLessThan(10);
});

test("what no version known says is told, and the connection goes on", async () => {
  const errors = ["'Strange Thing'", "'Strange Thing'", "'Another'"];
  using server = startFalseServer((send) => {
    const error = errors.shift();
    if (error !== undefined) send(`-ERR ${error}\r\n`);
  });
  await using test = openTestBus(
    { servers: [`127.0.0.1:${server.port}`] },
    { times: { pingIntervalMs: 50 } },
  );
  await untilUp(test.bus);
  await eventually("both to be told", () => test.log.lines.length >= 3);
  expect(test.log.lines.slice(1)).toEqual([
    'ERROR NATS says "Strange Thing"',
    'ERROR NATS says "Another"',
  ]);
  expect(test.bus.isReady()).toBe(true);
});

test("what ends the connection is told as the reason, and what was told before is not", async () => {
  let pings = 0;
  using server = startFalseServer((send, close) => {
    pings++;
    if (pings === 2) send("-ERR 'Strange Thing'\r\n");
    if (pings !== 4) return;
    send("-ERR 'Stale Connection'\r\n");
    close();
  });
  const address = `127.0.0.1:${server.port}`;
  await using test = openTestBus({ servers: [address] }, { times: { pingIntervalMs: 50 } });
  await eventually("the end to be told", () => test.log.lines.length >= 3);
  expect(test.log.lines.slice(1, 3)).toEqual([
    'ERROR NATS says "Strange Thing"',
    `WARN lost the connection to NATS at ${address}: ` +
      "Stale Connection (its pings were not answered in time)",
  ]);
});
