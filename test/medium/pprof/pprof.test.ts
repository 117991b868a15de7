/** Profiles around a component that is as the test says, on a real port, and who can reach them. */
import { expect, test } from "bun:test";

import { systemClock } from "../../../src/platform/clock.ts";
import { SpoutError } from "../../../src/platform/errors.ts";
import { deadlineIn, type Running } from "../../../src/platform/lifecycle.ts";
import { startWithPprof } from "../../../src/pprof/pprof.ts";
import { eventually } from "../../support/eventually.ts";
import { pprofAt } from "../../support/pprof.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { freePort } from "../../support/server-process.ts";

const IDLE: Running = {
  name: "it",
  ready: () => true,
  metrics: () => [],
  stop: async () => ({ lostLines: 3 }),
  failed: new Promise(() => {}),
};

function setUp(port = freePort()) {
  const log = new RecordingLog();
  const options = { port, clock: systemClock, log };
  const deadline = deadlineIn(systemClock, 1000);
  return { log, options, deadline, pprof: pprofAt(port), port };
}

const reaches = (address: string) =>
  fetch(`http://${address}/debug/pprof/`).then(
    ({ status }) => status,
    () => "refused",
  );

test("profiles are there from before the start until it has stopped", async () => {
  const { log, options, deadline, pprof, port } = setUp();
  const starting = Promise.withResolvers<Running>();
  const started = startWithPprof(options, () => starting.promise);
  await eventually("it is bound", async () => (await reaches(`127.0.0.1:${port}`)) === 200);
  const stopping = Promise.withResolvers<{ lostLines: number }>();
  starting.resolve({ ...IDLE, stop: () => stopping.promise });
  const running = await started;
  expect(await pprof.ask("")).toStartWith("200 Profiles of this process");
  expect(log.lines).toEqual([
    `INFO profiles at http://127.0.0.1:${port}/debug/pprof/ and http://[::1]:${port}/debug/pprof/`,
  ]);
  const stopped = running.stop(deadline);
  expect(await pprof.ask("")).toStartWith("200 ");
  // What is under way does not hold up the stop.
  const late = pprof.ask("profile?seconds=300").catch(() => "broken off");
  await eventually("it is under way", async () => (await pprof.ask("heap")).startsWith("409 "));
  stopping.resolve({ lostLines: 3 });
  expect(await stopped).toEqual({ lostLines: 3 });
  expect(await late).toBe("broken off");
  expect(await reaches(`127.0.0.1:${port}`)).toBe("refused");
});

test("they are for clients on the loopback addresses alone", async () => {
  const { options, deadline, port } = setUp();
  const running = await startWithPprof(options, async () => IDLE);
  expect(await reaches(`127.0.0.1:${port}`)).toBe(200);
  expect(await reaches(`[::1]:${port}`)).toBe(200);
  // An address of this machine that would be answered if all were bound.
  expect(await reaches(`127.0.0.2:${port}`)).toBe("refused");
  await running.stop(deadline);
});

test("other paths are not there", async () => {
  const { options, deadline, pprof, port } = setUp();
  const running = await startWithPprof(options, async () => IDLE);
  for (const path of ["trace", "profile/", "heap/x", "constructor"]) {
    expect(await pprof.ask(path)).toBe("404 404 page not found\n");
  }
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
  expect(await pprof.ask("heap", { method: "POST" })).toBe("404 404 page not found\n");
  await running.stop(deadline);
});

test("a profile names what ran, and a snapshot what is in memory", async () => {
  const { options, deadline, pprof } = setUp();
  class OnlyInThisTest {
    readonly spin = (): void => burnProcessorTime();
  }
  const held = new OnlyInThisTest();
  const running = await startWithPprof(options, async () => IDLE);
  let isOver = false;
  const spinning = (async () => {
    while (!isOver) {
      held.spin();
      await Bun.sleep(1);
    }
  })();
  const functions = await pprof.functionsOf(0);
  isOver = true;
  await spinning;
  expect(functions).toContainEqual(expect.stringMatching(/^burnProcessorTime .*pprof\.test\.ts/));
  expect(functions.filter((name) => name.startsWith("(idle) "))).toHaveLength(1);
  expect(await pprof.textsIn(0)).toContain("OnlyInThisTest");
  await running.stop(deadline);
});

function burnProcessorTime(): void {
  const endMs = performance.now() + 10;
  while (performance.now() < endMs) Math.random();
}

test("a client that goes away ends its profile", async () => {
  const { options, deadline, pprof } = setUp();
  const running = await startWithPprof(options, async () => IDLE);
  const client = new AbortController();
  const asked = pprof.ask("profile?seconds=300", { signal: client.signal }).catch(() => "gone");
  await eventually("it is under way", async () => (await pprof.ask("heap")).startsWith("409 "));
  client.abort();
  expect(await asked).toBe("gone");
  await eventually("there is room", async () => (await pprof.ask("heap")) === "200 file");
  await running.stop(deadline);
});

test("the threads of what was started can be asked for", async () => {
  const { options, deadline, pprof } = setUp();
  const heapSnapshot = () => Promise.reject(new SpoutError("no such luck"));
  const profiler = { start: async () => {}, stop: heapSnapshot, heapSnapshot };
  const threaded = { ...IDLE, threadProfilers: () => [profiler] };
  const running = await startWithPprof(options, async () => threaded);
  expect(await pprof.ask("heap?thread=1")).toBe("503 no such luck\n");
  expect(await pprof.ask("heap?thread=2")).toStartWith("400 ");
  await running.stop(deadline);
});

test("port 0 is no profiles: what is started is handed on as it is", async () => {
  const { log, options } = setUp(0);
  expect(await startWithPprof(options, async () => IDLE)).toBe(IDLE);
  expect(log.lines).toEqual([]);
});

test("a port that is taken is an error that names it, and nothing is started", async () => {
  using other = Bun.listen({ hostname: "::", port: 0, socket: { data() {} } });
  let isStarted = false;
  const starting = startWithPprof(setUp(other.port).options, async () => {
    isStarted = true;
    return IDLE;
  });
  await expect(starting).rejects.toThrow(`cannot bind TCP port ${other.port}: address already in`);
  await expect(starting).rejects.toBeInstanceOf(SpoutError);
  expect(isStarted).toBe(false);
});

test("if what is started cannot start, the port is free again", async () => {
  const { options, port } = setUp();
  const starting = startWithPprof(options, () => Promise.reject(new SpoutError("no disk")));
  await expect(starting).rejects.toThrow("no disk");
  expect(await reaches(`127.0.0.1:${port}`)).toBe("refused");
});
