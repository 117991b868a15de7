/** What a server says with -ERR is understood. The texts are those that nats-server 2.9.10 was seen to send. */
import { expect, test } from "bun:test";

import { parseServerError } from "../../../src/bus/server-error.ts";

const SUBSCRIBE = "allow it in this user's permissions of nats-server (subscribe)";
const PUBLISH = "allow it in this user's permissions of nats-server (publish)";

function parse(text: string) {
  return parseServerError(`'${text}'`);
}

function subscription(text: string, id: number | undefined, subject: string | undefined) {
  const remedy: unknown = expect.any(String);
  expect<unknown>(parse(text)).toEqual({ kind: "subscription", text, id, subject, remedy });
}

test("which subscription is refused, or taken away", () => {
  const start = "Permissions Violation for Subscription to";
  subscription(`${start} "a"`, undefined, "a");
  subscription(`${start} "a" using queue "q"`, undefined, "a");
  subscription(`${start} "a" (sid "12")`, 12, "a");
  subscription(`${start} "a.b.c", too many tokens`, undefined, "a.b.c");
  subscription("maximum subscriptions exceeded", undefined, undefined);
  subscription("Invalid Subject", undefined, undefined);
});

test("which publication is refused, whatever is in its subject", () => {
  const subjects = [
    "a",
    "lines.>",
    "it's",
    '"a"\\\\b',
    "\u0085\u200b\u{e0001}",
    "größe.測定",
    'a" to "b',
  ];
  for (const subject of subjects) {
    const text = `Permissions Violation for Publish to ${quotedByGo(subject)}`;
    expect(parse(text)).toEqual({ kind: "publication", text, subject, remedy: PUBLISH });
  }
});

test("what is to be done about it", () => {
  const remedies = {
    'Permissions Violation for Subscription to "a"': SUBSCRIBE,
    'Permissions Violation for Subscription to "a", too many tokens':
      "raise max_subscription_tokens of nats-server",
    "maximum subscriptions exceeded":
      "raise max_subscriptions of nats-server, which needs a restart, or the limit of the account",
    "Invalid Subject": "correct the subject",
  };
  for (const [text, remedy] of Object.entries(remedies)) {
    expect(parse(text)).toMatchObject({ remedy });
  }
});

test("all else is about the connection", () => {
  for (const text of [
    "Stale Connection",
    "Authorization Violation",
    "User Authentication Expired",
    "Maximum Payload Violation",
    "maximum connections exceeded",
    "Unknown Protocol Operation",
    'Permissions Violation for Publish with Reply of "a"',
    "",
  ]) {
    expect(parse(text)).toEqual({ kind: "other", text });
  }
});

/** As Go's %q does it. */
function quotedByGo(text: string): string {
  const escaped = text
    .replace(/["\\]/g, "\\$&")
    .replace(/[\u0085\u200b]/g, (char) => `\\u${hex(char).padStart(4, "0")}`)
    .replace(/\u{e0001}/gu, (char) => `\\U${hex(char).padStart(8, "0")}`);
  return `"${escaped}"`;
}

function hex(char: string): string {
  return (char.codePointAt(0) ?? 0).toString(16);
}
