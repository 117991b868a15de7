/**
 * How many lines a second a downsampler takes on one core, and what a series costs in memory: `bun test/bench/downsampler.ts`.
 * On a machine that others use too, put `nice -n -20` in front.
 *
 * At least 500,000 lines a second are promised, whatever the lines are, publishing included: the benchmark fails if one kind
 * of lines is slower, or if what is published is not what it should be. It is the component itself, on the in-process bus;
 * of several rounds of each kind the best one counts.
 */
import assert from "node:assert/strict";

import { createInprocOpenBus } from "../../src/bus/inproc.ts";
import { startDownsampler } from "../../src/downsampler/downsampler.ts";
import { Period } from "../../src/downsampler/period.ts";
import { newFields, readFields } from "../../src/line/fields.ts";
import { LINE_OK, newLineOffsets, scanLine } from "../../src/line/scan.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { deadlineIn } from "../../src/platform/lifecycle.ts";
import { downsamplerConfig } from "../support/downsampler-config.ts";
import { randomFrom } from "../support/random.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { printCost } from "./cost.ts";
import { describeMachine } from "./process-usage.ts";

const LINES_PER_SECOND_MIN = 500_000;
const ROUNDS = 8;
/** As a filter publishes them, or more at a time. */
const PAYLOAD_LINES = 1000;
const SERIES_MEASURED = 500_000;

interface Kind {
  readonly name: string;
  readonly lines: readonly BenchLine[];
}

interface BenchLine {
  /** What stands in front of the fields. */
  readonly series: string;
  /** The same with its tags in order. */
  readonly key: string;
  /** Fields besides `n`. */
  readonly fields: string;
  /** The value of the integer field by which the result is checked. */
  readonly n: number;
}

console.log(describeMachine());
measureMemory();
let allNs = 0;
for (const kind of kinds()) allNs += await measureSpeed(kind);
printCost(allNs, "ns a line, all kinds together");

/** What each series takes: host, region, two floats and an integer; all that the process holds more for it. */
function measureMemory(): void {
  const period = new Period({ functions: [], seriesMax: 1e9, sizeMaxBytes: 1e12 });
  const offsets = newLineOffsets();
  const fields = newFields();
  const add = (index: number) => {
    const line = `cpu,host=server${String(index).padStart(7, "0")},region=eu-west-1 user=1.5,idle=97,n=${index}i`;
    const payload = new TextEncoder().encode(line);
    assert.equal(scanLine(payload, 0, payload.length, offsets), LINE_OK);
    assert(readFields(payload, offsets, fields));
    period.add(payload, offsets, fields);
  };
  add(0);
  Bun.gc(true);
  const before = process.memoryUsage.rss();
  for (let index = 1; index < SERIES_MEASURED; index++) add(index);
  Bun.gc(true);
  const resident = process.memoryUsage.rss() - before;
  assert.equal(period.seriesCount, SERIES_MEASURED);
  const perSeries = (bytes: number) => `${(bytes / SERIES_MEASURED).toFixed(0)} bytes`;
  console.log(
    `a series of 3 fields: ${perSeries(period.sizeBytes)} by downsample_max_size, ${perSeries(resident)} resident`,
  );
}

/** Returns the ns that a line took, publishing included. */
async function measureSpeed({ name, lines }: Kind): Promise<number> {
  const payloads = payloadsOf(lines);
  const means = meansOf(lines);
  let bestAveragingMs = Infinity;
  let bestPublishingMs = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const { averagingMs, publishingMs } = await runOnce(payloads, lines.length, means);
    bestAveragingMs = Math.min(bestAveragingMs, averagingMs);
    bestPublishingMs = Math.min(bestPublishingMs, publishingMs);
  }
  const rate = lines.length / ((bestAveragingMs + bestPublishingMs) / 1000);
  const ns = (ms: number, count: number) => ((ms * 1e6) / count).toFixed(0);
  console.log(
    `${name.padEnd(44)} ${rate.toFixed(0).padStart(8)} lines/s: ${ns(bestAveragingMs, lines.length)} ns a line, ` +
      `${means.size} series, ${ns(bestPublishingMs, means.size)} ns each to publish`,
  );
  assert(
    rate >= LINES_PER_SECOND_MIN,
    `${name}: fewer than ${LINES_PER_SECOND_MIN} lines a second`,
  );
  return 1e9 / rate;
}

