/**
 * How many lines a second a writer takes from NATS and writes to a backend that discards them, and what each costs:
 * `bun test/bench/writer.ts [--rate 200000] [--lines 100] [--seconds 10] [--warm-up 3]` (lines a second; lines a message).
 * nats-server, the generator and the backend share the machine. Fails if a line is lost.
 */
import { parseArgs } from "node:util";

import { startSpout } from "../support/binary.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { startDiscardingBackend } from "./backend.ts";
import { printCost } from "./cost.ts";
import { generate, warmUp } from "./generate.ts";
import { describeMachine, processUsage } from "./process-usage.ts";

const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "200000" },
    lines: { type: "string", default: "100" },
    seconds: { type: "string", default: "10" },
    /** Before anything is measured: compiling what is hot takes its first second or two. */
    "warm-up": { type: "string", default: "3" },
  },
});
const linesPerMessage = Number(values.lines);

await using nats = await startNatsServer();
await using backend = await startDiscardingBackend();
await using writer = await startSpout(
  "writer",
  `mode = "writer"
   nats_address = "nats://127.0.0.1:${nats.port}"
   nats_subject = ["bench"]
   batch_max_count = 100
   batch_max_age = "100ms"
   influxdb_address = "127.0.0.1"
   influxdb_port = ${backend.port}
   influxdb_dbname = "bench"
  `,
);
await writer.logged("subscribed");

const load = (seconds: number) =>
  generate("nats-generator.ts", [
    nats.port,
    "bench",
    Number(values.rate) / linesPerMessage,
    seconds,
    linesPerMessage,
  ]);
const warmUpSent = await warmUp(Number(values["warm-up"]), load);
const before = processUsage(writer.pid);
const { sent, seconds } = await load(Number(values.seconds));
const { lines: written, requests } = await backend.readWhenQuiet();
const after = processUsage(writer.pid);

const lines = sent * linesPerMessage;
const lost = lines + warmUpSent * linesPerMessage - written;
const cpuMicroseconds = ((after.cpuSeconds - before.cpuSeconds) / lines) * 1e6;
console.log(describeMachine());
console.log(
  `writer: ${Math.round(lines / seconds)} lines/s, ${linesPerMessage} a message, ${seconds.toFixed(1)} s: ` +
    `${cpuMicroseconds.toFixed(3)} µs CPU a line, ${requests} requests, ${lost} lines lost, ` +
    `${(after.residentPeakBytes / 2 ** 20).toFixed(0)} MiB resident at most`,
);
printCost(cpuMicroseconds, "µs CPU a line");
process.exitCode = lost === 0 ? 0 : 1;
