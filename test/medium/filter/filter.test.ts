/**
 * A whole filter against a real nats-server: what goes in comes out by the rules, once, and everything is counted.
 */
import { expect, test } from "bun:test";
import { hostname } from "node:os";

import { STARTED_MS } from "../../../src/platform/host.ts";
import { eventually } from "../../support/eventually.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import {
  basic,
  filterConfigAt,
  lineCount,
  MONITOR_SUBJECT,
  startTestClient,
  startTestFilter,
} from "./harness.ts";

test("sends matching lines as one message to the rule's subject, the others to the junkyard", async () => {
  await using nats = await startNatsServer();
  await using client = await startTestClient(nats.address);
  await using filter = await startTestFilter(filterConfigAt(nats.address));

  await client.publish(
    "in",
    "hello,host=gopher01 x=1\ngoodbye,host=gopher01 x=1\nhello,host=gopher02 x=1\n",
  );
  await eventually("all is counted", () => client.metric("spout_stat_filter,", "sent_lines") === 3);

  expect(client.texts("hello-subject")).toEqual([
    "hello,host=gopher01 x=1\nhello,host=gopher02 x=1\n",
  ]);
  expect(client.texts("junk")).toEqual(["goodbye,host=gopher01 x=1\n"]);
  expect(client.texts(MONITOR_SUBJECT).slice(-2)).toEqual([
    `spout_stat_filter,filter=sorter,host=${hostname()} passed=2,processed=3,rejected=1,invalid-time=0,` +
      "invalid_lines=0,comment_lines=0,received=1,sent=2,sent_lines=3,failed_nats_publish=0," +
      "dropped_nats_lines=0,lost_nats_lines=0,refused_nats_lines=0,dropped_long_lines=0,dropped_costly_lines=0,nats_dropped=0," +
      `nats_dropped_lines=0,nats_uncounted_breaks=0,worker_restarts=0,started_ms=${STARTED_MS}\n`,
    `spout_stat_filter_rule,filter=sorter,rule=hello-subject,host=${hostname()} triggered=2,started_ms=${STARTED_MS}\n`,
  ]);
  expect(filter.log.lines).toEqual([
    `INFO connected to NATS at ${nats.address}`,
    `INFO filter subscribed to [in] in queue group [filter] at ${nats.address} with 2 workers`,
    "INFO filter publishes to [hello-subject], unmatched lines to [junk]",
  ]);
});

test("drops lines whose timestamps are too far from now, and lets those without one pass", async () => {
  await using nats = await startNatsServer();
  await using client = await startTestClient(nats.address);
  await using _filter = await startTestFilter(
    filterConfigAt(nats.address, { timeDeltaMaxNs: 10_000_000_000n }),
  );

  const nowMs = Date.now();
  const at = (distanceMs: number) => `hello,host=gopher01 x=1 ${nowMs + distanceMs}000000\n`;
  await client.publish("in", `${at(-11_000)}${at(0)}${at(11_000)}hello,host=gopher01 x=2`);
  await eventually("all is counted", () => client.metric("spout_stat_filter,", "processed") === 4);

  expect(client.texts("hello-subject")).toEqual([`${at(0)}hello,host=gopher01 x=2\n`]);
  expect(client.metric("spout_stat_filter,", "passed")).toBe(2);
  expect(client.metric("spout_stat_filter,", "invalid-time")).toBe(2);
});

test("filters in one queue group share the messages, each line is routed once", async () => {
  await using nats = await startNatsServer();
  await using client = await startTestClient(nats.address);
  const config = filterConfigAt(nats.address);
  await using _first = await startTestFilter({ ...config, name: "first" });
  await using _second = await startTestFilter({ ...config, name: "second" });

  const count = 400;
  for (let i = 0; i < count; i++) await client.publish("in", `hello x=${i}i\n`);
  await eventually("every line is out", () => lineCount(client.texts("hello-subject")) >= count);
  await eventually("all is counted", () => {
    const received = (name: string) =>
      client.metric(`spout_stat_filter,filter=${name},`, "received");
    return received("first") + received("second") === count;
  });

  const expected = Array.from({ length: count }, (_, i) => `hello x=${i}i\n`);
  const lines = client.texts("hello-subject").flatMap((text) => text.split(/(?<=\n)/));
  expect(lines.toSorted()).toEqual(expected.toSorted());
});

test("filters in different queue groups each see everything", async () => {
  await using nats = await startNatsServer();
  await using client = await startTestClient(nats.address);
  const config = filterConfigAt(nats.address);
  await using _byName = await startTestFilter(config);
  await using _other = await startTestFilter({
    ...config,
    name: "other",
    queueGroup: "others",
    rules: [basic("hello", "other-subject")],
  });

  for (let i = 0; i < 50; i++) await client.publish("in", `hello x=${i}i\n`);
  await eventually("both have all", () => {
    return (
      lineCount(client.texts("hello-subject")) === 50 &&
      lineCount(client.texts("other-subject")) === 50
    );
  });
});

test("a filter that stops in mid-flow loses nothing: the rest of its group takes over", async () => {
  await using nats = await startNatsServer();
  await using client = await startTestClient(nats.address);
  const config = filterConfigAt(nats.address);
  await using stopping = await startTestFilter({ ...config, name: "stopping" });
  await using _staying = await startTestFilter({ ...config, name: "staying" });

  let published = 0;
  const publishSome = async () => {
    for (let i = 0; i < 20; i++) await client.publish("in", `hello x=${published++}i\nbye x=1i\n`);
    await Bun.sleep(1);
  };
  const taken = () => client.metric("spout_stat_filter,filter=stopping,", "received");
  while (taken() === 0) await publishSome();
  const report = stopping.stop();
  let isStopped = false;
  void report.then(() => (isStopped = true));
  while (!isStopped) await publishSome();
  await publishSome();

  expect(await report).toEqual({ lostLines: 0 });
  await eventually("every line is out", () => {
    return (
      lineCount(client.texts("hello-subject")) + lineCount(client.texts("junk")) >= 2 * published
    );
  });
  const out = client.texts("hello-subject").flatMap((text) => text.trimEnd().split("\n"));
  const expected = Array.from({ length: published }, (_, i) => `hello x=${i}i`);
  expect(out.toSorted()).toEqual(expected.toSorted());
  expect(stopping.log.lines.filter((line) => !line.startsWith("INFO"))).toEqual([]);
});

test("publishes its last counts when it stops", async () => {
  await using nats = await startNatsServer();
  await using client = await startTestClient(nats.address);
  const filter = await startTestFilter(filterConfigAt(nats.address, { statsIntervalMs: 60_000 }));
  await client.publish("in", "hello x=1\n");
  await eventually("the line is out", () => client.texts("hello-subject").length === 1);
  await filter.stop();
  await eventually("counts", () => client.metric("spout_stat_filter,", "sent_lines") === 1);
  expect(filter.running.ready()).toBe(false);
});

test("with debug, what its threads say of each message is in the log", async () => {
  await using nats = await startNatsServer();
  await using client = await startTestClient(nats.address);
  await using filter = await startTestFilter(
    filterConfigAt(nats.address, { workers: 1, debug: true }),
  );
  await client.publish("in", "hello x=1\nhello\n");
  await eventually("it is told", () =>
    filter.log.lines.some((line) => line === "DEBUG worker 1: filter received 16 bytes"),
  );
  await eventually("the refused line is told", () =>
    filter.log.lines.some((line) =>
      /^ERROR dropped 1 line from \[in\]: missing fields, such as "hello"$/.test(line),
    ),
  );
});
