/**
 * How much memory a writer takes in front of an InfluxDB in trouble, and that it is no more after a minute than after
 * half of one: `bun test/bench/writer-memory.ts [--trouble slow|failing|hanging|deaf] [--seconds 60] [--rate 100]`
 * (messages of 100 KB a second). Prints a figure a second, then the plateau.
 */
import { parseArgs } from "node:util";

import type { Temper } from "../support/slow-influxd.ts";
import { watchWriterMemory } from "../support/watch-memory.ts";
import { describeMachine } from "./process-usage.ts";

const TROUBLES: Readonly<Record<string, Partial<Temper>>> = {
  slow: { delayMs: 3000 },
  failing: { status: 503 },
  hanging: { trouble: "hang" },
  deaf: { trouble: "deaf" },
};

const { values } = parseArgs({
  options: {
    trouble: { type: "string", default: "hanging" },
    seconds: { type: "string", default: "60" },
    rate: { type: "string", default: "100" },
    toml: { type: "string", default: "" },
  },
});
const temper = TROUBLES[values.trouble];
if (temper === undefined) throw new Error(`--trouble: one of ${Object.keys(TROUBLES).join(" ")}`);

console.log(describeMachine());
const megabytes = (bytes: number) => Math.round(bytes / 1024 ** 2);
const { residentBytes, counts } = await watchWriterMemory({
  temper,
  toml: values.toml.replaceAll(";", "\n"),
  messagesPerSecond: Number(values.rate),
  seconds: Number(values.seconds),
});
const half = Math.floor(residentBytes.length / 2);
console.log(`resident, MB: ${residentBytes.map(megabytes).join(" ")}`);
console.log(
  `at most in the first half: ${megabytes(Math.max(...residentBytes.slice(0, half)))} MB`,
);
console.log(`at most in the second half: ${megabytes(Math.max(...residentBytes.slice(half)))} MB`);
console.log(counts);
