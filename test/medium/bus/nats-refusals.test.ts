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

test("of two subscriptions on a subject that stand, the one that is taken away is found", async () => {
  await using server = await startServer({ subscribe: ["lines one", "lines two"] });
  await using test = open(server);
  const one = collect(test.bus, "lines", "one");
  const two = collect(test.bus, "lines", "two");
  await eventually("ready", () => test.bus.isReady());
  await server.reload(permissions({ subscribe: ["lines one"] }));
  await eventually("the refusal to be told", () => errorsOf(test).length > 0);
  expect(errorsOf(test)[0]).toStartWith('ERROR not subscribed to "lines" in queue group "two"');
  await test.bus.publish("lines", PAYLOAD);
  await eventually("the delivery", () => one.length === 1);
  expect({ two, isReady: test.bus.isReady() }).toEqual({ two: [], isReady: false });
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

test("counts each payload that the server refuses, and tells of the subject, the remedy and the end", async () => {
  await using server = await startServer({});
  await using test = open(server);
  const received = collect(test.bus, ">");
  await eventually("ready", () => test.bus.isReady());
  for (let lines = 1; lines <= 3; lines++) await test.bus.publish("lines", PAYLOAD, lines);
  await eventually("the deliveries", () => received.length === 3);

  await server.reload(permissions({ publish: ["others"] }));
  for (let lines = 4; lines <= 6; lines++) await test.bus.publish("lines", PAYLOAD, lines);
  await test.bus.publish("others", PAYLOAD, 7);
  await eventually("the losses", () => test.lost.length === 3);
  await eventually("what is still allowed", () => received.includes("others 0"));
  expect(test.lost).toEqual(
    [4, 5, 6].map((lines) => ({ subject: "lines", lines, why: "refused" })),
  );
  const isRefused = (subject: string) => test.bus.isRefused(subject);
  expect([isRefused("lines"), isRefused("others"), test.bus.isReady()]).toEqual([
    true,
    false,
    false,
  ]);
  expect(errorsOf(test)).toEqual([
    'ERROR what is published on "lines" is lost, trying on: NATS says "Permissions Violation for Publish to ' +
      '"lines"": allow it in this user\'s permissions of nats-server (publish)',
  ]);

  // What comes now is lost without asking the server, which tells of each that it refuses in its own log.
  const violations = () => server.output().split("Publish Violation").length - 1;
  const violationsBefore = violations();
  for (let count = 0; count < 1000; count++) {
    await test.bus.publish("lines", PAYLOAD, 1);
    if (count % 100 === 0) await Bun.sleep(1);
  }
  expect(test.bus.refusedLines()).toBe(4 + 5 + 6 + 1000);
  expect(test.lost.length).toBe(1003);
  expect(violations() - violationsBefore).toBeLessThan(10);

  await server.reload(permissions({}));
  await eventually("the permission to be found", () => !isRefused("lines"));
  expect([test.bus.refusedLines(), test.bus.isReady()]).toEqual([0, true]);
  expect(test.log.lines.at(-1)).toBe(
    'ERROR NATS takes what is published on "lines" again; 1015 lines for it were lost',
  );
  await test.bus.publish("lines", PAYLOAD, 1);
  await eventually(
    "the delivery",
    () => received.filter((text) => text === "lines 0").length === 4,
  );
  // The probe that found it is empty.
  expect(received.filter((text) => text === "lines ").length).toBe(1);
  expect(test.lost.length).toBe(1003);

  await server.reload(permissions({ publish: ["others"] }));
  await test.bus.publish("lines", PAYLOAD, 1);
  await eventually("the next refusal to be told at once", () => errorsOf(test).length === 3);
});

test("metrics that the server refuses are told, and no reason not to be ready", async () => {
  await using server = await startServer({ publish: ["lines"] });
  await using test = open(server);
  const received = collect(test.bus, ">");
  await eventually("ready", () => test.bus.isReady());
  await test.bus.publish("metrics", PAYLOAD);
  await eventually("the refusal to be known", () => test.bus.isRefused("metrics"));
  await test.bus.publish("lines", PAYLOAD, 1);
  await eventually("the delivery", () => received.length === 1);
  expect(test.bus.isReady()).toBe(true);
  expect(errorsOf(test).length).toBe(1);
  expect(errorsOf(test)[0]).toStartWith(
    'ERROR what is published on "metrics" is lost, trying on: ',
  );
  await server.reload(permissions({}));
  await eventually("the permission to be found", () => !test.bus.isRefused("metrics"));
  expect(test.log.lines.at(-1)).toBe('WARN NATS takes what is published on "metrics" again');
});

test("exact at the moment when a permission goes and when it comes, and nothing is counted twice", async () => {
  await using server = await startServer({});
  await using receiver = openTestBus({ servers: [server.address], user: "u", password: "p" });
  const received: number[] = [];
  await receiver.bus.subscribe("lines", {
    pendingMaxBytes: 1_000_000_000,
    onDelivery: ({ payload }) => void received.push(Number(decode(payload) || "0")),
    onDropped: () => {},
  });
  await using test = open(server);
  // Each payload holds the number of its lines, and no two have the same.
  let count = 0;
  const publishFor = async (ms: number) => {
    for (const endMs = performance.now() + ms; performance.now() < endMs; await Bun.sleep(1)) {
      for (let time = 0; time < 20; time++) {
        count++;
        await test.bus.publish("lines", new TextEncoder().encode(`${count}`), count);
      }
    }
  };
  for (let time = 1; time <= 3; time++) {
    const going = publishFor(400);
    await server.reload(permissions({ publish: ["others"] }));
    await going;
    const coming = publishFor(400);
    await server.reload(permissions({}));
    await coming;
  }
  await eventually("the permission to be found", () => !test.bus.isRefused("lines"));
  await test.bus.close(10_000);
  const lost = test.lost.map(({ lines }) => lines);
  const arrived = () => received.filter((lines) => lines > 0);
  await eventually("the last delivery", () => arrived().length + lost.length >= count);
  expect(lost.length).toBeGreaterThan(0);
  const all = [...arrived(), ...lost].sort((one, other) => one - other);
  expect(all).toEqual(Array.from({ length: count }, (_, index) => index + 1));
});

test("a subject that the server maps to one that may not be published on", async () => {
  const mapping = "mappings: { lines: elsewhere }";
  await using server = await startNatsServer({
    config: `${permissions({ publish: ["lines", "metrics"] })}\n${mapping}`,
  });
  await using test = open(server);
  const received = collect(test.bus, ">");
  await eventually("ready", () => test.bus.isReady());
  await test.bus.publish("metrics", PAYLOAD);
  await test.bus.publish("lines", PAYLOAD, 5);
  await eventually("the loss", () => test.lost.length > 0);
  expect(test.lost).toEqual([{ subject: "lines", lines: 5, why: "refused" }]);
  expect([test.bus.isRefused("lines"), test.bus.isReady()]).toEqual([true, false]);
  expect(errorsOf(test)[0]).toStartWith('ERROR what is published on "elsewhere" is lost');
  await server.reload(`${permissions({})}\n${mapping}`);
  await eventually("ready", () => test.bus.isReady());
  await test.bus.publish("lines", PAYLOAD, 5);
  await eventually("the delivery", () => received.includes("elsewhere 0"));
});

test("a refusal is forgotten with its connection: what was published meanwhile is held", async () => {
  await using server = await startServer({ publish: ["others"] });
  await using test = open(server);
  await eventually("ready", () => test.bus.isReady());
  await test.bus.publish("lines", PAYLOAD, 1);
  await eventually("the refusal to be known", () => test.bus.isRefused("lines"));
  await server[Symbol.asyncDispose]();
  await eventually("the loss to be noticed", () => test.bus.state() === "down");
  await test.bus.publish("lines", PAYLOAD, 2);
  await using again = await startNatsServer({ port: server.port, config: permissions({}) });
  await test.bus.close(10_000);
  expect(test.lost).toEqual([{ subject: "lines", lines: 1, why: "refused" }]);
  const counts = await fetch(`${again.monitorUrl}/varz`);
  expect(await counts.json()).toMatchObject({ in_msgs: 1 });
});
