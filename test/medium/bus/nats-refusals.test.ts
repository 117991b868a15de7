/**
 * What a server does not allow. Goal: nothing counts as done that the server refused, the operator hears of it and of what
 * helps, and it goes on by itself when it is allowed. Method: real servers, whose permissions change while they run.
 */
import { expect, test } from "bun:test";

import type { Bus, SubscribeOptions } from "../../../src/bus/bus.ts";
import { eventually } from "../../support/eventually.ts";
import { type NatsServer, permissions, startNatsServer } from "../../support/nats-server.ts";
import { decode, numbered, openTestBus, type TestBus } from "./nats-support.ts";

const PAYLOAD = numbered(1)[0] ?? new Uint8Array();

function open(server: NatsServer): TestBus {
  return openTestBus({ servers: [server.address], user: "u", password: "p" });
}

function startServer(allowed: Parameters<typeof permissions>[0]): Promise<NatsServer> {
  return startNatsServer({ config: permissions(allowed) });
}

/** Subscribes, in `queue` if that is not empty; what arrives is added to the list at once. */
function collect(bus: Bus, subject: string, queue = ""): string[] {
  const received: string[] = [];
  const options: SubscribeOptions = {
    ...(queue === "" ? {} : { queue }),
    pendingMaxBytes: 1_000_000,
    onDelivery: (delivery) => void received.push(`${delivery.subject} ${decode(delivery.payload)}`),
    onDropped: () => {},
  };
  bus.subscribe(subject, options).catch(() => {});
  return received;
}

function errorsOf(test: TestBus): string[] {
  return test.log.lines.filter((line) => line.startsWith("ERROR"));
}

/** How many of `subjects` arrive in `received`, found out by publishing on all of them. */
async function arrive(bus: Bus, received: readonly string[], subjects: readonly string[]) {
  const before = received.length;
  for (const subject of subjects) await bus.publish(subject, PAYLOAD);
  await bus.publish("last", PAYLOAD);
  await eventually("the last one", () => received.slice(before).includes("last 0"));
  return received.slice(before, -1).sort();
}

for (const queue of ["", "workers"]) {
  const inQueue = queue === "" ? "" : ` in queue group "${queue}"`;
  const usingQueue = queue === "" ? "" : ` using queue "${queue}"`;

  test(`a subscription${inQueue} that is refused is asked for until it is allowed`, async () => {
    await using server = await startServer({ subscribe: ["other"] });
    await using test = open(server);
    const received = collect(test.bus, "lines", queue);
    await eventually("the refusal to be told", () => errorsOf(test).length > 0);
    expect(errorsOf(test)).toEqual([
      `ERROR not subscribed to "lines"${inQueue}, trying on: NATS says ` +
        `"Permissions Violation for Subscription to "lines"${usingQueue}": ` +
        "allow it in this user's permissions of nats-server (subscribe)",
    ]);
    expect({ state: test.bus.state(), isReady: test.bus.isReady() }).toEqual({
      state: "up",
      isReady: false,
    });

    await server.reload(permissions({ subscribe: ["lines"] }));
    await eventually("ready", () => test.bus.isReady());
    await test.bus.publish("lines", PAYLOAD);
    await eventually("the delivery", () => received.length === 1);
    expect(test.log.lines.at(-1)).toBe(`WARN subscribed to "lines"${inQueue}: NATS allows it now`);
    expect(errorsOf(test).length).toBe(1);
  });

  test(`a subscription${inQueue} that is taken away is told each time, and comes back`, async () => {
    await using server = await startServer({});
    await using test = open(server);
    const received = collect(test.bus, "lines", queue);
    const others = collect(test.bus, "others");
    await eventually("ready", () => test.bus.isReady());

    for (let time = 1; time <= 2; time++) {
      await server.reload(permissions({ subscribe: ["others"] }));
      await eventually("not ready", () => !test.bus.isReady());
      expect(errorsOf(test).length).toBe(time);
      expect(errorsOf(test).at(-1)).toMatch(
        new RegExp(`^ERROR not subscribed to "lines"${inQueue}, trying on: .*\\(subscribe\\)$`),
      );
      await test.bus.publish("others", PAYLOAD);
      await eventually("what is still allowed", () => others.length === time);

      await server.reload(permissions({}));
      await eventually("ready", () => test.bus.isReady());
      await test.bus.publish("lines", PAYLOAD);
      await eventually("the delivery", () => received.length === time);
    }
    expect(test.log.lines.filter((line) => line.startsWith("WARN"))).toEqual(
      Array.from({ length: 2 }, () => `WARN subscribed to "lines"${inQueue}: NATS allows it now`),
    );
  });
}

