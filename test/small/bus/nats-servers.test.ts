/** Goal: what a cluster announces is used behind what is configured, within limits, and never with less secrecy. */
import { expect, test } from "bun:test";

import { Servers } from "../../../src/bus/nats-servers.ts";

const OPEN = { address: "a:4222", isEncrypted: false };
const SECRET = { address: "a:4222", isEncrypted: true };
const addresses = (servers: readonly { readonly address: string }[]) =>
  servers.map(({ address }) => address);

test("a round has all that are configured, and one after the other of those announced", () => {
  const servers = new Servers(["a:4222", "b:4222"]);
  expect(addresses(servers.nextRound())).toEqual(["a:4222", "b:4222"]);
  servers.announce(["b:4222", "10.0.0.1:4222", "10.0.0.2:4222", "10.0.0.1:4222"], OPEN);
  expect(addresses(servers.nextRound())).toEqual(["a:4222", "b:4222", "10.0.0.1:4222"]);
  expect(addresses(servers.nextRound())).toEqual(["a:4222", "b:4222", "10.0.0.2:4222"]);
  expect(addresses(servers.nextRound())).toEqual(["a:4222", "b:4222", "10.0.0.1:4222"]);
  expect(addresses(servers.elsewhere("a:4222"))).toEqual([
    "b:4222",
    "10.0.0.1:4222",
    "10.0.0.2:4222",
  ]);
});

test("what is announced last replaces what was before; what is no address counts for nothing", () => {
  const servers = new Servers(["a:4222"]);
  servers.announce(["c:1"], OPEN);
  servers.announce(["d", 5, null, "", "e:0", "f:99999", "g h:1", "u:p@i:1", "[::1]:4222"], OPEN);
  expect(addresses(servers.elsewhere("a:4222"))).toEqual(["d:4222", "[::1]:4222"]);
  for (const junk of [undefined, null, "d:1", { length: 3 }]) {
    servers.announce(junk, OPEN);
    expect(servers.elsewhere("a:4222")).toEqual([]);
  }
});

test("no more than 32 are kept", () => {
  const servers = new Servers(["a:4222"]);
  servers.announce(
    Array.from({ length: 10_000 }, (_, index) => `host-${index}:4222`),
    OPEN,
  );
  expect(servers.elsewhere("a:4222")).toHaveLength(32);
});

test("those announced over TLS must have it, with a certificate for the announcer's name or their address", () => {
  const servers = new Servers(["a:4222"]);
  servers.announce(["10.0.0.1:4222", "c:4222"], SECRET);
  expect(servers.elsewhere("a:4222")).toEqual([
    { address: "10.0.0.1:4222", isAnnounced: true, needsTls: true, tlsName: "a" },
    { address: "10.0.0.1:4222", isAnnounced: true, needsTls: true },
    { address: "c:4222", isAnnounced: true, needsTls: true },
  ]);
  servers.announce(["10.0.0.1:4222"], { address: "[::1]:4222", isEncrypted: true });
  expect(servers.elsewhere("a:4222")).toEqual([
    { address: "10.0.0.1:4222", isAnnounced: true, needsTls: true },
  ]);
});
