/**
 * A process from start to stop. Method: a component that does as the test says in the place of the real ones, signals
 * by hand, and a clock that the test moves; `test/large/stop.test.ts` has the real ones.
 */
import { afterAll, expect, mock, test } from "bun:test";

import packageJson from "../../package.json" with { type: "json" };
import type { Config } from "../../src/config/config.ts";
import * as modes from "../../src/modes.ts";
import { SpoutError } from "../../src/platform/errors.ts";
import type { Running } from "../../src/platform/lifecycle.ts";
import { run } from "../../src/run.ts";
import { filterConfig } from "../support/filter-config.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";

let startMode: (config: Config) => Promise<Running>;
const real = { ...modes };
void mock.module("../../src/modes.ts", () => ({
  ...real,
  startMode: (config: Config) => startMode(config),
}));
afterAll(() => void mock.module("../../src/modes.ts", () => real));

const NAME = 'filter "sorter"';
const STOP_TIMEOUT_MS = 10_000;

/** Starts a process whose component is like `component` says; without a word it runs for ever and stops cleanly. */
function startProcess(component: Partial<Running> | Promise<Running> = {}) {
  const clock = new ManualClock();
  const log = new RecordingLog();
  const exits: number[] = [];
  const listeners: ((signal: string) => void)[] = [];
  const stops: number[] = [];
  startMode = async () =>
    component instanceof Promise
      ? component
      : {
          name: NAME,
          ready: () => true,
          metrics: () => [],
          failed: new Promise(() => {}),
          ...component,
          stop: (deadline) => {
            stops.push(deadline.remainingMs());
            return component.stop?.(deadline) ?? Promise.resolve({ lostLines: 0 });
          },
        };
  const exited = run(filterConfig({ stopTimeoutMs: STOP_TIMEOUT_MS }), {
    clock,
    log,
    workerUrl: new URL("file:///nowhere"),
    signals: { onSignal: (listener) => listeners.push(listener) },
    exitNow: (code) => exits.push(code),
  });
  return {
    clock,
    log,
    exited,
    /** What `exitNow` was called with. */
    exits,
    /** The time that the component was given, each time that it was told to stop. */
    stops,
    signal: (name: string) => listeners.forEach((listener) => listener(name)),
  };
}

