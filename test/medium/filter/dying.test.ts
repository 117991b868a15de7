/**
 * Threads that die of an error that nobody catches. Method: the filter is a process of its own, for under `bun test` a
 * thread is not asked before it dies; a message on the subject "die" ends one of its threads.
 */
import { expect, test } from "bun:test";

import { eventually } from "../../support/eventually.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import { lineCount, startTestClient } from "./harness.ts";

const FIXTURE = new URL("./dying-filter-fixture.ts", import.meta.url).pathname;

function startDyingFilter(address: string, workers: number) {
  const child = Bun.spawn([process.execPath, FIXTURE, address, String(workers)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  let output = "";
  void (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) output += decoder.decode(chunk);
  })();
  return {
    /** Resolves once it has said `word` as often as that. */
    says: (word: "ready" | "not so", times: number) =>
      eventually(`${word}, ${times} times`, () => output.split(word).length > times),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

test("starts a thread again when it dies, and keeps everything it had counted", async () => {
  await using nats = await startNatsServer();
  await using client = await startTestClient(nats.address);
  await using filter = startDyingFilter(nats.address, 2);
  const counted = (field: string) => client.metric("spout_stat_filter,", field);
  const publishHundred = async () => {
    for (let i = 0; i < 100; i++) await client.publish("in", `hello x=${i}i\nbye x=1\n`);
  };

  await filter.says("ready", 1);
  for (let deaths = 1; deaths <= 3; deaths++) {
    await publishHundred();
    await eventually("every line is out", () => {
      return lineCount(client.texts("hello-subject")) === 100 * deaths;
    });
    await eventually("every line is out", () => lineCount(client.texts("junk")) === 100 * deaths);
    await client.publish("die", "");
    await eventually("a thread was started again", () => counted("worker_restarts") === deaths);
    await filter.says("ready", deaths + 1);
    await eventually("all is counted", () => counted("sent_lines") === 200 * deaths);
    expect(counted("processed")).toBe(200 * deaths);
    expect(client.metric("spout_stat_filter_rule,", "triggered")).toBe(100 * deaths);
  }
});

/** What the thread publishes never reaches the server, so that it holds it when it dies. */
test.each(["throw", "reject"])("counts what a thread held that dies of a %s", async (how) => {
  await using nats = await startNatsServer();
  await using proxy = await startTcpProxy(nats.port);
  await using client = await startTestClient(nats.address);
  await using filter = startDyingFilter(proxy.address, 1);
  await filter.says("ready", 1);

  proxy.hold();
  await client.publish("in", "hello x=1i\nhello x=2i\nbye x=3i\n");
  await eventually("it has published", () => /hello x=2i[^]*bye x=3i/.test(proxy.held()));
  await client.publish("die", how);
  await filter.says("not so", 1);
  proxy.letGo();
  await filter.says("ready", 2);

  const counted = (field: string) => client.metric("spout_stat_filter,", field);
  await eventually("a thread was started again", () => counted("worker_restarts") === 1);
  expect(counted("processed")).toBe(3);
  expect(counted("lost_nats_lines")).toBe(3);
  expect(client.texts("hello-subject")).toEqual([]);
});
