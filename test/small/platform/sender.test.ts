/** Which addresses are one sender's. */
import { expect, test } from "bun:test";

import { senderOf } from "../../../src/platform/sender.ts";

test("an IPv4 address is a sender, in either form", () => {
  expect(senderOf("192.0.2.1")).toBe("192.0.2.1");
  expect(senderOf("::ffff:192.0.2.1")).toBe("::ffff:192.0.2.1");
  expect(senderOf("::ffff:192.0.2.2")).not.toBe(senderOf("::ffff:192.0.2.1"));
});

test("of IPv6 the network is: 64 bits, however the address is written", () => {
  const ofOne = [
    "2001:db8:0:1::1",
    "2001:db8:0:1:2:3:4:5",
    "2001:db8:0:1::",
    "2001:db8:0:1:ffff::9",
  ];
  expect(new Set(ofOne.map(senderOf))).toEqual(new Set(["2001:db8:0:1"]));
  expect(senderOf("2001:db8::1")).toBe("2001:db8:0:0");
  expect(senderOf("2001:db8:0:2::1")).toBe("2001:db8:0:2");
  expect(senderOf("::1")).toBe("0:0:0:0");
  expect(senderOf("fe80::1:2:3:4")).toBe("fe80:0:0:0");
});

test("of a connection that has ended none is known", () => {
  expect(senderOf("")).toBe("");
});
