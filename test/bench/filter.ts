/**
 * How many lines a second a filter routes without loss, and what each costs:
 * `bun test/bench/filter.ts [--rate 1000000] [--rules 10 | --toml RULES] [--workers 1] [--seconds 10]` (lines a second), and
 * `[--lines 100] [--length 110] [--subjects 10]`: lines a message, bytes a line, subjects that they go to in turns.
 * `--warm-up 3` sends for three seconds before it measures.
 * nats-server, the generator and a subscriber share the machine. Fails if a line is lost.
 */
import { parseArgs } from "node:util";

import { startSpout } from "../support/binary.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { printCost } from "./cost.ts";
import { countDeliveries } from "./count-deliveries.ts";
import { generate, warmUp } from "./generate.ts";
import { measurementNames } from "./host-lines.ts";
import { describeMachine, processUsage } from "./process-usage.ts";

const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "1000000" },
    rules: { type: "string", default: "10" },
    /** Instead of them: rules as they stand in a file. */
    toml: { type: "string" },
    workers: { type: "string", default: "1" },
    seconds: { type: "string", default: "10" },
    lines: { type: "string", default: "100" },
    length: { type: "string", default: "110" },
    subjects: { type: "string", default: "10" },
    /** Before anything is measured, at no more than a million lines/s: compiling what is hot takes its first second or two. */
    "warm-up": { type: "string", default: "3" },
  },
});
/** What is not compiled yet takes no more of them without loss. */
const WARM_UP_MAX_LINES_PER_SECOND = 1_000_000;

const linesPerMessage = Number(values.lines);
const matching = measurementNames(Number(values.subjects));

/** The first rules are for measurements that never come, so that every line passes all of them. */
const unused = Array.from(
  { length: Math.max(0, Number(values.rules) - matching.length) },
  (_, index) => `unused${index}`,
);
const rules = [...unused, ...matching].map(
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

const load = (linesPerSecond: number) => (seconds: number) =>
  generate("nats-generator.ts", [
    nats.port,
    "bench",
    linesPerSecond / linesPerMessage,
    seconds,
    linesPerMessage,
    values.length,
    values.subjects,
  ]);
const rate = Number(values.rate);
const warmUpRate = Math.min(rate, WARM_UP_MAX_LINES_PER_SECOND);
const warmUpSent = await warmUp(Number(values["warm-up"]), load(warmUpRate));
const before = processUsage(filter.pid);
const { sent, seconds } = await load(rate)(Number(values.seconds));
const { lines: delivered } = await deliveries.readWhenQuiet();
const after = processUsage(filter.pid);

const lines = sent * linesPerMessage;
const lost = lines + warmUpSent * linesPerMessage - delivered;
const cpuMicroseconds = ((after.cpuSeconds - before.cpuSeconds) / lines) * 1e6;
console.log(describeMachine());
console.log(
  `filter: ${Math.round(lines / seconds)} lines/s of ${values.length} bytes, ${linesPerMessage} a message, ` +
    `${values.toml === undefined ? `${rules.length} basic rules` : "other rules"}, ${matching.length} subjects, ${values.workers} workers, ` +
    `${seconds.toFixed(1)} s: ${cpuMicroseconds.toFixed(3)} µs CPU a line, ${lost} lines lost, ` +
    `${(after.residentPeakBytes / 2 ** 20).toFixed(0)} MiB resident at most`,
);
printCost(cpuMicroseconds, "µs CPU a line");
process.exitCode = lost === 0 ? 0 : 1;