/** Lets everything happen that waits for nothing but its turn. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test("the first line of the log tells program, version, build and Bun, and what is started", async () => {
  const { log, signal, exited } = startProcess();
  expect(log.lines).toEqual([
    `INFO influx-spout version ${packageJson.version} (source), built on not built, ` +
      `Bun ${Bun.version}: starting filter "sorter"`,
  ]);
  signal("SIGTERM");
  await exited;
});

test("a signal stops the component within stop_timeout: exit status 0 when nothing is lost", async () => {
  const { clock, log, stops, signal, exited } = startProcess({
    async stop() {
      clock.advance(1234);
      return { lostLines: 0 };
    },
  });
  await settle();
  expect(stops).toEqual([]);
  signal("SIGINT");
  expect(await exited).toBe(0);
  expect(stops).toEqual([STOP_TIMEOUT_MS]);
  expect(log.lines.slice(1)).toEqual([
    `INFO SIGINT: stopping ${NAME}`,
    `INFO stopped ${NAME} after 1234 ms, nothing lost`,
  ]);
});

test("lines lost by stopping are told, and the exit status is 1", async () => {
  const { log, signal, exited } = startProcess({ stop: async () => ({ lostLines: 17 }) });
  await settle();
  signal("SIGTERM");
  expect(await exited).toBe(1);
  expect(log.lines.at(-1)).toBe(`ERROR stopped ${NAME} after 0 ms: 17 lines lost`);
});

test("a loss that nobody could count is one as well", async () => {
  const { log, signal, exited } = startProcess({
    stop: async () => ({ lostLines: 0, isUncounted: true }),
  });
  await settle();
  signal("SIGTERM");
  expect(await exited).toBe(1);
  expect(log.lines.at(-1)).toStartWith(`ERROR stopped ${NAME} after 0 ms: 0 lines lost, and more `);
});

test("a component that stops just at stop_timeout has stopped in time", async () => {
  const stopped = Promise.withResolvers<{ lostLines: number }>();
  const { clock, signal, exited } = startProcess({ stop: () => stopped.promise });
  await settle();
  signal("SIGTERM");
  await settle();
  clock.advance(STOP_TIMEOUT_MS);
  await settle();
  stopped.resolve({ lostLines: 0 });
  expect(await exited).toBe(0);
});

test("a component that does not stop is given up soon after stop_timeout: exit status 1", async () => {
  const { clock, log, signal, exited } = startProcess({ stop: () => new Promise(() => {}) });
  await settle();
  signal("SIGTERM");
  await settle();
  clock.advance(STOP_TIMEOUT_MS + 1000);
  expect(await exited).toBe(1);
  expect(log.lines.at(-1)).toBe(
    `ERROR ${NAME} did not stop within 10000 ms (stop_timeout): what it held is lost`,
  );
});

test("a component that cannot go on is stopped all the same, and the exit status is 1", async () => {
  const failed = Promise.withResolvers<Error>();
  const { log, stops, exited } = startProcess({ failed: failed.promise });
  await settle();
  expect(stops).toEqual([]);
  failed.resolve(new SpoutError("the disk is gone"));
  expect(await exited).toBe(1);
  expect(stops).toEqual([STOP_TIMEOUT_MS]);
  expect(log.lines.slice(1)).toEqual([
    `ERROR ${NAME} cannot go on: the disk is gone`,
    `INFO stopped ${NAME} after 0 ms, nothing lost`,
  ]);
});

test("a component that cannot start is told: exit status 1", async () => {
  const { log, exited } = startProcess(Promise.reject(new SpoutError("the port is taken")));
  expect(await exited).toBe(1);
  expect(log.lines.slice(1)).toEqual([`ERROR cannot start ${NAME}: the port is taken`]);
});

test("an error of ours while starting is not taken for an operating error", async () => {
  const { log, exited } = startProcess(Promise.reject(new Error("BUG: test")));
  await expect(exited).rejects.toThrow("BUG: test");
  expect(log.lines).toHaveLength(1);
});

test("a signal while the component is starting ends the process with exit status 0", async () => {
  const { log, signal, exited } = startProcess(new Promise(() => {}));
  await settle();
  signal("SIGTERM");
  expect(await exited).toBe(0);
  expect(log.lines.slice(1)).toEqual(["INFO SIGTERM: stopped before the start was complete"]);
});

test("a second signal after a second ends the process at once, its echo before that does not", async () => {
  const { clock, log, exits, stops, signal } = startProcess({ stop: () => new Promise(() => {}) });
  await settle();
  signal("SIGINT");
  await settle();
  signal("SIGINT");
  clock.advance(999);
  signal("SIGTERM");
  expect(exits).toEqual([]);
  clock.advance(1);
  signal("SIGTERM");
  expect(exits).toEqual([1]);
  expect(log.lines.slice(1)).toEqual([
    `INFO SIGINT: stopping ${NAME}`,
    "ERROR SIGTERM again: ended at once, what was held is lost",
  ]);
  expect(stops).toHaveLength(1);
});

test("SIGQUIT stops as well", async () => {
  const { log, stops, signal, exited } = startProcess();
  await settle();
  signal("SIGQUIT");
  expect(await exited).toBe(0);
  expect(stops).toEqual([STOP_TIMEOUT_MS]);
  expect(log.lines[1]).toBe(`INFO SIGQUIT: stopping ${NAME}`);
});

test("any other signal is told, each by itself and not again and again, and changes nothing, in a stop neither", async () => {
  const stopped = Promise.withResolvers<{ lostLines: number }>();
  const { clock, log, exits, stops, signal, exited } = startProcess({
    stop: () => stopped.promise,
  });
  signal("SIGHUP");
  await settle();
  for (let times = 0; times < 100; times++) signal("SIGHUP");
  signal("SIGUSR1");
  await settle();
  const told = (name: string, more = "") =>
    `WARN ${name} changes nothing here: it goes on as before (SIGTERM stops it)${more}`;
  expect(log.lines.slice(1)).toEqual([told("SIGHUP"), told("SIGUSR1")]);
  expect(stops).toEqual([]);
  clock.advance(10_000);
  signal("SIGTERM");
  await settle();
  clock.advance(5000);
  signal("SIGHUP");
  expect(log.lines.at(-1)).toBe(told("SIGHUP", " (and 100 more like this since the last time)"));
  expect(exits).toEqual([]);
  stopped.resolve({ lostLines: 0 });
  expect(await exited).toBe(0);
});
