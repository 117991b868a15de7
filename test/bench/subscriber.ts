/**
 * Counts deliveries: `bun test/bench/subscriber.ts PORT SUBJECT...`. Prints "ready", then the counts as one line of JSON
 * for each line that arrives on its standard input.
 */
import { connectRaw } from "./raw-nats.ts";

const [port, ...subjects] = process.argv.slice(2);
const nats = await connectRaw(Number(port));
for (const subject of subjects) nats.subscribe(subject);
await nats.flush();
console.log("ready");
for await (const _line of console) console.log(JSON.stringify(nats.received));
process.exit(0);
