/**
 * A connection on which anything moves is alive, whatever is not answered yet; one on which nothing does is dead.
 * Method: servers that send or read so slowly that their answer to a ping takes many of the intervals.
 */
import { expect, test } from "bun:test";

import { eventually } from "../../support/eventually.ts";
import { startFakeNats } from "./fake-nats.ts";
import { openTestBus, untilUp } from "./nats-support.ts";

const PING_MS = 200;
const times = { pingIntervalMs: PING_MS };

test("a server whose answer stands behind long traffic is alive until the traffic ends", async () => {
  await using fake = await startFakeNats();
  await using test = openTestBus({ servers: [fake.address] }, { times });
  let received = 0;
  const subscribing = test.bus.subscribe("a", {
    pendingMaxBytes: 1 << 20,
    onDelivery: () => void received++,
    onDropped() {},
  });
  subscribing.catch(() => {});
  const client = await eventually("the client", () => fake.clients[0]);
  await eventually("the subscription", () => client.received.includes("SUB a "));
  // One message, of which a byte comes now and then: the client calls nobody meanwhile.
  client.socket.write("MSG a 1 20\r\n");
  for (let byte = 0; byte < 20; byte++) {
    client.socket.write("x");
    await Bun.sleep(PING_MS / 2);
  }
  expect(client.received).toContain("PING\r\n");
  expect({ received, isOpen: client.isOpen }).toEqual({ received: 0, isOpen: true });
  client.socket.write("\r\n");
  await eventually("the delivery", () => received === 1);
  await eventually("the silence to be noticed", () => !client.isOpen);
  expect(test.log.lines[1]).toContain("the server does not answer");
});

test("a server that reads slowly is alive while it reads", async () => {
  await using fake = await startFakeNats();
  await using test = openTestBus({ servers: [fake.address] }, { times });
  await untilUp(test.bus);
  const client = await eventually("the client", () => fake.clients[0]);
  client.socket.pause();
  for (let count = 0; count < 60; count++) void test.bus.publish("a", new Uint8Array(1_000_000));
  // A megabyte at a time, with pauses: the ping stands behind all of them.
  let read = 0;
  client.socket.on("data", ({ length }) => {
    read += length;
    if (Math.floor(read / 1e6) > Math.floor((read - length) / 1e6)) client.socket.pause();
  });
  while (read < 50e6 && client.isOpen) {
    client.socket.resume();
    await Bun.sleep(PING_MS / 5);
  }
  client.socket.pause();
  expect(client.isOpen).toBe(true);
  await eventually("the silence to be noticed", () => test.bus.state() === "down");
  expect(test.log.lines[1]).toContain("the server does not answer");
});