/** All lines within one period, which is published by stopping. Rejects if what is published is not `means`. */
async function runOnce(
  payloads: readonly Uint8Array[],
  lineCount: number,
  means: ReadonlyMap<string, string>,
) {
  const openBus = createInprocOpenBus({ clock: systemClock });
  const test = openBus({ name: "test", outboundMaxBytes: 1e9 });
  const published: Uint8Array[] = [];
  await test.subscribe("bench-archive", {
    pendingMaxBytes: 1e9,
    onDelivery: ({ payload }) => void published.push(payload),
    onDropped: () => assert.fail("a result was dropped"),
  });
  const config = downsamplerConfig({
    subjects: ["bench"],
    // Longer than the benchmark; whatever the hour is, lines without a time are in one period.
    periodNs: 366n * 86_400n * 1_000_000_000n,
    pendingMaxBytes: 1e9,
  });
  const running = await startDownsampler(config, {
    clock: systemClock,
    log: new RecordingLog(),
    openBus,
  });
  while (!running.ready()) await Bun.sleep(1);
  const averaged = () => running.metrics()[0]?.counts["averaged_lines"];

  const startMs = performance.now();
  for (const payload of payloads) await test.publish("bench", payload);
  while (averaged() !== lineCount) await new Promise(setImmediate);
  const averagedMs = performance.now();
  const { lostLines } = await running.stop(deadlineIn(systemClock, 60_000));
  const stoppedMs = performance.now();

  assert.equal(lostLines, 0);
  await test.close(60_000);
  checkMeans(published, means);
  return { averagingMs: averagedMs - startMs, publishingMs: stoppedMs - averagedMs };
}

function payloadsOf(lines: readonly BenchLine[]): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  for (let at = 0; at < lines.length; at += PAYLOAD_LINES) {
    const texts = lines
      .slice(at, at + PAYLOAD_LINES)
      .map(({ series, fields, n }) => `${series} ${fields},n=${n}i\n`);
    payloads.push(new TextEncoder().encode(texts.join("")));
  }
  return payloads;
}

/** The mean of `n` of each series, by plain arithmetic. */
function meansOf(lines: readonly BenchLine[]): ReadonlyMap<string, string> {
  const totals = new Map<string, { sum: number; count: number }>();
  for (const { key, n } of lines) {
    const { sum, count } = totals.get(key) ?? { sum: 0, count: 0 };
    totals.set(key, { sum: sum + n, count: count + 1 });
  }
  return new Map(
    Array.from(totals, ([key, { sum, count }]) => [key, `${Math.trunc(sum / count)}i`]),
  );
}

function checkMeans(published: readonly Uint8Array[], means: ReadonlyMap<string, string>): void {
  let lines = 0;
  for (const payload of published) {
    for (const line of new TextDecoder().decode(payload).split("\n").slice(0, -1)) {
      const [key = "", fields = ""] = line.split(" ");
      assert.equal(/(?:^|,)n=([^,]+)/.exec(fields)?.[1], means.get(key), line);
      lines++;
    }
  }
  assert.equal(lines, means.size);
}

function kinds(): Kind[] {
  const random = randomFrom(1);
  const lines = (count: number, line: (index: number) => Omit<BenchLine, "key" | "n">) =>
    Array.from({ length: count }, (_, index) => {
      const made = line(index);
      return { ...made, key: inOrder(made.series), n: random.int(1e6) - 500_000 };
    });
  const tenths = () => random.int(1000) / 10;
  /** Sixteen or seventeen digits, as Telegraf sends them. */
  const usage = () => (random.int(2 ** 31) / 2 ** 31 + random.int(2 ** 22) / 2 ** 53) * 100;
  const usages = ["guest", "idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"];
  return [
    {
      name: "2 tags, 3 fields",
      lines: lines(200_000, (index) => ({
        series: `cpu,host=server${index % 1000},region=eu-west-1`,
        fields: `idle=${tenths()},user=${tenths()}`,
      })),
    },
    {
      name: "5 tags in any order, 3 fields",
      lines: lines(200_000, (index) => ({
        series: `disk,zone=eu-1a,host=server${index % 1000},role=db,path=/srv,device=sda1`,
        fields: `free=${random.int(1e9)}i,used_percent=${tenths()}`,
      })),
    },
    {
      name: "3 tags, 10 fields, 9 floats of 16 digits",
      lines: lines(100_000, (index) => ({
        series: `cpu,cpu=cpu${index % 8},host=server${index % 500},region=eu-west-1`,
        fields: usages.map((name) => `usage_${name}=${usage()}`).join(","),
      })),
    },
    {
      name: "2 tags, 4 fields, strings and booleans",
      lines: lines(200_000, (index) => ({
        series: `system,host=server${index % 1000},region=eu-west-1`,
        fields: `ok=${index % 7 > 0},state="up for ${index % 13} days",version="1.2.${index % 5}"`,
      })),
    },
    {
      name: "100,000 series of 6 lines each",
      lines: lines(600_000, (index) => ({
        series: `cpu,host=server${index % 100_000},region=eu-west-1`,
        fields: `idle=${tenths()},user=${tenths()}`,
      })),
    },
  ];
}

/** The series with its tags in order. */
function inOrder(series: string): string {
  const [name = "", ...tags] = series.split(",");
  return [name, ...tags.sort()].join(",");
}
