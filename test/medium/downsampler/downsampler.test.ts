/**
 * Goal: on a real NATS server and a real InfluxDB, the archive database holds the right averages, through broken connections
 * and stops. Lines carry timestamps within one period, so that it does not matter when they are sent.
 */
import { expect, test } from "bun:test";

import { createOpenBus } from "../../../src/bus/open.ts";
import type { DownsamplerConfig } from "../../../src/config/config.ts";
import { startDownsampler } from "../../../src/downsampler/downsampler.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { deadlineIn, type StopReport } from "../../../src/platform/lifecycle.ts";
import { downsamplerConfig } from "../../support/downsampler-config.ts";
import { eventually } from "../../support/eventually.ts";
import { type Influxd, startInfluxd } from "../../support/influxd.ts";
import { natsOptions } from "../../support/nats-options.ts";
import { type NatsServer, startNatsServer } from "../../support/nats-server.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { openTestBus, startTestWriter, type TestBus } from "../writer/rig.ts";

const SECOND_NS = 1_000_000_000n;
/** Of what is to be published in time: long enough for a machine that has others to serve. */
const PERIOD_NS = 2n * SECOND_NS;

async function startTestDownsampler(nats: NatsServer, changes: Partial<DownsamplerConfig> = {}) {
  const config = downsamplerConfig({
    nats: natsOptions({ servers: [nats.address] }),
    subjects: ["in"],
    periodNs: PERIOD_NS,
    statsIntervalMs: 50,
    ...changes,
  });
  const log = new RecordingLog();
  const deps = { clock: systemClock, log };
  const running = await startDownsampler(config, {
    ...deps,
    openBus: createOpenBus(config.nats, deps),
  });
  await eventually("the downsampler is ready", () => running.ready());
  let stopping: Promise<StopReport> | undefined;
  const stop = (deadlineMs = 5000) =>
    (stopping ??= running.stop(deadlineIn(systemClock, deadlineMs)));
  return { running, log, stop, [Symbol.asyncDispose]: () => stop(0).then(() => {}) };
}

/** The downsampler's counters as last published. */
function statsOf(bus: TestBus): Readonly<Record<string, number>> {
  const line = bus.monitored.findLast((text) => text.startsWith("spout_stat_downsampler,")) ?? "";
  const fields = line
    .trimEnd()
    .slice(line.indexOf(" ") + 1)
    .split(",");
  return Object.fromEntries(
    fields.map((field) => [field.split("=")[0] ?? "", Number(field.split("=")[1])]),
  );
}

/** When the period began that it is now. */
function thisPeriod(): bigint {
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  return nowNs - (nowNs % PERIOD_NS);
}

/** A writer of what comes on the subjects to the database "archive". */
async function startArchive(nats: NatsServer, influxd: Influxd, subjects: readonly string[]) {
  await influxd.createDatabase("archive");
  return startTestWriter(nats, influxd.port, {
    subjects,
    batch: { countMax: 1, sizeMaxBytes: 1024 * 1024, ageMaxMs: 100 },
    influxdb: { database: "archive" },
  });
}

const timeText = (ns: bigint) =>
  new Date(Number(ns / 1_000_000n)).toISOString().replace(".000Z", "Z");

test("the archive holds the averages of each period, of every type, under the end of the period", async () => {
  await using nats = await startNatsServer();
  await using influxd = await startInfluxd();
  await using bus = await openTestBus(nats);
  await using _writer = await startArchive(nats, influxd, ["in-archive", "other-archive"]);
  await using downsampler = await startTestDownsampler(nats, { subjects: ["in", "other"] });
  const start = thisPeriod();
  const lines = [
    `cpu,host=a,zone=x\\ y load=1.5,n=1i,up=true,note="say \\"one\\"" ${start}`,
    `cpu,zone=x\\ y,host=a n=2i,load=2.5,up=f,note="C:\\\\" ${start + PERIOD_NS - 1n}`,
    `cpu,host=b,zone=x\\ y load=7 ${start}`,
  ];
  await bus.publish("in", lines.join("\n"));
  await bus.publish("in", `cpu,host=a,zone=x\\ y load=5,n=9i ${start + 5n}\n`);
  await bus.publish("other", `other load=3 ${start}\nother load=4 ${start}\n`);
  const rows = await eventually("the archive has all series", async () => {
    const found = await influxd.query("archive", "SELECT * FROM cpu");
    const others = await influxd.query("archive", "SELECT * FROM other");
    return found.length === 2 && others.length === 1 && [...found, ...others];
  });
  const time = timeText(start + PERIOD_NS);
  expect(rows).toEqual([
    { time, host: "a", zone: "x y", load: 3, n: 4, up: false, note: "C:\\" },
    { time, host: "b", zone: "x y", load: 7, n: null, up: null, note: null },
    { time, load: 3.5 },
  ]);
  await eventually("it is told", () => statsOf(bus)["sent"] === 2);
  expect(statsOf(bus)).toMatchObject({
    received: 3,
    received_lines: 6,
    averaged_lines: 6,
    sent_lines: 3,
    invalid_lines: 0,
  });
  expect(await downsampler.stop()).toEqual({ lostLines: 0 });
});

