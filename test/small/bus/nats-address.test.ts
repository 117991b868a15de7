/** Addresses as operators write them for other NATS clients. */
import { expect, test } from "bun:test";

import { type NatsAddress, parseNatsAddress } from "../../../src/bus/nats-address.ts";

const NOTHING = { tls: false, user: "", password: "", token: "" };

function reads(text: string, address: Partial<NatsAddress>): void {
  expect(parseNatsAddress(text)).toEqual({ ...NOTHING, servers: [], ...address });
}

test("reads one server, with or without scheme and port", () => {
  reads("nats://localhost:4222", { servers: ["localhost:4222"] });
  reads("localhost", { servers: ["localhost:4222"] });
  reads("nats://nats", { servers: ["nats:4222"] });
  reads("nats-1.example.com:4333", { servers: ["nats-1.example.com:4333"] });
  reads("NATS://Host:1/", { servers: ["Host:1"] });
  reads("host:", { servers: ["host:4222"] });
  reads("10.0.0.1:65535", { servers: ["10.0.0.1:65535"] });
});

test("reads IPv6 in brackets", () => {
  reads("nats://[::1]:4223", { servers: ["[::1]:4223"] });
  reads("[fe80::1]", { servers: ["[fe80::1]:4222"] });
  reads("[::ffff:127.0.0.1]:1", { servers: ["[::ffff:127.0.0.1]:1"] });
});

test("reads several servers, separated by commas and spaces", () => {
  reads("nats://a:1, b ,nats://c:3", { servers: ["a:1", "b:4222", "c:3"] });
});

test("asks for TLS where any server is written with tls://", () => {
  reads("tls://a", { servers: ["a:4222"], tls: true });
  reads("nats://a,TLS://b", { servers: ["a:4222", "b:4222"], tls: true });
});

test("reads credentials, percent-encoded", () => {
  reads("nats://me:pass@a", { servers: ["a:4222"], user: "me", password: "pass" });
  reads("me:pass@a:1", { servers: ["a:1"], user: "me", password: "pass" });
  reads("m%40e:p%3Aa%2Fs%25@a", { servers: ["a:4222"], user: "m@e", password: "p:a/s%" });
  reads("nats://me:@a", { servers: ["a:4222"], user: "me" });
  reads("nats://t%2Fken@a", { servers: ["a:4222"], token: "t/ken" });
  // Not encoded, as nobody can mean anything else.
  reads("nats://me:p@ss/w:rd@a", { servers: ["a:4222"], user: "me", password: "p@ss/w:rd" });
});

test("shares the credentials of one server with those that have none", () => {
  const expected = { servers: ["a:4222", "b:4222"], user: "me", password: "x" };
  reads("nats://me:x@a,b", expected);
  reads("a,nats://me:x@b", expected);
  reads("nats://me:x@a,nats://me:x@b", expected);
});

test("says what is wrong with which server, without showing credentials", () => {
  const rejects = (text: string, message: string) => {
    expect(() => parseNatsAddress(text)).toThrow(new Error(message));
  };
  rejects("", "server 1 is empty");
  rejects("a,,b", "server 2 is empty");
  rejects("a,", "server 2 is empty");
  rejects("http://a", 'server 1 has the scheme "http", not nats or tls');

  // No host, or no such host.
  const noHost = "is not host or host:port (an IPv6 host in brackets)";
  for (const text of [
    "nats://",
    "me:secret@",
    "a b",
    "a/b",
    "a?b",
    "::1",
    "me:secret",
    "[::1",
    "a:1:2",
  ]) {
    rejects(text, `server 1 ${noHost}`);
  }

  // No such port.
  const noPort = "has a port that is not from 1 to 65535";
  for (const text of ["a:0", "a:65536", "a:99999999999"]) rejects(text, `server 1 ${noPort}`);

  // Credentials.
  rejects(
    "secret%@a",
    "server 1 has credentials with a % that starts no percent-encoded character",
  );
  rejects(
    "me:secret%zz@a",
    "server 1 has credentials with a % that starts no percent-encoded character",
  );
  for (const text of [":secret@a", "@a"]) rejects(text, "server 1 has an empty user before the @");
  for (const text of ["me:secret@a,me:other@b", "me:x@a,you:x@b", "token@a,me:x@b"]) {
    rejects(text, "the servers have different credentials");
  }
});
