/**
 * How many lines a second a filter routes without loss, and what each costs:
 * `bun test/bench/filter.ts [--rate 1000000] [--rules 10 | --toml RULES] [--workers 1] [--seconds 10] [--warmup 3]` (lines a second;
 * messages of 100).
 * nats-server, the generator and a subscriber share the machine. Fails if a line is lost.
 */
import { parseArgs } from "node:util";

import { startSpout } from "../support/binary.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { printCost } from "./cost.ts";
import { countDeliveries } from "./count-deliveries.ts";
import { generate } from "./generate.ts";
import { MEASUREMENT_NAMES } from "./host-lines.ts";
import { describeMachine, processUsage } from "./process-usage.ts";

const LINES_PER_MESSAGE = 100;

const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "1000000" },
    rules: { type: "string", default: "10" },
    /** Instead of them: rules as they stand in a file. */
    toml: { type: "string" },
    workers: { type: "string", default: "1" },
    seconds: { type: "string", default: "10" },
    /** Before anything is measured: compiling what is hot takes its first second or two. */
    warmup: { type: "string", default: "3" },
  },
});

/** The first rules are for measurements that never come, so that every line passes all of them. */
const unused = Array.from(
  { length: Math.max(0, Number(values.rules) - 10) },
  (_, index) => `unused${index}`,
);
const rules = [...unused, ...MEASUREMENT_NAMES].map(
  (match) => `[[rule]]\ntype = "basic"\nmatch = "${match}"\nsubject = "out.${match}"\n`,
);

await using nats = await startNatsServer();
await using deliveries = await countDeliveries(nats.port, "out.>");
await using filter = await startSpout(
  "filter",
  `mode = "filter"
   nats_address = "nats://127.0.0.1:${nats.port}"
   nats_subject = ["bench"]
   nats_subject_junkyard = "out.junk"
   workers = ${values.workers}
   ${values.toml ?? rules.join("\n")}
  `,
);
await filter.logged("subscribed");

const load = (seconds: string) =>
  generate("nats-generator.ts", [
    nats.port,
    "bench",
    Number(values.rate) / LINES_PER_MESSAGE,
    seconds,
    LINES_PER_MESSAGE,
  ]);
const warm = await load(values.warmup);
const before = processUsage(filter.pid);
const { sent, seconds } = await load(values.seconds);
const { lines: delivered } = await deliveries.readWhenQuiet();
const after = processUsage(filter.pid);

const lines = sent * LINES_PER_MESSAGE;
const lost = lines + warm.sent * LINES_PER_MESSAGE - delivered;
const cpuMicroseconds = ((after.cpuSeconds - before.cpuSeconds) / lines) * 1e6;
console.log(describeMachine());
console.log(
  `filter: ${Math.round(lines / seconds)} lines/s, ${values.toml === undefined ? `${values.rules} basic rules` : "other rules"}, ${values.workers} workers, ` +
    `${seconds.toFixed(1)} s: ${cpuMicroseconds.toFixed(3)} µs CPU a line, ${lost} lines lost, ` +
    `${(after.residentPeakBytes / 2 ** 20).toFixed(0)} MiB resident at most`,
);
printCost(cpuMicroseconds, "µs CPU a line");
process.exitCode = lost === 0 ? 0 : 1;
