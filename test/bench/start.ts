/**
 * How long the built binary takes until it is of use: `bun test/bench/start.ts [--smoke]`.
 *
 * From the start of the process to its end for --version, to the last log line that says it is ready otherwise; NATS is
 * there. Each figure is the median of 9 starts after one that does not count, which brings the binary into memory.
 * Fails above 100 ms for a listener and 300 ms for a filter with 8 threads; with `--smoke` only if one does not start, for a machine
 * that is slow or busy misses any limit.
 */
import { buildBinary } from "../support/binary.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { freePort } from "../support/server-process.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { printCost } from "./cost.ts";
import { describeMachine } from "./process-usage.ts";

const isSmoke = process.argv.includes("--smoke");
const STARTS = isSmoke ? 1 : 9;

await using nats = await startNatsServer();
const binary = await buildBinary();
await using folder = await tempFolder();
const configPath = folder.file("spout.toml");

console.log(describeMachine());
let allMs = await measure("--version", Infinity, () => untilEnded(["--version"]));

await Bun.write(
  configPath,
  `mode = "listener"
   port = ${freePort()}
   nats_address = "nats://${nats.address}"`,
);
allMs += await measure("listener", 100, () =>
  untilLogged([configPath], "listener bound to UDP socket", "connected to NATS"),
);

await Bun.write(
  configPath,
  `mode = "filter"
   workers = 8
   nats_address = "nats://${nats.address}"
   [[rule]]
   type = "basic"
   match = "cpu"
   subject = "cpu"`,
);
allMs += await measure("filter, 8 workers", 300, () =>
  untilLogged([configPath], "filter subscribed to", "filter publishes to"),
);

printCost(allMs, "ms, all three together");

/**
 * Prints what `start`, which resolves with milliseconds, takes, and resolves with its median; more than `maxMs` makes this
 * program fail.
 */
async function measure(name: string, maxMs: number, start: () => Promise<number>): Promise<number> {
  await start();
  const times: number[] = [];
  for (let count = 0; count < STARTS; count++) times.push(await start());
  times.sort((left, right) => left - right);
  const medianMs = times[(STARTS - 1) / 2] ?? NaN;
  const [bestMs = NaN] = times;
  const worstMs = times.at(-1) ?? NaN;
  const limit = maxMs === Infinity ? "" : `, limit ${maxMs} ms`;
  console.log(
    `${name.padEnd(18)} ${medianMs.toFixed(0).padStart(4)} ms ` +
      `(${bestMs.toFixed(0)} to ${worstMs.toFixed(0)}${limit})`,
  );
  if (medianMs > maxMs && !isSmoke) process.exitCode = 1;
  return medianMs;
}

async function untilEnded(args: readonly string[]): Promise<number> {
  const beganMs = performance.now();
  const child = Bun.spawn([binary, ...args], { stdin: "ignore", stdout: "ignore" });
  if ((await child.exited) !== 0) throw new Error(`${args.join(" ")} failed`);
  return performance.now() - beganMs;
}

/** Until all of `texts` are in the log; the program is stopped then. */
async function untilLogged(args: readonly string[], ...texts: readonly string[]): Promise<number> {
  const beganMs = performance.now();
  const child = Bun.spawn([binary, ...args], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const decoder = new TextDecoder();
  let log = "";
  let tookMs: number | undefined;
  for await (const chunk of child.stderr) {
    log += decoder.decode(chunk, { stream: true });
    if (tookMs !== undefined || !texts.every((text) => log.includes(text))) continue;
    tookMs = performance.now() - beganMs;
    child.kill("SIGTERM");
  }
  if ((await child.exited) !== 0 || tookMs === undefined) throw new Error(`it failed:\n${log}`);
  return tookMs;
}
