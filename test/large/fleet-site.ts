/**
 * What the test of a mixed fleet sends, and what each component must count and store of it. Of each kind of line a message has
 * one, and its tag `via` is the listener that it is sent to.
 */
import type { CounterRow } from "../support/metrics-page.ts";
import type { Points } from "./points.ts";

/** Messages sent to each listener. */
export const MESSAGES = {
  "v1-udp-listener": 400,
  "v2-udp-listener": 50,
  "v1-http-listener": 20,
  "v2-http-listener": 20,
} as const;
export type Listener = keyof typeof MESSAGES;
export const ALL_MESSAGES = 490;

/** To `cpu` go two, to `smi` and `hostless` one each, to the junkyard three; two are dropped by the filters. */
const LINES = 9;

/** `index` counts the messages to one listener from 0; `minuteNs` is when a minute begins. */
export function message(via: Listener, index: number, minuteNs: bigint): string {
  const time = minuteNs + BigInt(index);
  return [
    `cpu,host=web1,via=${via} usage=${index}.5 ${time}`,
    `cpu,host=web2,via=${via} usage=${2 * index} ${time}`,
    `nv,host=gpu1,via=${via} smi_count=3i ${time}`,
    `uptime,site=lab,via=${via} seconds=${index}i ${time}`,
    // Junk, of which the junk writer wants the first two.
    `disk\\ io,host=web1,via=${via} used=${index}i ${time}`,
    `mem,host=web1,via=${via} free=${index}i ${time}`,
    `log,host=web1,via=${via} text="up, and \\"running\\"" ${time}`,
    // Malformed, and of 1970.
    `cpu,host= usage=1 ${time}`,
    `cpu,host=web1,via=${via} usage=1 5\n`,
  ].join("\n");
}

/** By database and field: how many points have it. */
export const STORED: readonly (readonly [database: string, field: string, points: number])[] = [
  ["spout", "usage", 2 * ALL_MESSAGES],
  ["spout", "smi_count", ALL_MESSAGES],
  ["spout", "seconds", ALL_MESSAGES],
  ["web2", "usage", ALL_MESSAGES],
  ["influx-spout-junk", "used", ALL_MESSAGES],
  ["influx-spout-junk", "free", ALL_MESSAGES],
];

/** The averages of the minute: of 0.5, 1.5, 2.5 and so on, and of 0, 2, 4 and so on. */
export function archived(minuteNs: bigint): Points {
  const end = new Date(Number(minuteNs / 1_000_000n) + 60_000);
  const time = end.toISOString().replace(".000", "");
  return {
    cpu: [
      { time, via: "v1-http-listener", host: "web1", usage: 10 },
      { time, via: "v1-http-listener", host: "web2", usage: 19 },
      { time, via: "v1-udp-listener", host: "web1", usage: 200 },
      { time, via: "v1-udp-listener", host: "web2", usage: 399 },
      { time, via: "v2-http-listener", host: "web1", usage: 10 },
      { time, via: "v2-http-listener", host: "web2", usage: 19 },
      { time, via: "v2-udp-listener", host: "web1", usage: 25 },
      { time, via: "v2-udp-listener", host: "web2", usage: 49 },
    ],
  };
}

/** What each component has counted when all has passed but the averages; of the filters, which share the work, see {@link FILTERED}. */
export function fleetCounters(influxPort: number): CounterRow[] {
  const writer = (name: string, database: string) => ({
    component: "writer",
    name,
    influxdb_address: "localhost",
    influxdb_port: String(influxPort),
    influxdb_dbname: database,
  });
  const listeners = Object.entries(MESSAGES).map(([name, messages]): CounterRow => {
    const mode = name.endsWith("udp-listener") ? "listener" : "listener_http";
    const lines = messages * LINES;
    return [
      { component: "listener", name, mode },
      { received: messages, received_lines: lines, sent_lines: lines, failed_nats_publish: 0 },
    ];
  });
  const all = ALL_MESSAGES;
  return [
    ...listeners,
    [
      { component: "downsampler", name: "v2-downsampler" },
      { received_lines: 2 * all, averaged_lines: 2 * all, invalid_lines: 0, sent_lines: 0 },
    ],
    [
      writer("v1-writer", "spout"),
      { received_lines: 4 * all, written_lines: 4 * all, failed_writes: 0 },
    ],
    [
      writer("v1-rules-writer", "web2"),
      { received_lines: 2 * all, written_lines: all, unmatched_lines: all },
    ],
    [
      writer("v2-junk-writer", "influx-spout-junk"),
      { received_lines: 3 * all, written_lines: 2 * all, unmatched_lines: all },
    ],
    [writer("v2-archive-writer", "spout-archive"), { received_lines: 0, written_lines: 0 }],
  ];
}

/** What both filters have counted together. */
export const FILTERED: readonly (readonly [name: string, labels: string, sum: number])[] = [
  ["processed", "", LINES * ALL_MESSAGES],
  ["passed", "", 4 * ALL_MESSAGES],
  ["rejected", "", 3 * ALL_MESSAGES],
  ["invalid_time", "", ALL_MESSAGES],
  ["invalid_lines", "", ALL_MESSAGES],
  ["triggered", "rule='cpu'", 2 * ALL_MESSAGES],
  ["triggered", "rule='smi'", ALL_MESSAGES],
  ["triggered", "rule='hostless'", ALL_MESSAGES],
];
