/**
 * `npm run demo -- [--rate 1000] [--seconds 0] [--seed 1]`: starts configs/standalone.toml, feeds it lines as the
 * agents of a site would send them, most by UDP and every tenth batch by HTTP, and prints once a second what became
 * of them. Runs until Ctrl-C, or for that many seconds.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";

import { loadConfig } from "../../src/config/load.ts";
import { assert } from "../../src/platform/errors.ts";
import { eventually } from "../support/eventually.ts";
import { randomFrom } from "../support/random.ts";
import { openUdpSender } from "../support/udp-sender.ts";
import { siteLine } from "./site-lines.ts";
import { followMetrics, statusLine } from "./status.ts";

const ROOT = join(import.meta.dir, "../..");
const CONFIG = "configs/standalone.toml";
/** As an agent gathers them. */
const LINES_PER_SEND = 10;

const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "1000" },
    seconds: { type: "string", default: "0" },
    seed: { type: "string", default: "1" },
  },
});
const rate = Number(values.rate);
const endMs = Number(values.seconds) === 0 ? Infinity : Date.now() + Number(values.seconds) * 1000;
const random = randomFrom(Number(values.seed));

process.chdir(ROOT);
const { udpPort, httpPort, metricsPath } = findPlaces();
const readMetrics = followMetrics(metricsPath);
const spout = Bun.spawn([process.execPath, "src/main.ts", CONFIG], {
  stdio: ["ignore", "inherit", "inherit"],
});
let isStopping = false;
// Ctrl-C reaches the child by itself.
process.on("SIGINT", () => (isStopping = true));
process.on("SIGTERM", () => {
  isStopping = true;
  spout.kill();
});
void spout.exited.then(() => (isStopping = true));
await eventually("influx-spout to answer", async () => isStopping || (await isUp()));

using udp = await openUdpSender(udpPort);
const status = setInterval(async () => console.log(statusLine(await readMetrics())), 1000);
const beganMs = performance.now();
for (let sends = 0; !isStopping && Date.now() < endMs;) {
  const due = Math.floor((((performance.now() - beganMs) / 1000) * rate) / LINES_PER_SEND);
  while (sends < due && !isStopping) await send(sends++);
  await Bun.sleep(10);
}
if (!isStopping) spout.kill();
const exitCode = await spout.exited;
clearInterval(status);
console.log(statusLine(await readMetrics()));
process.exit(exitCode);

async function send(number: number): Promise<void> {
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const lines = Array.from({ length: LINES_PER_SEND }, () => siteLine(random, nowNs)).join("");
  if (number % 10 !== 0) return udp.send(lines);
  // What is refused because the process stops is nobody's loss.
  await fetch(`http://localhost:${httpPort}/write`, { method: "POST", body: lines }).catch(
    () => {},
  );
}

async function isUp(): Promise<boolean> {
  const answer = await fetch(`http://localhost:${httpPort}/ping`).catch(() => undefined);
  return answer?.status === 204;
}

/** Where the example takes lines in, and where it writes its metrics. */
function findPlaces() {
  const { config } = loadConfig({ path: CONFIG, env: process.env });
  assert(config.mode === "standalone", `${CONFIG} is not of mode standalone`);
  let udpPort = 0;
  let httpPort = 0;
  let metricsPath = "";
  for (const component of config.components) {
    if (component.mode === "listener") udpPort = component.port;
    if (component.mode === "listener_http") httpPort = component.port;
    if (component.mode !== "writer" || component.output.kind !== "file") continue;
    if (component.subjects.includes(component.monitorSubject)) metricsPath = component.output.path;
  }
  return { udpPort, httpPort, metricsPath };
}
