/**
 * Publishes messages at an exact rate:
 * `bun test/bench/nats-generator.ts PORT SUBJECT MESSAGES_PER_SECOND SECONDS LINES [LENGTH [MEASUREMENTS]]`
 * (see `host-lines.ts`). Prints `{"sent":...,"seconds":...}`, messages.
 */
import { hostLines, LINE_BYTES, MEASUREMENTS } from "./host-lines.ts";
import { pace } from "./pace.ts";
import { connectRaw, frame } from "./raw-nats.ts";

const [portText, subject = "", ...numbers] = process.argv.slice(2);
const [rate, seconds, linesPerMessage, lengthBytes = LINE_BYTES, measurements = MEASUREMENTS] =
  numbers.map(Number) as [number, number, number, number?, number?];

const nats = await connectRaw(Number(portText));
const lines = hostLines(linesPerMessage, { lengthBytes, measurements });
const message = frame(subject, Buffer.from(lines));
let sent = 0;

const took = await pace(rate, seconds, async (count) => {
  await nats.write(count === 1 ? message : Buffer.concat(Array<Uint8Array>(count).fill(message)));
  sent += count;
});
await nats.flush();
console.log(JSON.stringify({ sent, seconds: took }));
process.exit(0);
