/** The lines of a made-up site: forty hosts and a few programs that nobody has written a rule for. */
import type { Random } from "../support/random.ts";

const HOSTS = Array.from({ length: 40 }, (_, index) => `web${String(index + 1).padStart(2, "0")}`);

/** Measurement with its tags, and its fields. */
type Kind = readonly [head: string, fields: (random: Random) => string];

const percent = (random: Random) => random.int(1000) / 10;
const bytes = (random: Random) => `${random.int(2 ** 31)}i`;

/** What every host has. */
const OF_HOSTS: readonly Kind[] = [
  ["cpu,cpu=cpu-total", (r) => `usage_user=${percent(r)},usage_idle=${percent(r)}`],
  ["cpu,cpu=cpu0", (r) => `usage_user=${percent(r)},usage_idle=${percent(r)}`],
  ["mem", (r) => `used=${bytes(r)},available_percent=${percent(r)}`],
  ["disk,device=sda1,path=/", (r) => `used_percent=${percent(r)},free=${bytes(r)}`],
  ["diskio,name=sda", (r) => `reads=${r.int(1e6)}i,writes=${r.int(1e6)}i`],
  ["net,interface=eth0", (r) => `bytes_recv=${bytes(r)},bytes_sent=${bytes(r)}`],
];
const BACKUP: Kind = ["backup", (r) => `state="${r.pick(["running", "done"])}",ok=true`];
const ORDERS: Kind = ["orders,shop=eu", (r) => `open=${r.int(500)}i,value=${r.int(1e6) / 100}`];

const DAY_NS = 86_400_000_000_000n;

/** One line, newline-ended. Some are of no host, some of a kind that no rule knows, and one in 500 has a wild clock. */
export function siteLine(random: Random, nowNs: bigint): string {
  const isOfHost = !random.oneIn(12);
  const ofHost = random.oneIn(16) ? BACKUP : random.pick(OF_HOSTS);
  const [head, fields] = isOfHost ? ofHost : ORDERS;
  const host = isOfHost ? `,host=${random.pick(HOSTS)}` : "";
  const timestamp = random.oneIn(500) ? nowNs - DAY_NS : nowNs;
  return `${head}${host} ${fields(random)} ${timestamp}\n`;
}
