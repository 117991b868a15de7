/**
 * What is lost with a broken connection and nobody can count is said, once for each break; an ordinary end says nothing.
 * Method: real servers that cut off slow readers soon, or are killed; a process that is stopped, as by a debugger or a host
 * without processor time.
 */
import { expect, test } from "bun:test";

import { eventually } from "../../support/eventually.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import { startFakeNats } from "./fake-nats.ts";
import { collect, numbered, openTestBus, untilUp } from "./nats-support.ts";

const NOBODY = "are lost, and nobody can count them";
const WAITED = `ERROR NATS: messages that waited there for us (nats-server's log says why) ${NOBODY}`;

interface Report {
  readonly received: number;
  readonly uncounted: number;
  readonly log: readonly string[];
}

/** A subscriber to "a" in a process of its own, which can be stopped. */
async function startSubscriber(server: string) {
  const child = Bun.spawn(
    [process.execPath, `${import.meta.dir}/process-fixture.ts`, "count", server],
    { stdout: "pipe", stderr: "inherit", timeout: 30_000, killSignal: "SIGKILL" },
  );
  let output = "";
  const reading = (async () => {
    for await (const chunk of child.stdout) output += new TextDecoder().decode(chunk);
  })();
  await eventually("the subscription", () => output.includes("subscribed"));
  return {
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    async finish(): Promise<Report> {
      child.kill("SIGTERM");
      await reading;
      return JSON.parse(output.split("\n")[1] ?? "") as Report;
    },
  };
}

/** Publishes 15 MB, more than the system buffers, all of which the server confirms. */
async function publishMuch(server: string): Promise<number> {
  await using publisher = openTestBus({ servers: [server] });
  await untilUp(publisher.bus);
  const sent = numbered(1_500, 10_000);
  for (const payload of sent) await publisher.bus.publish("a", payload, 1);
  await publisher.bus.close(10_000);
  expect(publisher.lost).toEqual([]);
  return sent.length;
}

test("says so when the server cut off a subscriber that did not read", async () => {
  await using server = await startNatsServer({ config: 'write_deadline: "200ms"' });
  const subscriber = await startSubscriber(server.address);
  subscriber.kill("SIGSTOP");
  const sent = await publishMuch(server.address);
  await eventually("the server to cut it off", () => server.output().includes("Slow Consumer"));
  subscriber.kill("SIGCONT");
  const { received, uncounted, log } = await subscriber.finish();
  expect(received).toBeLessThan(sent);
  expect({ uncounted, log }).toEqual({
    uncounted: 1,
    log: [
      `INFO connected to NATS at ${server.address}`,
      `WARN lost the connection to NATS at ${server.address}: closed by the server`,
      WAITED,
      `WARN connected to NATS again, at ${server.address}`,
    ],
  });
});

test("says so when the server died with messages that a subscriber had not read", async () => {
  const server = await startNatsServer();
  const subscriber = await startSubscriber(server.address);
  subscriber.kill("SIGSTOP");
  const sent = await publishMuch(server.address);
  await server[Symbol.asyncDispose]();
  await using _ = await startNatsServer({ port: server.port });
  subscriber.kill("SIGCONT");
  const { received, uncounted, log } = await subscriber.finish();
  expect(received).toBeLessThan(sent);
  expect(uncounted).toBe(1);
  expect(log[2]).toBe(WAITED);
});

test("says so when the process had stood still and the end does not show what was lost", async () => {
  const server = await startNatsServer();
  const subscriber = await startSubscriber(server.address);
  await using publisher = openTestBus({ servers: [server.address] });
  await publisher.bus.publish("a", new Uint8Array(10));
  await Bun.sleep(100);
  subscriber.kill("SIGSTOP");
  await Bun.sleep(2_500);
  await server[Symbol.asyncDispose]();
  await using _ = await startNatsServer({ port: server.port });
  subscriber.kill("SIGCONT");
  const { received, uncounted, log } = await subscriber.finish();
  expect({ received, uncounted }).toEqual({ received: 1, uncounted: 1 });
  expect(log[2]).toMatch(
    /^ERROR NATS: this process stood still for [23] s: messages that waited for us are lost, and nobody can count them$/,
  );
});

test("says so when the server went on without us while messages came", async () => {
  await using server = await startNatsServer();
  await using proxy = await startTcpProxy(server.port);
  await using publisher = openTestBus({ servers: [server.address] });
  await using test = openTestBus({ servers: [proxy.address] });
  const received = await collect(test.bus, "a");
  await publisher.bus.publish("a", new Uint8Array(10));
  await eventually("the delivery", () => received.length === 1);
  proxy.cut();
  await eventually("the connection to be back", () => test.log.lines.length > 2);
  await eventually("it to be told", () => test.uncounted() === 1);
  expect(test.log.lines[3]).toMatch(
    /^ERROR NATS: the server went on for \d+ ms without us: messages published meanwhile, if nobody else of a queue group took them, are lost, and nobody can count them$/,
  );
});

test("says nothing of breaks with which nothing is lost", async () => {
  const server = await startNatsServer();
  await using proxy = await startTcpProxy(server.port);
  // One that nothing was published for, behind a network that fails.
  await using idle = openTestBus({ servers: [proxy.address] });
  await collect(idle.bus, "a");
  proxy.cut();
  await eventually("the connection to be back", () => idle.log.lines.length > 2);
  // One that only publishes.
  await using publisher = openTestBus({ servers: [server.address] });
  // One that messages come to, and keeps pace, while its server is restarted.
  await using busy = openTestBus({ servers: [server.address] });
  const received = await collect(busy.bus, "b");
  for (let round = 0; round < 3; round++) {
    for (const payload of numbered(100, 1_000)) await publisher.bus.publish("b", payload);
    const all = 100 * (round + 1);
    await eventually("the deliveries", () => received.length === all);
  }
  await server[Symbol.asyncDispose]();
  await using _ = await startNatsServer({ port: server.port });
  for (const { bus, log } of [idle, publisher, busy]) {
    await eventually("the connection to be back", () => bus.isReady() && log.lines.length > 2);
  }
  const uncounted = [idle, publisher, busy].map((each) => each.uncounted());
  expect(uncounted).toEqual([0, 0, 0]);
  const errors = [idle, publisher, busy]
    .flatMap(({ log }) => log.lines)
    .filter((line) => line.startsWith("ERROR NATS: "));
  expect(errors).toEqual([]);
});

test("hands on what came together with the end", async () => {
  await using fake = await startFakeNats();
  await using test = openTestBus({ servers: [fake.address] });
  let received = 0;
  const subscribing = test.bus.subscribe("a", {
    pendingMaxBytes: 1 << 20,
    onDelivery: () => void received++,
    onDropped() {},
  });
  subscribing.catch(() => {});
  const client = await eventually("the client", () => fake.clients[0]);
  await eventually("the subscription", () => client.received.includes("SUB a "));
  client.socket.end("MSG a 1 5\r\nhello\r\n".repeat(1000));
  await eventually("the end", () => test.log.lines.length > 1);
  await eventually("the deliveries", () => received === 1000);
});
