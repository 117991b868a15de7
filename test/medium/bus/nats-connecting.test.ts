/**
 * Connecting and staying connected. Method: real servers, and listeners that are no servers; where it is about
 * pauses, a clock that notes them.
 */
import { expect, test } from "bun:test";

import { type AttemptOptions, NatsTransport } from "../../../src/bus/nats-transport.ts";
import { type Clock, systemClock } from "../../../src/platform/clock.ts";
import { eventually } from "../../support/eventually.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { freePort } from "../../support/server-process.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import { collect, openTestBus, untilUp } from "./nats-support.ts";

test("ends an attempt that gets no answer, its socket included", async () => {
  let open = 0;
  let attempts = 0;
  const silent = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: () => void (attempts++, open++),
      close: () => void open--,
      data() {},
    },
  });
  const address = `127.0.0.1:${silent.port}`;
  await using test = openTestBus({ servers: [address] }, { times: { connectMaxMs: 20 } });
  await eventually("several attempts", () => attempts >= 5);
  await test.bus.close(0);
  await eventually("the sockets to be closed", () => open === 0);
  silent.stop(true);
  expect(test.log.lines).toEqual([
    `WARN cannot connect to NATS, trying on: ${address}: no answer within 20 ms`,
  ]);
});

test("ends an attempt that is still connecting", async () => {
  let open = 0;
  const silent = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { open: () => void open++, close: () => void open--, data() {} },
  });
  const attempt = new AbortController();
  const options: AttemptOptions = { attempt: attempt.signal };
  const connecting = new NatsTransport().connect(
    { hostname: "127.0.0.1", port: silent.port },
    options,
  );
  // Nothing has come back from the system yet.
  attempt.abort(new Error("given up"));
  await expect(connecting).rejects.toThrow("given up");
  await eventually("no socket to be left", () => open === 0);
  silent.stop(true);
});

test("ends an attempt under way when it is closed", async () => {
  let open = 0;
  const silent = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { open: () => void open++, close: () => void open--, data() {} },
  });
  const test = openTestBus(
    { servers: [`127.0.0.1:${silent.port}`] },
    { times: { connectMaxMs: 60_000 } },
  );
  await eventually("the attempt", () => open === 1);
  await test.bus.close(0);
  await eventually("its end", () => open === 0);
  silent.stop(true);
});

test("keeps two timers while it is connected, for the pings and for looking, and none once closed", async () => {
  await using server = await startNatsServer();
  const clock = new ManualClock();
  const test = openTestBus({ servers: [server.address] }, { clock });
  await test.bus.subscribe("a", { pendingMaxBytes: 1, onDelivery() {}, onDropped() {} });
  await test.bus.publish("a", new Uint8Array(1));
  expect(clock.timerCount).toBe(2);
  await test.bus.close(10_000);
  await eventually("the last one to be gone", () => clock.timerCount === 0);
});

test("pauses between attempts, longer each time", async () => {
  const { clock, waits } = hastyClock();
  const servers = [`127.0.0.1:${freePort()}`];
  await using _ = openTestBus({ servers }, { clock, times: PAUSES });
  await eventually("five attempts", () => waits.length >= 5);
  expect(waits.slice(0, 5).map(fullPauseMs)).toEqual([100, 200, 400, 400, 400]);
});

test("pauses little after a connection that lasted, and longer each time after one that did not", async () => {
  await using server = await startNatsServer();
  await using proxy = await startTcpProxy(server.port);
  const pausesWhen = async (steadyMs: number) => {
    const { clock, waits } = hastyClock();
    const times = { ...PAUSES, steadyMs };
    await using test = openTestBus({ servers: [proxy.address] }, { clock, times });
    for (let cuts = 1; cuts <= 4; cuts++) {
      await untilUp(test.bus);
      proxy.cut();
      await eventually("the pause", () => waits.length >= cuts);
    }
    return waits.slice(0, 4).map(fullPauseMs);
  };
  expect(await pausesWhen(0)).toEqual([100, 100, 100, 100]);
  expect(await pausesWhen(60_000)).toEqual([100, 200, 400, 400]);
});

test("stays connected while its pings are answered, late ones included", async () => {
  await using server = await startNatsServer();
  const clock = new ManualClock();
  const pingIntervalMs = 1000;
  await using test = openTestBus(
    { servers: [server.address] },
    { clock, times: { pingIntervalMs } },
  );
  const received = await collect(test.bus, "a");
  for (let round = 1; round <= 5; round++) {
    // The second moment comes before any answer can have.
    clock.advance(pingIntervalMs);
    clock.advance(pingIntervalMs);
    await test.bus.publish("a", new Uint8Array(1));
    await eventually("the answer, and what came behind it", () => received.length === round);
  }
  expect({ state: test.bus.state(), lines: test.log.lines.length }).toEqual({
    state: "up",
    lines: 1,
  });
});

test("uses the next server when the first is not there, and when it goes", async () => {
  const dead = `127.0.0.1:${freePort()}`;
  const first = await startNatsServer();
  await using second = await startNatsServer();
  const servers = [dead, first.address, second.address];
  await using test = openTestBus({ servers });
  await untilUp(test.bus);
  await first[Symbol.asyncDispose]();
  await eventually("the move", () => test.log.lines.length >= 3);
  expect([test.log.lines[0], test.log.lines[2]]).toEqual([
    `INFO connected to NATS at ${first.address}`,
    `WARN connected to NATS again, at ${second.address}`,
  ]);
});

const PAUSES = { connectMaxMs: 60_000, pingIntervalMs: 50_000, retryFirstMs: 100, retryMaxMs: 400 };

/** A clock whose pauses are noted, and over at once; the other waits are real. */
function hastyClock(): { clock: Clock; waits: number[] } {
  const waits: number[] = [];
  const clock: Clock = {
    ...systemClock,
    after(delayMs, callback) {
      if (delayMs > PAUSES.retryMaxMs) return systemClock.after(delayMs, callback);
      waits.push(delayMs);
      return systemClock.after(0, callback);
    },
  };
  return { clock, waits };
}

/** The pause as it was before a random part, up to a half, was taken off. */
function fullPauseMs(waitMs: number): number | undefined {
  return [100, 200, 400].find((fullMs) => waitMs > fullMs / 2 && waitMs <= fullMs);
}
