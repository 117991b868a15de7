/**
 * The floor that a component's figure stands on: what the same load costs a process that does nothing with it.
 * `bun test/bench/floor.ts udp [--rate 100000] [--lines 10]`, `... http [--lines 100] [--connections 8]`, or
 * `... nats [--rate 1000000]` (lines a second, messages of 100), each with `[--seconds 10]`.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";

import { startNatsServer } from "../support/nats-server.ts";
import { freePort } from "../support/server-process.ts";
import { printCost } from "./cost.ts";
import { countDeliveries } from "./count-deliveries.ts";
import { generate } from "./generate.ts";
import { processUsage } from "./process-usage.ts";

const LINES_PER_MESSAGE = 100;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rate: { type: "string" },
    lines: { type: "string" },
    connections: { type: "string", default: "8" },
    seconds: { type: "string", default: "10" },
  },
});
const { seconds } = values;

switch (positionals[0]) {
  case "udp": {
    const port = freePort();
    await using floor = await startFloor("udp", port);
    const load = [port, values.rate ?? "100000", seconds, values.lines ?? "10"];
    await measure(floor.pid, "a datagram", 1, () => generate("udp-generator.ts", load));
    break;
  }
  case "http": {
    const port = freePort();
    await using floor = await startFloor("http", port);
    const load = [port, values.connections, seconds, values.lines ?? "100"];
    await measure(floor.pid, "a body", 1, () => generate("http-generator.ts", load));
    break;
  }
  case "nats": {
    await using nats = await startNatsServer();
    await using _ = await countDeliveries(nats.port, "out");
    await using floor = await startFloor("nats", nats.port, "bench", "out");
    const rate = Number(values.rate ?? 1_000_000) / LINES_PER_MESSAGE;
    const load = [nats.port, "bench", rate, seconds, LINES_PER_MESSAGE];
    await measure(floor.pid, "a line", LINES_PER_MESSAGE, () =>
      generate("nats-generator.ts", load),
    );
    break;
  }
  default:
    console.error("expected udp, http or nats");
    process.exit(2);
}

async function startFloor(...args: (string | number)[]) {
  const script = join(import.meta.dir, "floor-process.ts");
  const child = Bun.spawn([process.execPath, script, ...args.map(String)], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  await child.stdout.getReader().read();
  return child;
}

/** `perSent`: how many of what is measured one message holds. */
async function measure(
  pid: number,
  unit: string,
  perSent: number,
  run: () => Promise<{ sent: number }>,
): Promise<void> {
  const before = processUsage(pid);
  const { sent } = await run();
  const used = processUsage(pid).cpuSeconds - before.cpuSeconds;
  printCost((used / (sent * perSent)) * 1e6, `µs CPU ${unit}`);
}
