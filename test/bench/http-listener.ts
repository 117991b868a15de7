/**
 * How many bodies a second the HTTP listener takes without loss, and what each costs:
 * `bun test/bench/http-listener.ts [--lines 100] [--connections 8] [--batch 10] [--seconds 10] [--warm-up 3]`.
 * nats-server, the generator and a subscriber share the machine. Fails if a line is lost.
 */
import { parseArgs } from "node:util";

import { startSpout } from "../support/binary.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { freePort } from "../support/server-process.ts";
import { untilConnected } from "./connected.ts";
import { printCost } from "./cost.ts";
import { countDeliveries } from "./count-deliveries.ts";
import { generate, warmUp } from "./generate.ts";
import { describeMachine, processUsage } from "./process-usage.ts";

const { values } = parseArgs({
  options: {
    lines: { type: "string", default: "100" },
    connections: { type: "string", default: "8" },
    batch: { type: "string", default: "10" },
    seconds: { type: "string", default: "10" },
    /** Before anything is measured: compiling what is hot takes its first second or two. */
    "warm-up": { type: "string", default: "3" },
  },
});
const lines = Number(values.lines);

await using nats = await startNatsServer();
await using deliveries = await countDeliveries(nats.port, "bench");
const port = freePort();
await using listener = await startSpout(
  "listener_http",
  `mode = "listener_http"
   port = ${port}
   nats_address = "nats://127.0.0.1:${nats.port}"
   nats_subject = ["bench"]
   batch_max_count = ${values.batch}
   batch_max_age = "100ms"
  `,
);
await listener.logged("publishing to");
await untilConnected(nats, "listener_http");

const load = (seconds: number) =>
  generate("http-generator.ts", [port, Number(values.connections), seconds, lines]);
const warmUpSent = await warmUp(Number(values["warm-up"]), load);
const before = processUsage(listener.pid);
const { sent, seconds } = await load(Number(values.seconds));
const { lines: delivered, messages } = await deliveries.readWhenQuiet();
const after = processUsage(listener.pid);

const cpuMicroseconds = ((after.cpuSeconds - before.cpuSeconds) / sent) * 1e6;
const lost = (warmUpSent + sent) * lines - delivered;
console.log(describeMachine());
console.log(
  `listener_http: ${Math.round(sent / seconds)} bodies/s of ${lines} lines, ${values.connections} connections, ` +
    `batch ${values.batch}, ${seconds.toFixed(1)} s: ${cpuMicroseconds.toFixed(1)} µs CPU a body, ${messages} messages, ` +
    `${lost} lines lost, ${(after.residentPeakBytes / 2 ** 20).toFixed(0)} MiB resident at most`,
);
printCost(cpuMicroseconds, "µs CPU a body");
process.exitCode = lost === 0 ? 0 : 1;
