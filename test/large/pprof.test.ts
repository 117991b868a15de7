/** Profiles of the built binary: functions and classes have their names in it, and only this machine can ask. */
import { expect, test } from "bun:test";

import { connect } from "nats";

import { startSpout } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { type Pprof, pprofAt } from "../support/pprof.ts";
import { freePort } from "../support/server-process.ts";

const RULE = 'type = "basic"\nmatch = "cpu"\nsubject = "hosts"\n';
const PAYLOAD = "cpu,host=a v=1i\nmem,host=a v=2i\n".repeat(200);

/** What `threads` are seen in while `send` is called all the time; those named in `wanted` until they are seen in that. */
async function functionsUnderLoad(
  pprof: Pprof,
  threads: readonly number[],
  wanted: Readonly<Record<number, readonly RegExp[]>>,
  send: () => unknown,
): Promise<readonly (readonly string[])[]> {
  let isOver = false;
  const profiles = Promise.all(
    threads.map((thread) => pprof.functionsUntil(thread, wanted[thread] ?? [])),
  ).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await send();
    await Bun.sleep(1);
  }
  return profiles;
}

const ROUTING = /^route src\/filter\/router\.ts$/;
const LISTENING = / src\/listener\/http-\w+\.ts$/;
const isRouting = (name: string) => ROUTING.test(name);

test("a filter's threads are seen at work by name, and stop in the middle of a profile", async () => {
  await using nats = await startNatsServer();
  const client = await connect({ servers: nats.address });
  const port = freePort();
  await using filter = await startSpout(
    "sort",
    `mode = "filter"\nworkers = 2\nnats_address = "${nats.address}"\npprof_port = ${port}\n[[rule]]\n${RULE}`,
  );
  await filter.logged(`profiles at http://127.0.0.1:${port}/debug/pprof/`);
  await filter.logged("filter subscribed");
  const pprof = pprofAt(port);
  const [main, ...workers] = await functionsUnderLoad(
    pprof,
    [0, 1, 2],
    { 1: [ROUTING], 2: [ROUTING] },
    async () => {
      client.publish("influx-spout", PAYLOAD);
      await client.flush();
    },
  );
  expect(main?.filter(isRouting)).toEqual([]);
  expect(workers.map((functions) => functions.filter(isRouting).length > 0)).toEqual([true, true]);
  expect(await pprof.textsIn(1)).toContain("FilterPart");
  expect(await pprof.ask("heap?thread=3")).toStartWith("400 thread: expected an integer");
  expect(fetch(`http://127.0.0.2:${port}/debug/pprof/`)).rejects.toThrow();

  const late = [0, 1].map((thread) =>
    pprof.ask(`profile?thread=${thread}&seconds=300`).catch(() => "broken off"),
  );
  for (const thread of [0, 1]) {
    await eventually("busy", async () =>
      (await pprof.ask(`heap?thread=${thread}`)).startsWith("409 "),
    );
  }
  expect(await filter.stop()).toBe(0);
  expect(await Promise.all(late)).toEqual(["broken off", "broken off"]);
  await client.close();
}, 60_000);

test("a standalone process has one thread, with all of its components on it", async () => {
  const [port, http] = [freePort(), freePort()];
  await using spout = await startSpout(
    "site",
    `mode = "standalone"\npprof_port = ${port}\n[[component]]\nmode = "listener_http"\nport = ${http}\n` +
      `[[component]]\nmode = "filter"\n[[component.rule]]\n${RULE}` +
      '[[component]]\nmode = "writer"\nnats_subject = ["hosts", "influx-spout-junk"]\noutput = "stdout"\n',
  );
  await spout.logged("ready; to try it");
  const pprof = pprofAt(port);
  const [functions] = await functionsUnderLoad(pprof, [0], { 0: [ROUTING, LISTENING] }, () =>
    fetch(`http://127.0.0.1:${http}/write`, { method: "POST", body: PAYLOAD }),
  );
  expect(functions).toContainEqual(expect.stringMatching(ROUTING));
  expect(functions).toContainEqual(expect.stringMatching(LISTENING));
  expect(await pprof.textsIn(0)).toContain("FilterPart");
  expect(await pprof.ask("heap?thread=1")).toStartWith("400 thread: expected an integer");
  expect(await spout.stop()).toBe(0);
}, 60_000);

test("a port that is taken ends the start", async () => {
  await using other = Bun.serve({ port: 0, hostname: "::", fetch: () => new Response() });
  await using spout = await startSpout("sort", `mode = "filter"\npprof_port = ${other.port}\n`);
  expect(await spout.exited).toBe(1);
  expect(spout.log()).toContain(
    `cannot start filter "sort": cannot bind TCP port ${other.port}: address already in use`,
  );
});
