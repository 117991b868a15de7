/** Binding, against sockets that are refused: the real ones are in the medium tests. */
import { expect, test } from "bun:test";

import { bindAllAddresses, bindLoopback, formatAddress } from "../../../src/platform/bind.ts";

function refusal(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

test("takes IPv4 alone where the system has no IPv6", async () => {
  const asked: string[] = [];
  const bound = await bindAllAddresses("UDP", 10001, (hostname) => {
    asked.push(hostname);
    if (hostname === "::") throw refusal("EAFNOSUPPORT", "address family not supported");
    return `bound ${hostname}`;
  });
  expect(bound).toBe("bound 0.0.0.0");
  expect(asked).toEqual(["::", "0.0.0.0"]);
});

test("a port that another program has is an error that names it, and no reason to take half of it", async () => {
  const asked: string[] = [];
  const binding = bindAllAddresses("UDP", 10001, (hostname) => {
    asked.push(hostname);
    throw refusal("EADDRINUSE", "bind EADDRINUSE ::");
  });
  expect(binding).rejects.toMatchObject({
    name: "SpoutError",
    message:
      "cannot bind UDP port 10001: address already in use (another influx-spout, or another program, has it)",
  });
  expect(asked).toEqual(["::"]);
});

test("any other refusal is told in the system's words", () => {
  const binding = bindAllAddresses("TCP", 80, () => {
    throw refusal("EACCES", "permission denied");
  });
  expect(binding).rejects.toThrow("cannot bind TCP port 80: permission denied");
});

test("of the loopback addresses both are bound, or the one that can be", async () => {
  expect(await bindLoopback("TCP", 80, (hostname) => hostname)).toEqual(["127.0.0.1", "::1"]);
  for (const bad of ["127.0.0.1", "::1"]) {
    const bound = await bindLoopback("TCP", 80, (hostname) => {
      if (hostname === bad) throw refusal("EADDRNOTAVAIL", "address not available");
      return hostname;
    });
    expect(bound).toEqual(bad === "::1" ? ["127.0.0.1"] : ["::1"]);
  }
});

test("a port that can be bound on no loopback address is an error that names it", () => {
  const binding = bindLoopback("TCP", 80, () => {
    throw refusal("EADDRINUSE", "Failed to start server");
  });
  expect(binding).rejects.toMatchObject({
    name: "SpoutError",
    message:
      "cannot bind TCP port 80: address already in use (another influx-spout, or another program, has it)",
  });
});

test("addresses are written as usual", () => {
  expect(formatAddress("::", 10001)).toBe("[::]:10001");
  expect(formatAddress("0.0.0.0", 10001)).toBe("0.0.0.0:10001");
});
