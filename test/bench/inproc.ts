/**
 * What one payload costs on the bus inside the process, published and delivered, in nanoseconds:
 * bun test/bench/inproc.ts
 *
 * Payloads are published a thousand at a time and then handed on from the event loop. Each figure is the best of many
 * short rounds, as the machine is never quiet.
 */
import assert from "node:assert/strict";

import type { Bus, SubscribeOptions } from "../../src/bus/bus.ts";
import { createInprocOpenBus } from "../../src/bus/inproc.ts";
import { systemClock } from "../../src/platform/clock.ts";

const AT_ONCE = 1000;
const ROUND_PAYLOADS = 20 * AT_ONCE;
const BUDGET_MS = 1000;
const PAYLOAD = new Uint8Array(1000);

let delivered = 0;
const counting: SubscribeOptions = {
  pendingMaxBytes: 1e9,
  onDelivery: () => void delivered++,
  onDropped: () => assert.fail("dropped"),
};

await measure("nobody subscribed", 0, async () => {});
await measure("one subscriber", 1, async (open) => {
  await open().subscribe("a", counting);
});
await measure("one subscriber, asynchronous", 1, async (open) => {
  await open().subscribe("a", { ...counting, onDelivery: async () => void delivered++ });
});
await measure("one of 100 subscribers on other subjects", 1, async (open) => {
  for (let index = 0; index < 99; index++) await open().subscribe(`b.${index}`, counting);
  await open().subscribe("a", counting);
});
await measure("a queue group of four", 1, async (open) => {
  for (let index = 0; index < 4; index++) await open().subscribe("a", { ...counting, queue: "q" });
});
await measure("four subscribers", 4, async (open) => {
  for (let index = 0; index < 4; index++) await open().subscribe("a", counting);
});

/** Prints the best time for one payload, which must have reached `receivers`. */
async function measure(
  name: string,
  receivers: number,
  prepare: (open: () => Bus) => Promise<void>,
): Promise<void> {
  const openBus = createInprocOpenBus({ clock: systemClock });
  const open = () => openBus({ name: "bench", outboundMaxBytes: 1e9, onLost() {} });
  await prepare(open);
  const bus = open();
  let bestMs = Infinity;
  for (const endMs = performance.now() + BUDGET_MS; performance.now() < endMs;) {
    delivered = 0;
    const startMs = performance.now();
    for (let sent = 0; sent < ROUND_PAYLOADS; sent += AT_ONCE) {
      for (let count = 0; count < AT_ONCE; count++) void bus.publish("a", PAYLOAD);
      while (delivered < (sent + AT_ONCE) * receivers) await nextTurn();
    }
    bestMs = Math.min(bestMs, performance.now() - startMs);
    assert.equal(delivered, ROUND_PAYLOADS * receivers);
  }
  const ns = (bestMs * 1e6) / ROUND_PAYLOADS;
  console.log(`${name.padEnd(42)} ${ns.toFixed(0).padStart(5)} ns a payload`);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
