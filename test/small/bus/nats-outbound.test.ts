/** When what is published is written. Method: a connection that counts its writes, and a clock moved by hand. */
import { expect, test } from "bun:test";

import type { Link } from "../../../src/bus/nats-link.ts";
import { Outbound } from "../../../src/bus/nats-outbound.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const PAYLOAD = new Uint8Array(10);

function start() {
  const clock = new ManualClock();
  const outbound = new Outbound(1_000_000, clock, { onLost: () => {}, onTooLarge: () => {} });
  const written: number[] = [];
  let handedOver = 0;
  const write = () => {
    if (handedOver > 0) written.push(handedOver);
    handedOver = 0;
  };
  const link: Partial<Link> = {
    isWritable: true,
    hasEnded: () => false,
    payloadMaxBytes: () => 1_000_000,
    publish: () => void handedOver++,
    flush: write,
    // A round trip takes along what was handed over before it. It is answered at once.
    roundTrip: async () => write(),
  };
  outbound.attach(link as Link);
  return { clock, outbound, written };
}

const turnEnd = () => new Promise((resolve) => setImmediate(resolve));

test("what is published in one turn of the event loop leaves with one write at its end", async () => {
  const { outbound, written } = start();
  for (let count = 0; count < 3; count++) outbound.publish("a", PAYLOAD);
  expect(written).toEqual([]);
  await turnEnd();
  expect(written).toEqual([3]);
});

test("writes are a millisecond apart, and after a pause the next one waits for nothing", async () => {
  const { clock, outbound, written } = start();
  outbound.publish("a", PAYLOAD);
  await turnEnd();
  for (let turn = 0; turn < 4; turn++) {
    outbound.publish("a", PAYLOAD);
    await turnEnd();
  }
  expect(written).toEqual([1]);
  clock.advance(1);
  expect(written).toEqual([1, 4]);

  clock.advance(1);
  outbound.publish("a", PAYLOAD);
  await turnEnd();
  expect(written).toEqual([1, 4, 1]);
});

test("whoever waits for everything to be confirmed does not wait for the next write", async () => {
  const { outbound, written } = start();
  outbound.publish("a", PAYLOAD);
  await turnEnd();
  outbound.publish("a", PAYLOAD);
  await outbound.whenEmpty();
  expect(written).toEqual([1, 1]);
});
