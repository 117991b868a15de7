/** What probes say in each state of what they watch. Method: a component that is as the test says, on a real port. */
import { expect, test } from "bun:test";

import { SpoutError } from "../../../src/platform/errors.ts";
import { deadlineIn, type Running } from "../../../src/platform/lifecycle.ts";
import { startWithProbes } from "../../../src/probes/probes.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { freePort } from "../../support/server-process.ts";

const SETS = [{ measurement: "m", tags: { c: "n" }, counts: { received: 5 } }];

function setUp(port = freePort()) {
  const clock = new ManualClock();
  const log = new RecordingLog();
  const state = { ready: false, alive: true, looks: 0 };
  const stopped = Promise.withResolvers<{ lostLines: number }>();
  const running: Running = {
    name: "it",
    ready() {
      state.looks++;
      return state.ready;
    },
    alive: () => state.alive,
    metrics: () => SETS,
    stop: () => stopped.promise,
    failed: new Promise(() => {}),
  };
  const options = {
    port,
    printMetrics: (sets: unknown) => `${JSON.stringify(sets)}\n`,
    metricsType: "text/odd",
    clock,
    log,
  };
  const get = async (path: string, method = "GET") => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return `${answer.status} ${JSON.stringify(await answer.text())}`;
  };
  return { clock, log, state, stopped, running, options, get, port };
}

const GOOD = '200 ""';
const BAD = '503 "Service Unavailable\\n"';

test("from before the start until it has stopped the process is alive; it is ready only in between", async () => {
  const { clock, state, stopped, running, options, get, port } = setUp();
  const starting = Promise.withResolvers<Running>();
  const started = startWithProbes(options, () => starting.promise);
  // The port is bound before anything else happens.
  await Bun.sleep(0);
  expect([await get("/healthz"), await get("/readyz")]).toEqual([GOOD, BAD]);
  expect(await get("/metrics")).toBe('200 "[]\\n"');

  starting.resolve(running);
  const probed = await started;
  expect([await get("/healthz"), await get("/readyz")]).toEqual([GOOD, BAD]);
  state.ready = true;
  expect([await get("/healthz"), await get("/readyz")]).toEqual([GOOD, GOOD]);
  state.ready = false;
  expect(await get("/readyz")).toBe(BAD);

  state.ready = true;
  const stopping = probed.stop(deadlineIn(clock, 1000));
  expect([await get("/healthz"), await get("/readyz")]).toEqual([GOOD, BAD]);
  stopped.resolve({ lostLines: 3 });
  expect(await stopping).toEqual({ lostLines: 3 });
  expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  expect(clock.timerCount).toBe(0);
});

test("what hangs is not alive", async () => {
  const { clock, state, stopped, running, options, get } = setUp();
  const probed = await startWithProbes(options, async () => running);
  expect(await get("/healthz")).toBe(GOOD);
  state.alive = false;
  expect(await get("/healthz")).toBe(BAD);
  stopped.resolve({ lostLines: 0 });
  await probed.stop(deadlineIn(clock, 1000));
});

test("the page of metrics is printed anew for each request, and has its type", async () => {
  const { clock, stopped, running, options, get, port } = setUp();
  const probed = await startWithProbes(options, async () => running);
  expect(await get("/metrics")).toBe(`200 ${JSON.stringify(`${JSON.stringify(SETS)}\n`)}`);
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(answer.headers.get("Content-Type")).toBe("text/odd");
  stopped.resolve({ lostLines: 0 });
  await probed.stop(deadlineIn(clock, 1000));
});

test("any method will do; other paths are not there", async () => {
  const { clock, state, stopped, running, options, get } = setUp();
  state.ready = true;
  const probed = await startWithProbes(options, async () => running);
  expect(await get("/readyz", "POST")).toBe(GOOD);
  expect(await get("/readyz?verbose", "HEAD")).toBe(GOOD);
  for (const path of ["/", "/ready", "/readyz/", "/constructor", "/__proto__"]) {
    expect(await get(path)).toBe('404 "404 page not found\\n"');
  }
  stopped.resolve({ lostLines: 0 });
  await probed.stop(deadlineIn(clock, 1000));
});

test("who finds out only when asked whether it is ready is asked every second", async () => {
  const { clock, state, stopped, running, options } = setUp();
  const probed = await startWithProbes(options, async () => running);
  expect(state.looks).toBe(1);
  clock.advance(3000);
  expect(state.looks).toBe(4);
  stopped.resolve({ lostLines: 0 });
  await probed.stop(deadlineIn(clock, 1000));
  clock.advance(3000);
  expect(state.looks).toBe(4);
});

test("port 0 is no probes: what is started is handed on as it is", async () => {
  const { log, running, options } = setUp(0);
  expect(await startWithProbes(options, async () => running)).toBe(running);
  expect(log.lines).toEqual([]);
});

test("a port that is taken is an error that names it, and nothing is started", async () => {
  using other = Bun.listen({ hostname: "::", port: 0, socket: { data() {} } });
  const { options } = setUp(other.port);
  let isStarted = false;
  const starting = startWithProbes(options, async () => {
    isStarted = true;
    throw new Error("started");
  });
  await expect(starting).rejects.toThrow(`cannot bind TCP port ${other.port}: address already in`);
  await expect(starting).rejects.toBeInstanceOf(SpoutError);
  expect(isStarted).toBe(false);
});

test("if what is started cannot start, the port is free again", async () => {
  const { options, port } = setUp();
  const starting = startWithProbes(options, () => Promise.reject(new SpoutError("no disk")));
  await expect(starting).rejects.toThrow("no disk");
  expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
});