test("one of two subscriptions on a subject is refused for its queue group alone", async () => {
  await using server = await startServer({ subscribe: ["lines good", "last"] });
  await using test = open(server);
  const bad = collect(test.bus, "lines", "bad");
  const good = collect(test.bus, "lines", "good");
  await eventually("the refusal to be told", () => errorsOf(test).length > 0);
  expect(errorsOf(test)[0]).toStartWith('ERROR not subscribed to "lines" in queue group "bad"');
  await test.bus.publish("lines", PAYLOAD);
  await eventually("the delivery", () => good.length === 1);
  expect({ bad, isReady: test.bus.isReady() }).toEqual({ bad: [], isReady: false });

  await server.reload(permissions({ subscribe: ["lines bad", "last"] }));
  await eventually("the other refusal to be told", () =>
    errorsOf(test).some((line) => line.includes('in queue group "good"')),
  );
  await eventually("the first to be allowed", () =>
    test.log.lines.includes('WARN subscribed to "lines" in queue group "bad": NATS allows it now'),
  );
  await test.bus.publish("lines", PAYLOAD);
  await eventually("the delivery", () => bad.length === 1);
});

test("of subscriptions above max_subscriptions each is told, and none counts as confirmed", async () => {
  await using server = await startNatsServer({ config: "max_subscriptions: 3" });
  await using test = openTestBus({ servers: [server.address] });
  const received: string[] = [];
  const confirmed: string[] = [];
  for (const subject of ["last", "a", "b", "c", "d"]) {
    const options: SubscribeOptions = {
      ...(subject === "d" ? { queue: "workers" } : {}),
      pendingMaxBytes: 1_000_000,
      onDelivery: (delivery) =>
        void received.push(`${delivery.subject} ${decode(delivery.payload)}`),
      onDropped: () => {},
    };
    void test.bus.subscribe(subject, options).then(
      () => confirmed.push(subject),
      () => {},
    );
  }
  await eventually("both refusals to be told", () => errorsOf(test).length >= 2);
  expect(await arrive(test.bus, received, ["a", "b", "c", "d"])).toEqual(["a 0", "b 0"]);
  expect({ confirmed, isReady: test.bus.isReady() }).toEqual({
    confirmed: ["last", "a", "b"],
    isReady: false,
  });
  const why =
    'trying on: NATS says "maximum subscriptions exceeded": ' +
    "raise max_subscriptions of nats-server, which needs a restart, or the limit of the account";
  expect(errorsOf(test)).toEqual([
    `ERROR not subscribed to "c", ${why}`,
    `ERROR not subscribed to "d" in queue group "workers", ${why}`,
  ]);

  // With a restart there is room for all.
  await server[Symbol.asyncDispose]();
  await using _ = await startNatsServer({ port: server.port });
  await eventually("all to be confirmed", () => confirmed.length === 5);
  await eventually("ready", () => test.bus.isReady());
  expect(await arrive(test.bus, received, ["a", "b", "c", "d"])).toEqual([
    ...["a 0", "b 0", "c 0", "d 0"],
  ]);
});

test("a subject with too many tokens, and one with quotes in it, are told by their names", async () => {
  const allowed = permissions({ subscribe: ["a.b.c"] });
  await using server = await startNatsServer({ config: `${allowed}\nmax_subscription_tokens: 2` });
  await using test = open(server);
  collect(test.bus, "a.b.c");
  collect(test.bus, `it's"quoted"\\`);
  await eventually("both refusals to be told", () => errorsOf(test).length >= 2);
  expect(errorsOf(test)).toEqual([
    'ERROR not subscribed to "a.b.c", trying on: NATS says "Permissions Violation for Subscription to "a.b.c", ' +
      'too many tokens": raise max_subscription_tokens of nats-server',
    `ERROR not subscribed to "it's"quoted"\\", trying on: NATS says ` +
      `"Permissions Violation for Subscription to "it's\\"quoted\\"\\\\"": ` +
      "allow it in this user's permissions of nats-server (subscribe)",
  ]);
});

test("is not ready again before the next connection has confirmed what the last one had", async () => {
  await using server = await startServer({});
  await using test = open(server);
  collect(test.bus, "lines", "workers");
  await eventually("ready", () => test.bus.isReady());
  await server[Symbol.asyncDispose]();
  await eventually("not ready", () => !test.bus.isReady());
  await using again = await startNatsServer({
    port: server.port,
    config: permissions({ subscribe: ["other"] }),
  });
  await eventually("the refusal to be told", () => errorsOf(test).length > 0);
  expect({ state: test.bus.state(), isReady: test.bus.isReady() }).toEqual({
    state: "up",
    isReady: false,
  });
  await again.reload(permissions({}));
  await eventually("ready", () => test.bus.isReady());
});

test("a refused subscription is no reason to wait at a stop", async () => {
  await using server = await startServer({ subscribe: ["other"] });
  const test = open(server);
  collect(test.bus, "lines", "workers");
  await eventually("the refusal to be told", () => errorsOf(test).length > 0);
  await test.bus.close(60_000);
  expect(test.bus.state()).toBe("closed");
});
