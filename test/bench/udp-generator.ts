/**
 * Sends datagrams at an exact rate:
 * `bun test/bench/udp-generator.ts PORT DATAGRAMS_PER_SECOND SECONDS LINES [SENDERS]`, from so many sockets in turns.
 * Prints `{"sent":...,"seconds":...}`. Timestamps are the current second's, so that a filter lets them pass.
 */
import assert from "node:assert/strict";

import { hostLines } from "./host-lines.ts";
import { pace } from "./pace.ts";

const [port, rate, seconds, linesPerDatagram, senders = 1] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
  number,
  number?,
];
/** Datagrams given to one system call; several senders share them, so that what arrives is mixed. */
const SEND_AT_ONCE = Math.ceil(64 / senders);

const sockets = await Promise.all(
  Array.from({ length: senders }, () =>
    Bun.udpSocket({ connect: { port, hostname: "127.0.0.1" } }),
  ),
);
const payloads = Array.from({ length: SEND_AT_ONCE }, (_, index) =>
  Buffer.from(hostLines(linesPerDatagram, { first: index * linesPerDatagram })),
);
let sent = 0;
let turn = 0;

const took = await pace(rate, seconds, async (count) => {
  for (let left = count; left > 0;) {
    const wanted = Math.min(left, SEND_AT_ONCE);
    const taken = sender().sendMany(wanted === SEND_AT_ONCE ? payloads : payloads.slice(0, wanted));
    sent += taken;
    left -= taken;
    if (taken < wanted) await Bun.sleep(0);
  }
});
console.log(JSON.stringify({ sent, seconds: took }));
process.exit(0);

function sender() {
  const socket = sockets[turn++ % sockets.length];
  assert(socket !== undefined);
  return socket;
}
