/**
 * How many lines a second one standalone process, held to one core, takes by UDP, routes and writes without loss:
 * `bun test/bench/standalone.ts [--rate 100000] [--lines 10] [--rules 10] [--seconds 10]` (datagrams a second).
 * The generator and a backend that discards share the machine. Fails if a line is lost.
 */
import { parseArgs } from "node:util";

import { startSpout } from "../support/binary.ts";
import { freePort } from "../support/server-process.ts";
import { startDiscardingBackend } from "./backend.ts";
import { printCost } from "./cost.ts";
import { generate } from "./generate.ts";
import { measurementNames } from "./host-lines.ts";
import { describeMachine, holdToOneCore, processUsage } from "./process-usage.ts";

const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "100000" },
    lines: { type: "string", default: "10" },
    rules: { type: "string", default: "10" },
    seconds: { type: "string", default: "10" },
  },
});
const lines = Number(values.lines);
const rules = measurementNames(Math.min(10, Number(values.rules))).map(
  (match) => `[[component.rule]]\ntype = "basic"\nmatch = "${match}"\nsubject = "out.${match}"\n`,
);

await using backend = await startDiscardingBackend();
const port = freePort();
await using spout = await startSpout(
  "standalone",
  `mode = "standalone"
   [[component]]
   mode = "listener"
   port = ${port}
   read_buffer_size = "16MB"
   [[component]]
   mode = "filter"
   nats_subject_junkyard = "out.junk"
   ${rules.join("\n")}
   [[component]]
   mode = "writer"
   nats_subject = ["out.*"]
   batch_max_count = 100000
   batch_max_size = "1MB"
   batch_max_age = "100ms"
   influxdb_address = "127.0.0.1"
   influxdb_port = ${backend.port}
   influxdb_dbname = "bench"
  `,
);
await spout.logged("UDP listener publishing");
holdToOneCore(spout.pid);

const before = processUsage(spout.pid);
const { sent, seconds } = await generate("udp-generator.ts", [
  port,
  values.rate,
  values.seconds,
  lines,
]);
const { lines: written, requests } = await backend.readWhenQuiet();
const after = processUsage(spout.pid);

const cpuMicroseconds = ((after.cpuSeconds - before.cpuSeconds) / (sent * lines)) * 1e6;
const lost = sent * lines - written;
console.log(describeMachine());
console.log(
  `standalone: ${Math.round((sent * lines) / seconds)} lines/s, ${lines} a datagram, ${rules.length} basic rules, ` +
    `${seconds.toFixed(1)} s: ${cpuMicroseconds.toFixed(3)} µs CPU a line on one core, ${requests} requests, ` +
    `${lost} lines lost, ${(after.residentPeakBytes / 2 ** 20).toFixed(0)} MiB resident at most`,
);
printCost(cpuMicroseconds, "µs CPU a line");
process.exitCode = lost === 0 ? 0 : 1;
