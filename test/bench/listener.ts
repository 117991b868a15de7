/**
 * How many datagrams a second the UDP listener takes without loss, and what each costs:
 * `bun test/bench/listener.ts [--rate 100000] [--lines 10] [--batch 10] [--senders 1] [--seconds 10]`.
 * `--warm-up 3` sends for three seconds before it measures.
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
    rate: { type: "string", default: "100000" },
    lines: { type: "string", default: "10" },
    batch: { type: "string", default: "10" },
    senders: { type: "string", default: "1" },
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
  "listener",
  `mode = "listener"
   port = ${port}
   nats_address = "nats://127.0.0.1:${nats.port}"
   nats_subject = ["bench"]
   batch_max_count = ${values.batch}
   read_buffer_size = "16MB"
  `,
);
await listener.logged("publishing to");
await untilConnected(nats, "listener");

const load = (seconds: number) =>
  generate("udp-generator.ts", [port, values.rate, seconds, lines, values.senders]);
const warmUpSent = await warmUp(Number(values["warm-up"]), load);
const before = processUsage(listener.pid);
const { sent, seconds } = await load(Number(values.seconds));
const { lines: delivered, messages } = await deliveries.readWhenQuiet();
const after = processUsage(listener.pid);

const cpuMicroseconds = ((after.cpuSeconds - before.cpuSeconds) / sent) * 1e6;
const lost = (warmUpSent + sent) * lines - delivered;
console.log(describeMachine());
console.log(
  `listener: ${Math.round(sent / seconds)} datagrams/s of ${lines} lines, batch ${values.batch}, ${values.senders} senders, ` +
    `${seconds.toFixed(1)} s: ${cpuMicroseconds.toFixed(2)} µs CPU a datagram, ${messages} messages, ` +
    `${lost} lines lost, ${(after.residentPeakBytes / 2 ** 20).toFixed(0)} MiB resident at most`,
);
printCost(cpuMicroseconds, "µs CPU a datagram");
process.exitCode = lost === 0 ? 0 : 1;
