/**
 * What a server says with -ERR, understood: which subscription or publication it refuses, and what is to be done about it. All
 * else is about the connection, which mostly ends with it.
 *
 * The client has it wrong: what the server says of a subscription that it takes away names no queue group, and then the client
 * finds none; of one above max_subscriptions it names nothing at all. Sources: nats-server's client.go, 2.0 to 2.9.
 */

export type ServerError = SubscriptionRefusal | PublicationRefusal | OtherServerError;

/** It names the subscription as far as it is known, if not by `id` or `subject`, then by when it is said. */
export interface SubscriptionRefusal extends Refusal {
  readonly kind: "subscription";
  /** The number that the client gave it: told when a subscription that stood is taken away. */
  readonly id: number | undefined;
  readonly subject: string | undefined;
}

export interface PublicationRefusal extends Refusal {
  readonly kind: "publication";
  readonly subject: string;
}

export interface OtherServerError {
  readonly kind: "other";
  /** In the server's words. */
  readonly text: string;
}

export interface Refusal {
  /** In the server's words. */
  readonly text: string;
  /** What the operator can do about it, as an order. */
  readonly remedy: string;
}

/** In quotes as Go prints them (%q). */
const QUOTED = String.raw`"((?:[^"\\]|\\.)*)"`;

const PUBLICATION = new RegExp(`^Permissions Violation for Publish to ${QUOTED}`, "i");
const SUBSCRIPTION = new RegExp(
  String.raw`^Permissions Violation for Subscription to ${QUOTED}.*?(?: \(sid "(\d+)"\))?$`,
  "i",
);
const TOO_MANY_TOKENS = /too many tokens$/i;

/** What is said of a subscription without naming it, and the remedy. */
const UNNAMED: readonly (readonly [RegExp, string])[] = [
  [
    /^maximum subscriptions exceeded$/i,
    "raise max_subscriptions of nats-server, which needs a restart, or the limit of the account",
  ],
  [/^invalid subject$/i, "correct the subject"],
];

/** What ends a connection, or refuses it, and is not plain in itself. */
const ENDS: readonly (readonly [RegExp, string])[] = [
  [/^maximum connections exceeded$/i, "raise max_connections of nats-server"],
  [/^maximum account active connections exceeded$/i, "raise the account's limit of connections"],
  [
    /^maximum control line exceeded$/i,
    "use shorter subjects, or raise max_control_line of nats-server",
  ],
  [/^maximum payload violation$/i, "max_payload of nats-server was lowered"],
  [/^(user|account) authentication expired$/i, "give it new credentials"],
  [/^stale connection$/i, "its pings were not answered in time"],
];

/** `text`, in the server's words, about a connection: with what can be done about it. */
export function withRemedy(text: string): string {
  const known = ENDS.find(([pattern]) => pattern.test(text));
  return known === undefined ? text : `${text} (${known[1]})`;
}

/** `argument` is what follows -ERR, in single quotes as the server sends it. */
export function parseServerError(argument: string): ServerError {
  const text = unquoted(argument);
  const publication = PUBLICATION.exec(text);
  if (publication !== null) {
    const subject = unescaped(publication[1]);
    const remedy = "allow it in this user's permissions of nats-server (publish)";
    return { kind: "publication", text, subject, remedy };
  }
  const subscription = SUBSCRIPTION.exec(text);
  if (subscription !== null) {
    const subject = unescaped(subscription[1]);
    const id = subscription[2] === undefined ? undefined : Number(subscription[2]);
    const remedy = TOO_MANY_TOKENS.test(text)
      ? "raise max_subscription_tokens of nats-server"
      : "allow it in this user's permissions of nats-server (subscribe)";
    return { kind: "subscription", text, id, subject, remedy };
  }
  const unnamed = UNNAMED.find(([pattern]) => pattern.test(text));
  if (unnamed === undefined) return { kind: "other", text };
  return { kind: "subscription", text, id: undefined, subject: undefined, remedy: unnamed[1] };
}

/** What the server says, without the single quotes around it. */
export function unquoted(argument: string): string {
  return argument.trim().replace(/^'(.*)'$/s, "$1");
}

/** Subjects hold no control characters, but may hold quotes, backslashes and what Go does not take for printable. */
function unescaped(quoted = ""): string {
  return quoted.replace(/\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/g, (_, short, long, plain) =>
    plain === undefined ? String.fromCodePoint(Number.parseInt(short ?? long, 16)) : plain,
  );
}