test("integers that no double holds are in the archive as exactly as they are averaged", async () => {
  await using nats = await startNatsServer();
  await using influxd = await startInfluxd();
  await using bus = await openTestBus(nats);
  await using _writer = await startArchive(nats, influxd, ["in-archive"]);
  await using downsampler = await startTestDownsampler(nats, {
    periodNs: 3600n * SECOND_NS,
    functions: ["min", "max", "sum", "count", "first", "last"],
  });
  const values = ["9223372036854775807", "9223372036854775805", "-9223372036854775807"];
  for (const value of values) await bus.publish("in", `t,tag=1 v=${value}i\n`);
  await eventually("all is averaged", () => statsOf(bus)["averaged_lines"] === 3);
  expect(await downsampler.stop()).toEqual({ lostLines: 0 });
  // Numbers of JSON are doubles: the database compares.
  const exact = [
    "v = 3074457345618258601",
    "v_min = -9223372036854775807",
    "v_max = 9223372036854775807",
    "v_sum = 9223372036854775805",
    "v_count = 3",
    "v_first = 9223372036854775807",
    "v_last = -9223372036854775807",
  ];
  await eventually("the archive has it", async () => {
    const rows = await influxd.query("archive", "SELECT * FROM t");
    return rows.length === 1;
  });
  for (const condition of exact) {
    const rows = await influxd.query("archive", `SELECT * FROM t WHERE ${condition}`);
    expect([condition, rows.length]).toEqual([condition, 1]);
  }
});

test("a stop publishes what is averaged so far, and the archive has it", async () => {
  await using nats = await startNatsServer();
  await using influxd = await startInfluxd();
  await using bus = await openTestBus(nats);
  await using _writer = await startArchive(nats, influxd, ["in-archive"]);
  await using downsampler = await startTestDownsampler(nats, { periodNs: 3600n * SECOND_NS });
  const count = 20_000;
  for (let part = 0; part < 20; part++) {
    const lines = Array.from({ length: count / 10 }, (_, index) => {
      const series = ((part % 10) * count) / 10 + index;
      return `t,series=${series} v=${series + (part < 10 ? 0 : 2)}i\n`;
    });
    await bus.publish("in", lines.join(""));
  }
  await eventually("all is averaged", () => statsOf(bus)["averaged_lines"] === 2 * count);
  expect(await downsampler.stop()).toEqual({ lostLines: 0 });
  await eventually("the last metrics come", () => statsOf(bus)["sent"] === 1);
  expect(statsOf(bus)).toMatchObject({ averaged_lines: 2 * count, sent_lines: count });
  const counted = await eventually("the archive has all series", async () => {
    const [row] = await influxd.query("archive", "SELECT count(v) AS n, sum(v) AS total FROM t");
    return row?.["n"] === count && row;
  });
  // Each is the number of the series and one more.
  expect(counted).toMatchObject({ total: (count * (count + 1)) / 2 });
});

test("a period that ends while NATS is away is published when it is back", async () => {
  const nats = await startNatsServer();
  const { port } = nats;
  let again: NatsServer | undefined;
  try {
    await using downsampler = await startTestDownsampler(nats);
    {
      await using bus = await openTestBus(nats);
      const next = thisPeriod() + PERIOD_NS;
      await bus.publish("in", `t v=1i ${next}\nt v=3i ${next}\n`);
      await eventually("both are averaged", () => statsOf(bus)["averaged_lines"] === 2);
    }
    nats.kill("SIGKILL");
    await nats.exited;
    await eventually("it notices", () => !downsampler.running.ready());
    const sent = () => downsampler.running.metrics()[0]?.counts["sent"];
    expect(sent()).toBe(0);
    await eventually("the period has ended", () => sent() === 1);
    again = await startNatsServer({ port });
    await using bus = await openTestBus(again);
    const averages: string[] = [];
    await bus.bus.subscribe("in-archive", {
      pendingMaxBytes: 1024 * 1024,
      onDelivery: ({ payload }) => void averages.push(new TextDecoder().decode(payload)),
      onDropped: () => {},
    });
    await eventually("the average comes", () => averages.length === 1);
    expect(averages[0]).toMatch(/^t v=2i \d{10}000000000\n$/);
  } finally {
    await nats[Symbol.asyncDispose]();
    await again?.[Symbol.asyncDispose]();
  }
});

test("messages are as small as the server wants them, and a line that is too long is counted", async () => {
  await using nats = await startNatsServer({ payloadMaxBytes: 4096 });
  await using bus = await openTestBus(nats);
  const sizes: number[] = [];
  const lines: string[] = [];
  await bus.bus.subscribe("in-archive", {
    pendingMaxBytes: 1024 * 1024,
    onDelivery: ({ payload }) => {
      sizes.push(payload.length);
      lines.push(...new TextDecoder().decode(payload).split("\n").slice(0, -1));
    },
    onDropped: () => {},
  });
  await using downsampler = await startTestDownsampler(nats, {
    periodNs: 3600n * SECOND_NS,
    functions: ["first", "last"],
  });
  // The last line fits on its way in, and not with its value three times on its way out.
  for (let series = 0; series < 500; series++) await bus.publish("in", `t,series=${series} v=1i\n`);
  await bus.publish("in", `t v="${"x".repeat(3000)}"\n`);
  await eventually("all is averaged", () => statsOf(bus)["averaged_lines"] === 501);
  await downsampler.stop();
  await eventually("all series are published", () => lines.length === 500);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(4096);
  expect(sizes.length).toBeGreaterThan(5);
  expect(new Set(lines.map((line) => line.split(" ")[0])).size).toBe(500);
  await eventually("the last metrics come", () => statsOf(bus)["sent"] === 1);
  expect(statsOf(bus)).toMatchObject({ sent_lines: 500, dropped_long_lines: 1 });
});
