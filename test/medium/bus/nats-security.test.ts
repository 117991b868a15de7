/**
 * Credentials and TLS. Goal: each way in works; without it the bus waits, says why, and shows no secret.
 */
import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { parseNatsAddress } from "../../../src/bus/nats-address.ts";
import { eventually } from "../../support/eventually.ts";
import { makeNatsCredentials } from "../../support/nats-credentials.ts";
import { makeCertificates, startNatsServer } from "../../support/nats-server.ts";
import { collect, decode, numbered, openTestBus, untilUp } from "./nats-support.ts";

const SECRET = "s3cret/word";

test("waits while its credentials are refused, and connects once they are accepted", async () => {
  const strict = await startNatsServer({ user: "spout", password: "another" });
  await using test = openTestBus({ servers: [strict.address], user: "spout", password: SECRET });
  await test.bus.publish("a", numbered(1)[0] ?? new Uint8Array());
  await eventually("the refusal to be told", () => test.log.lines.length > 0);
  expect(test.bus.state()).toBe("connecting");
  await strict[Symbol.asyncDispose]();

  await using _ = await startNatsServer({ port: strict.port, user: "spout", password: SECRET });
  await untilUp(test.bus);
  await test.bus.close(10_000);
  expect(test.lost).toEqual([]);
  expect(test.log.lines[0]).toBe(
    `ERROR cannot connect to NATS, trying on: ${strict.address}: credentials refused`,
  );
  expect(test.log.lines.at(-1)).toBe(`INFO connected to NATS at ${strict.address}`);
  expect(test.log.lines.join("\n")).not.toContain(SECRET);
});

test("takes user and password from the address", async () => {
  await using server = await startNatsServer({ user: "spout", password: SECRET });
  const { port } = server;
  const address = parseNatsAddress(`nats://spout:s3cret%2Fword@127.0.0.1:${port}`);
  await using test = openTestBus(address);
  await untilUp(test.bus);
});

test("takes a token from the address", async () => {
  await using server = await startNatsServer({ token: SECRET });
  const address = parseNatsAddress(`nats://s3cret%2Fword@127.0.0.1:${server.port}`);
  await using test = openTestBus(address);
  await untilUp(test.bus);
});

test("takes JWT and seed from a credentials file, as soon as it can be read", async () => {
  const { serverConfig, credsText } = makeNatsCredentials();
  await using server = await startNatsServer({ config: serverConfig });
  const credsFile = join(server.folder, "spout.creds");
  await using test = openTestBus({ servers: [server.address], credsFile });
  await eventually("the failure to be told", () => test.log.lines.length > 0);
  await writeFile(credsFile, "not credentials");
  await eventually("the next failure to be told", () => test.log.lines.length > 1);
  await writeFile(credsFile, credsText);
  await untilUp(test.bus);
  expect(test.log.lines[0]).toStartWith(
    `ERROR cannot connect to NATS, trying on: ${server.address}: cannot read the credentials file: `,
  );
  expect(test.log.lines.slice(1)).toEqual([
    `ERROR cannot connect to NATS, trying on: ${server.address}: ` +
      "the credentials file holds no JWT and seed",
    `INFO connected to NATS at ${server.address}`,
  ]);
});

test("speaks TLS with a server whose certificate the CA file signed", async () => {
  await using certificates = await makeCertificates();
  await using server = await startNatsServer({ tls: certificates });
  for (const host of ["127.0.0.1", "localhost"]) {
    await using test = openTestBus({
      servers: [`${host}:${server.port}`],
      tls: true,
      tlsCaFile: certificates.caFile,
    });
    const received = await collect(test.bus, "a");
    for (const payload of numbered(100, 10_000)) await test.bus.publish("a", payload);
    await eventually("the deliveries", () => received.length >= 100);
    expect(received).toEqual(numbered(100).map(decode));
    // More at once than the socket takes.
    for (const payload of numbered(30, 1_000_000)) await test.bus.publish("a", payload);
    await eventually("the large deliveries", () => received.length >= 130);
    expect(received.slice(100)).toEqual(numbered(30).map(decode));
  }
});

test("refuses a certificate of another host or another authority", async () => {
  await using ours = await makeCertificates("DNS:elsewhere.example");
  await using other = await makeCertificates();
  await using server = await startNatsServer({ tls: ours });
  const log = async (host: string, tlsCaFile: string) => {
    const servers = [`${host}:${server.port}`];
    await using test = openTestBus({ servers, tls: true, tlsCaFile });
    await eventually("the refusal to be told", () => test.log.lines.length > 0);
    expect(test.bus.state()).toBe("connecting");
    return test.log.lines.join();
  };
  const otherHost = /^ERROR cannot connect .* does not match certificate's altnames: /;
  expect(await log("127.0.0.1", ours.caFile)).toMatch(otherHost);
  expect(await log("localhost", ours.caFile)).toMatch(otherHost);
  expect(await log("localhost", other.caFile)).toMatch(/^ERROR cannot connect .* unable to verify/);
  expect(await log("localhost", "")).toMatch(/^ERROR cannot connect .* unable to verify/);
  expect(await log("localhost", "/nowhere/ca.pem")).toMatch(/^ERROR .*nowhere\/ca.pem/);
});

test("sends nothing to a server without TLS where TLS is asked for", async () => {
  let received = 0;
  let attempts = 0;
  const plain = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        attempts++;
        socket.write(
          'INFO {"server_id":"x","version":"2.9.10","max_payload":1048576,"proto":1}\r\n',
        );
      },
      data: (_, bytes) => void (received += bytes.length),
    },
  });
  const address = `127.0.0.1:${plain.port}`;
  await using test = openTestBus({ servers: [address], tls: true, user: "u", password: SECRET });
  await eventually("several attempts", () => attempts >= 3);
  await test.bus.close(0);
  plain.stop(true);
  expect({ received, lines: test.log.lines }).toEqual({
    received: 0,
    lines: [
      `ERROR cannot connect to NATS, trying on: ${address}: ` +
        "TLS is required here and the server offers none",
    ],
  });
});

test("ends an attempt at a server that falls silent before or within TLS", async () => {
  for (const greeting of [
    '{"version":"2.9.10","max_payload":1048576}',
    '{"version":"2.9.10","max_payload":1048576,"tls_required":true}',
  ]) {
    let open = 0;
    let attempts = 0;
    const silent = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open(socket) {
          open++;
          attempts++;
          socket.write(`INFO ${greeting}\r\n`);
        },
        close: () => void open--,
        data() {},
      },
    });
    const servers = [`127.0.0.1:${silent.port}`];
    await using test = openTestBus({ servers }, { times: { connectMaxMs: 30 } });
    await eventually("several attempts", () => attempts >= 4);
    await test.bus.close(0);
    await eventually("the sockets to be closed", () => open === 0);
    silent.stop(true);
    expect(test.log.lines).toEqual([
      `WARN cannot connect to NATS, trying on: ${servers[0]}: no answer within 30 ms`,
    ]);
  }
});
