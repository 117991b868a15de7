/**
 * How late short datagrams are behind a UDP listener, by how they end: each is one line of 100 bytes with the time at which it
 * was sent, and is looked for on the listener's subject. Where a datagram costs more than it should, a listener falls behind
 * at these rates, and datagrams are late, or lost.
 */
import type { NatsServer } from "../support/nats-server.ts";
import { pace } from "./pace.ts";
import { connectRaw } from "./raw-nats.ts";
import { startUdpLoad, type UdpLoad } from "./shape-loads.ts";

/** A batch may be 50 ms old; the rest is for a machine that others use as well. */
const LATE_MS = 200;
/** On such a machine a run may have come to nothing: the best of so many counts. */
const TRIES_MAX = 4;
const LINE_BYTES = 100;
const TIME_DIGITS = 14;
const HEAD = "cpu,host=web-1,dc=eu sent_ms=";
/** How long what is missing is waited for. */
const LOST_MS = 4000;

const ENDINGS: Readonly<Record<string, string>> = {
  "a newline": "\n",
  "no final newline": "",
  CRLF: "\r\n",
  "a CR": "\r",
};

export interface Lateness {
  readonly perSecond: number;
  readonly ending: string;
  readonly sent: number;
  readonly lost: number;
  /** Later than {@link LATE_MS}. */
  readonly late: number;
  readonly medianMs: number;
  readonly percentile99Ms: number;
  readonly maxMs: number;
}

/** Each ending at each rate, for so long. */
export async function measureLateness(
  nats: NatsServer,
  rates: readonly number[],
  seconds: number,
): Promise<readonly Lateness[]> {
  await using load = await startUdpLoad(nats);
  const results: Lateness[] = [];
  for (const perSecond of rates) {
    for (const ending of Object.keys(ENDINGS)) {
      const runs: Lateness[] = [];
      while (runs.length < TRIES_MAX && runs.every(({ lost, late }) => lost + late > 0)) {
        runs.push(await run(nats, load, { perSecond, ending, seconds }));
      }
      const [best] = runs.sort((left, right) => left.lost + left.late - right.lost - right.late);
      if (best !== undefined) results.push(best);
    }
  }
  return results;
}

interface RunOptions {
  readonly perSecond: number;
  readonly ending: string;
  readonly seconds: number;
}

async function run(nats: NatsServer, load: UdpLoad, options: RunOptions): Promise<Lateness> {
  const { perSecond, ending, seconds } = options;
  const latenesses: number[] = [];
  const connection = await connectRaw(nats.port, (payload) => {
    const nowMs = performance.now();
    for (let at = 0; at < payload.length; at = payload.indexOf("\n", at) + 1) {
      const timeAt = at + HEAD.length;
      latenesses.push(nowMs - Number(payload.toString("latin1", timeAt, timeAt + TIME_DIGITS)));
    }
  });
  connection.subscribe("bench");
  await connection.flush();

  let sent = 0;
  await pace(perSecond, seconds, async (count) => {
    await load.sendMany(datagram(ENDINGS[ending] ?? ""), count);
    sent += count;
  });
  const lastMs = performance.now();
  while (latenesses.length < sent && performance.now() - lastMs < LOST_MS) await Bun.sleep(10);
  connection.close();

  const sorted = latenesses.sort((left, right) => left - right);
  const share = (part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? Infinity;
  return {
    perSecond,
    ending,
    sent,
    lost: sent - sorted.length,
    late: sorted.filter((ms) => ms > LATE_MS).length,
    medianMs: share(0.5),
    percentile99Ms: share(0.99),
    maxMs: share(1),
  };
}

/** A line that is sent now. */
function datagram(ending: string): Uint8Array {
  const time = performance.now().toFixed(3).padStart(TIME_DIGITS, "0");
  const start = `${HEAD}${time},n=`;
  const digits = LINE_BYTES - start.length - "i".length - ending.length;
  return Buffer.from(`${start}${"7".repeat(digits)}i${ending}`);
}

export function printLateness(results: readonly Lateness[]): readonly string[] {
  return [
    "## How late short datagrams are",
    "",
    `Datagrams of one line of ${LINE_BYTES} bytes, from the sender to the listener's subject, in milliseconds. Late is what takes more than ${LATE_MS} ms;`,
    "batches of the listener may be 50 ms old. The best of four runs at most, as others use the machine as well.",
    "",
    "| datagrams/s | end in | sent | not there | late | median | 99 % | maximum |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ...results.map(
      ({ perSecond, ending, sent, lost, late, medianMs, percentile99Ms, maxMs }) =>
        `| ${perSecond.toLocaleString("en-US")} | ${ending} | ${sent.toLocaleString("en-US")} | ${lost} | ${late} | ` +
        `${[medianMs, percentile99Ms, maxMs].map((ms) => ms.toFixed(1)).join(" | ")} |`,
    ),
    "",
  ];
}
