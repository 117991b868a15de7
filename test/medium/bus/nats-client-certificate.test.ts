/**
 * Logins by certificate and by nkey, and what the operator is told when one side refuses the other.
 * Method: real servers that take only clients with a certificate; certificates made by openssl.
 */
import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { nkeys } from "nats";

import type { NatsOptions } from "../../../src/bus/nats-options.ts";
import { eventually } from "../../support/eventually.ts";
import { makeCertificates, startNatsServer } from "../../support/nats-server.ts";
import { collect, numbered, openTestBus, untilUp } from "./nats-support.ts";

test("shows its certificate to a server that wants one", async () => {
  await using certificates = await makeCertificates();
  const { certFile, keyFile } = await certificates.sign("client");
  await using server = await startNatsServer({ tls: certificates, tlsVerify: true });
  await using test = openTestBus({
    servers: [server.address],
    tls: true,
    tlsCaFile: certificates.caFile,
    tlsCertFile: certFile,
    tlsKeyFile: keyFile,
  });
  const received = await collect(test.bus, "a");
  await test.bus.publish("a", numbered(1)[0] ?? new Uint8Array());
  await eventually("the delivery", () => received.length === 1);
});

test("says which side refuses what, and what to do", async () => {
  await using certificates = await makeCertificates();
  await using others = await makeCertificates();
  await using elsewhere = await makeCertificates("DNS:elsewhere.example");
  await using late = await makeCertificates("IP:127.0.0.1", -1);
  const good = await certificates.sign("client");
  const expired = await certificates.sign("expired", -1);
  const stranger = await others.sign("stranger");
  await using server = await startNatsServer({ tls: certificates, tlsVerify: true });
  await using wrongName = await startNatsServer({ tls: elsewhere });
  await using outOfDate = await startNatsServer({ tls: late });

  const told = async (address: string, nats: Partial<NatsOptions>) => {
    await using test = openTestBus({ servers: [address], tls: true, ...nats });
    await eventually("the refusal to be told", () => test.log.lines.length > 0);
    expect(test.bus.state()).toBe("connecting");
    const [line = ""] = test.log.lines;
    return line.replace(`ERROR cannot connect to NATS, trying on: ${address}: `, "");
  };
  const tlsCaFile = certificates.caFile;
  const shows = ({ certFile, keyFile }: { certFile: string; keyFile: string }) => ({
    tlsCertFile: certFile,
    tlsKeyFile: keyFile,
  });
  expect(await told(server.address, { tlsCaFile })).toBe(
    "the server refuses clients without a certificate: set nats_tls_cert and nats_tls_key",
  );
  for (const refused of [stranger, expired]) {
    expect(await told(server.address, { tlsCaFile, ...shows(refused) })).toBe(
      "the server refuses our certificate (nats_tls_cert): its authorities did not sign it, or it has expired, " +
        "or is not for clients; the server's log says which (alert BAD_CERTIFICATE)",
    );
  }
  const ours = "we refuse the server's certificate: ";
  const unknown = "(nats_tls_ca must name a file with the authority that signed it)";
  const byStranger = await told(server.address, { tlsCaFile: others.caFile, ...shows(good) });
  expect(byStranger).toStartWith(ours);
  expect(byStranger).toEndWith(unknown);
  expect(await told(wrongName.address, { tlsCaFile: elsewhere.caFile })).toMatch(
    /^we refuse the server's certificate: .*altnames.* \(nats_address must name the server as its certificate does, or/,
  );
  expect(await told(outOfDate.address, { tlsCaFile: late.caFile })).toMatch(
    /^we refuse the server's certificate: certificate has expired \(the server needs a new one\)$/,
  );
});

test("logs in with the seed of an nkey, read anew each time", async () => {
  const user = nkeys.createUser();
  const seed = new TextDecoder().decode(user.getSeed());
  const config = `authorization { users: [{ nkey: ${user.getPublicKey()} }] }`;
  await using server = await startNatsServer({ config });
  const nkeyFile = join(server.folder, "user.nk");
  const failing = `ERROR cannot connect to NATS, trying on: ${server.address}: `;
  await writeFile(nkeyFile, "nothing\n");
  await using test = openTestBus({ servers: [server.address], nkeyFile });
  await eventually("the failure to be told", () => test.log.lines.length > 0);
  const wrongEnd = seed.endsWith("AAAA") ? "BBBB" : "AAAA";
  await writeFile(nkeyFile, seed.slice(0, -4) + wrongEnd);
  await eventually("the next failure to be told", () => test.log.lines.length > 1);
  await writeFile(nkeyFile, new TextDecoder().decode(nkeys.createUser().getSeed()));
  await eventually("the one after it to be told", () => test.log.lines.length > 2);
  const lines = ["-----BEGIN USER NKEY SEED-----", seed, "------END USER NKEY SEED------", ""];
  await writeFile(nkeyFile, lines.join("\n"));
  await untilUp(test.bus);
  expect(test.log.lines).toEqual([
    `${failing}the nkey file holds no seed of a user (SU...)`,
    `${failing}the nkey file holds a broken seed`,
    `${failing}credentials refused`,
    `INFO connected to NATS at ${server.address}`,
  ]);
});
