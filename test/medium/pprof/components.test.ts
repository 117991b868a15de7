/**
 * Profiles of components that work, against a real nats-server: what runs on a thread is in the profile of that thread and
 * of no other, and lines go through meanwhile.
 */
import { expect, test } from "bun:test";

import { systemClock } from "../../../src/platform/clock.ts";
import { deadlineIn, type Running } from "../../../src/platform/lifecycle.ts";
import { startWithPprof } from "../../../src/pprof/pprof.ts";
import { eventually } from "../../support/eventually.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { type Pprof, pprofAt } from "../../support/pprof.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { freePort } from "../../support/server-process.ts";
import { filterConfigAt, lineCount, startTestClient, startTestFilter } from "../filter/harness.ts";
import { collect, startTestHttpListener } from "../listener/harness.ts";

interface Profiled extends AsyncDisposable {
  readonly pprof: Pprof;
}

async function withPprof(running: Running): Promise<Profiled> {
  const port = freePort();
  const options = { port, clock: systemClock, log: new RecordingLog() };
  const profiled = await startWithPprof(options, async () => running);
  return {
    pprof: pprofAt(port),
    [Symbol.asyncDispose]: async () => void (await profiled.stop(deadlineIn(systemClock, 10_000))),
  };
}

/** Calls `send` again and again until `work` has ended; resolves with what that gives and how often it was. */
async function whileSending<Result>(send: () => Promise<unknown>, work: Promise<Result>) {
  let isOver = false;
  const result = work.finally(() => (isOver = true));
  let count = 0;
  while (!isOver) {
    await send();
    count++;
    await Bun.sleep(1);
  }
  return { result: await result, count };
}

const ROUTING = [/^route .*filter\/router\.ts/, /^scan\w+ .*line\/scan\.ts/];

test("a filter's threads are seen routing, its main thread is not, and no line is lost", async () => {
  await using nats = await startNatsServer();
  await using client = await startTestClient(nats.address);
  const filter = await startTestFilter(filterConfigAt(nats.address));
  await using profiled = await withPprof(filter.running);
  const { pprof } = profiled;

  // A blank too many: not of the plain form, and so for scanLine.
  const payload = "hello,host=a x=1i\nbye,host=b  x=2i\n".repeat(200);
  const profiles = Promise.all([
    pprof.functionsOf(0),
    ...[1, 2].map((thread) => pprof.functionsUntil(thread, ROUTING)),
  ]);
  const { result, count } = await whileSending(() => client.publish("in", payload), profiles);
  const [main = [], ...workers] = result;
  expect(workers).toHaveLength(2);
  for (const functions of workers) {
    for (const pattern of ROUTING) {
      expect(functions).toContainEqual(expect.stringMatching(pattern));
    }
  }
  expect(main.filter((name) => /filter\/router\.ts|line\/(lines|scan)\.ts/.test(name))).toEqual([]);

  const snapshots = pprof.textsIn(1);
  const during = await whileSending(() => client.publish("in", payload), snapshots);
  expect(during.result).toContain("FilterPart");
  const sentLines = 200 * (count + during.count);
  for (const subject of ["hello-subject", "junk"]) {
    await eventually(`all is on ${subject}`, () => lineCount(client.texts(subject)) === sentLines);
  }
}, 60_000);

test("a thread that is profiled already is busy, the others are not", async () => {
  await using nats = await startNatsServer();
  const filter = await startTestFilter(filterConfigAt(nats.address));
  await using profiled = await withPprof(filter.running);
  const { pprof } = profiled;
  const client = new AbortController();
  const { signal } = client;
  const first = pprof.ask("profile?thread=1&seconds=300", { signal }).catch(() => "gone");
  await eventually("busy", async () => (await pprof.ask("heap?thread=1")).startsWith("409 "));
  expect(await pprof.ask("heap?thread=2")).toBe("200 file");
  client.abort();
  expect(await first).toBe("gone");
  await eventually("free", async () => (await pprof.ask("heap?thread=1")) === "200 file");
  expect(await pprof.functionsOf(1)).toContainEqual(expect.stringMatching(/^\(idle\) /));
});

test("a listener is seen taking bodies in, and takes all of them", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  const listener = await startTestHttpListener(nats.address);
  await using profiled = await withPprof(listener.running);
  const lines = Array.from({ length: 50 }, (_, index) => `cpu v=${index}\n`);
  const write = async () => {
    const url = `http://127.0.0.1:${listener.port}/write?precision=ms`;
    const { status } = await fetch(url, { method: "POST", body: lines.join("") });
    expect(status).toBe(204);
  };
  const ofListener = / .*src\/listener\/http-\w+\.ts/;
  const profile = profiled.pprof.functionsUntil(0, [ofListener]);
  const { result, count } = await whileSending(
    () => Promise.all(Array.from({ length: 8 }, write)),
    profile,
  );
  expect(result).toContainEqual(expect.stringMatching(ofListener));
  expect(await profiled.pprof.textsIn(0)).toContain("Intake");
  await collector.received(8 * count);
});
