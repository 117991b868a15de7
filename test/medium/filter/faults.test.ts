/** The filter when something is wrong around it: overload, and a server that goes away. */
import { expect, test } from "bun:test";

import { eventually } from "../../support/eventually.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { freePort } from "../../support/server-process.ts";
import { filterConfigAt, lineCount, startTestClient, startTestFilter } from "./harness.ts";

test("counts each line that it cannot take in time: published = processed + dropped", async () => {
  await using nats = await startNatsServer();
  await using client = await startTestClient(nats.address);
  const config = filterConfigAt(nats.address, { workers: 1, pendingMaxBytes: 30_000 });
  await using filter = await startTestFilter(config);

  const message = "hello x=1i\n".repeat(1000);
  const count = 2000;
  for (let i = 0; i < count; i++) await client.publish("in", message);

  const counted = (field: string) => client.metric("spout_stat_filter,", field);
  await eventually("every line is counted", () => {
    return counted("processed") + counted("nats_dropped_lines") === 1000 * count;
  });
  expect(counted("nats_dropped")).toBeGreaterThan(0);
  expect(counted("nats_dropped") + counted("received")).toBe(count);
  expect(lineCount(client.texts("hello-subject"))).toBe(counted("processed"));
  const drops = filter.log.lines.filter((line) => line.includes("nats_max_pending_size"));
  expect(drops).toHaveLength(1);
});

test("counts what NATS has no room for", async () => {
  await using nats = await startNatsServer();
  await using client = await startTestClient(nats.address);
  await using filter = await startTestFilter(
    filterConfigAt(nats.address, { outboundMaxBytes: 5000 }),
  );

  await client.publish("in", "hello x=1i\n".repeat(1000) + "bye x=1i\n");
  const counted = (field: string) => client.metric("spout_stat_filter,", field);
  await eventually("all is counted", () => counted("processed") === 1001);

  // At eleven bytes a line, 454 lines make the largest message; there is room for one, and for nothing beside it.
  await eventually("the one message", () => client.texts("hello-subject").length > 0);
  expect(client.texts("hello-subject")).toEqual(["hello x=1i\n".repeat(454)]);
  expect(client.texts("junk")).toEqual([]);
  expect(counted("failed_nats_publish")).toBe(3);
  expect(counted("dropped_nats_lines")).toBe(454 + 92 + 1);
  expect(counted("sent_lines")).toBe(454);
  expect(filter.log.lines).toContainEqual(
    expect.stringMatching(/^ERROR dropped 547 lines from \[.*\]: NATS takes them too slowly/),
  );
});

test("cuts what exceeds the server's max_payload, and drops what cannot be cut", async () => {
  await using nats = await startNatsServer({ payloadMaxBytes: 1000 });
  await using client = await startTestClient(nats.address);
  await using _filter = await startTestFilter(
    filterConfigAt(nats.address, { statsIntervalMs: 100 }),
  );

  // 1000 bytes, and one more with the newline that the line lacks.
  const line = `hello x="${"y".repeat(990)}"`;
  await client.publish("in", line);
  const twoLines = `hello x="${"y".repeat(488)}"\nhello x="${"z".repeat(488)}"`;
  await client.publish("in", `${twoLines} `);
  // The metrics line itself is shorter than max_payload.
  await eventually("counts", () => client.metric("spout_stat_filter,", "processed") === 3);

  expect(client.metric("spout_stat_filter,", "dropped_long_lines")).toBe(1);
  expect(client.metric("spout_stat_filter,", "sent_lines")).toBe(2);
  expect(client.texts("hello-subject").join("")).toBe(`${twoLines} \n`);
});

test("starts before NATS does, and is ready once NATS is there", async () => {
  const port = freePort();
  const config = filterConfigAt(`127.0.0.1:${port}`);
  await using filter = await startTestFilter(config, { isReadyExpected: false });
  expect(filter.running.ready()).toBe(false);
  await using nats = await startNatsServer({ port });
  await eventually("the filter is ready", () => filter.running.ready());
  await using client = await startTestClient(nats.address);
  await client.publish("in", "hello x=1\n");
  await eventually("the line is out", () => client.texts("hello-subject").length === 1);
});

test("is not ready while NATS is away, and goes on afterwards", async () => {
  const first = await startNatsServer();
  await using filter = await startTestFilter(filterConfigAt(first.address));
  first.kill("SIGKILL");
  await first[Symbol.asyncDispose]();
  await eventually("the filter is not ready", () => !filter.running.ready());
  await using second = await startNatsServer({ port: first.port });
  await using client = await startTestClient(second.address);
  await eventually("a line is out", async () => {
    await client.publish("in", "hello x=1\n");
    return client.texts("hello-subject").length > 0;
  });
  await eventually("the filter is ready again", () => filter.running.ready());
});

test("stops while NATS was never there", async () => {
  const config = filterConfigAt(`127.0.0.1:${freePort()}`);
  const filter = await startTestFilter(config, { isReadyExpected: false });
  expect(await filter.stop(2000)).toEqual({ lostLines: 0 });
});
