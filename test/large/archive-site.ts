/**
 * What the test of the archive sends, and what must become of it, both worked out by hand: the points in each database
 * and the counters of each component. Every datagram and every body is a message of its own all the way.
 */
import type { Points } from "./points.ts";

const MS_NS = 1_000_000n;
export const PERIOD_NS = 2000n * MS_NS;

/** One rule of each kind; the expression finds only what has its tags in order. */
export const SITE_RULES = `
[[rule]]
type = "basic"
match = "cpu"
subject = "hosts"

[[rule]]
type = "basic"
match = "disk io"
subject = "devices"

[[rule]]
type = "regex"
match = '^mem,dc=\\w+,host='
subject = "memory"

[[rule]]
type = "tags"
tags = [["app", "web 1"], ["stage", "prod"]]
subject = "apps"
`;

/** What `hosts` gets besides averages. */
export const HOST_FUNCTIONS = ["min", "max", "count"];

export interface Body {
  readonly text: string;
  /** Behind `/write?db=any`. */
  readonly query: string;
  readonly status: number;
}

/** Nanoseconds since 1970. */
export interface Times {
  /** When a period begins. */
  readonly beginNs: bigint;
  /** Long before that, but not too long for the filter. */
  readonly lateNs: bigint;
}

/** Sent before all others: it gives the field a type in the database, and is too late for the averages. */
export const firstDatagram = (lateNs: bigint) => `cpu,host=c,dc=eu temp=1.5 ${lateNs}\n`;

/** To be sent when the period has begun. */
export function datagrams({ beginNs, lateNs }: Times): string[] {
  const at = (ms: number, ns = 0n) => beginNs + BigInt(ms) * MS_NS + ns;
  return [
    // The third is in the period's last nanosecond, the fourth in the first of the next.
    `cpu,host=a,dc=eu load=1.5,users=1i,up=true,note="one" ${at(0)}\n` +
      `cpu,dc=eu,host=a load=2.5,users=2i,up=f,note="say \\"two\\"" ${at(500)}\n` +
      `cpu,dc=eu,host=a load=-1,users=7i ${at(2000, -1n)}\n` +
      `cpu,host=a,dc=eu load=8 ${at(2000)}\n`,
    // A good one; a comment; two malformed; an hour off; late and five minutes early: too much for the averages only.
    `cpu,host=b,dc=eu load=10,users=9007199254740993i ${at(0)}\r\n` +
      `# cpu,host=b,dc=eu load=1000 ${at(0)}\r\n` +
      `cpu,host= load=1000 ${at(0)}\r\n` +
      `cpu,host=b,dc=eu load=1000,note="never closed ${at(0)}\r\n` +
      `cpu,host=b,dc=eu load=1000 ${at(-3_600_000)}\r\n` +
      `cpu,host=b,dc=eu load=1000 ${at(3_600_000)}\r\n` +
      `cpu,host=b,dc=eu load=97 ${lateNs}\r\n` +
      `cpu,host=b,dc=eu load=96 ${at(300_000)}`,
    // The database refuses the first, as the field is a float there; the averages refuse the second, as it was an integer.
    `cpu,host=c,dc=eu temp=40i ${at(0)}\ncpu,host=c,dc=eu temp=41.5 ${at(1000)}\n`,
    // No rule looks at values: both refuse it.
    `cpu,host=d,dc=eu load=abc ${at(0)}\n`,
    `disk\\ io,path=/var/log\\ files,mount\\,point=a\\=b used\\ percent=40i,gain=-1.24e+78,note="C:\\\\temp" ${at(0)}\n` +
      `disk\\ io,mount\\,point=a\\=b,path=/var/log\\ files used\\ percent=43i,gain=-1.30e+78,note="a, b = \\"c\\"" ${at(1000)}\n`,
  ];
}

export function bodies({ beginNs }: Times): Body[] {
  const at = (ms: number) => beginNs + BigInt(ms) * MS_NS;
  const second = beginNs / (1000n * MS_NS);
  return [
    {
      text: `cpu,dc=eu,host=b load=20,users=9007199254740995i ${beginNs / MS_NS + 1000n}\n`,
      query: "&precision=ms",
      status: 204,
    },
    {
      text:
        `mem,host=a,dc=eu free=-1i ${at(0)}\nmem,dc=eu,host=a free=-2i ${at(1000)}\n` +
        `app,stage=prod,version=2,app=web\\ 1 hits=3i,ok=T ${at(0)}\n` +
        `app,app=web\\ 1,stage=prod,version=2 hits=4i,ok=False ${at(1000)}\n` +
        // Unwanted: another stage, and no data centre.
        `app,app=web\\ 1,stage=test hits=9i ${at(0)}\nmem,host=a free=5i ${at(0)}\n`,
      query: "",
      status: 204,
    },
    {
      // No time in nanoseconds is that far away: the answer says so, and the others are taken.
      text: `mem,host=z,dc=eu free=6i ${second}\nmem,host=z,dc=eu free=7i 99999999999999\nmem,host=z,dc=eu free=8i ${second + 1n}`,
      query: "&precision=s",
      status: 400,
    },
  ];
}

/** By measurement: 18 points, as the database shows them. */
export function storedPoints({ beginNs, lateNs }: Times): Points {
  const at = (ms: number, ns = 0n) => timeText(beginNs + BigInt(ms) * MS_NS + ns);
  const [a, b, c] = ["a", "b", "c"].map((host) => ({ dc: "eu", host }));
  const disk = { "mount,point": "a=b", path: "/var/log files" };
  const app = { app: "web 1", stage: "prod", version: "2" };
  return {
    cpu: [
      { time: at(0), ...a, load: 1.5, users: 1, up: true, note: "one" },
      { time: at(500), ...a, load: 2.5, users: 2, up: false, note: 'say "two"' },
      { time: at(2000, -1n), ...a, load: -1, users: 7 },
      { time: at(2000), ...a, load: 8 },
      { time: at(0), ...b, load: 10, users: 9007199254740993 },
      { time: at(1000), ...b, load: 20, users: 9007199254740995 },
      { time: timeText(lateNs), ...b, load: 97 },
      { time: at(300_000), ...b, load: 96 },
      { time: timeText(lateNs), ...c, temp: 1.5 },
      { time: at(1000), ...c, temp: 41.5 },
    ],
    "disk io": [
      { time: at(0), ...disk, "used percent": 40, gain: -1.24e78, note: "C:\\temp" },
      { time: at(1000), ...disk, "used percent": 43, gain: -1.3e78, note: 'a, b = "c"' },
    ],
    mem: [
      { time: at(0), ...a, free: -1 },
      { time: at(1000), ...a, free: -2 },
      { time: at(0), dc: "eu", host: "z", free: 6 },
      { time: at(1000), dc: "eu", host: "z", free: 8 },
    ],
    app: [
      { time: at(0), ...app, hits: 3, ok: true },
      { time: at(1000), ...app, hits: 4, ok: false },
    ],
  };
}

/** By measurement: 8 points, each at the end of its period. Means of integers are without their fraction. */
export function archivedPoints({ beginNs }: Times): Points {
  const end = timeText(beginNs + PERIOD_NS);
  const nextEnd = timeText(beginNs + 2n * PERIOD_NS);
  const [a, b, c] = ["a", "b", "c"].map((host) => ({ dc: "eu", host }));
  return {
    cpu: [
      {
        ...{ time: end, ...a },
        ...{ load: 1, load_min: -1, load_max: 2.5, load_count: 3 },
        ...{ users: 3, users_min: 1, users_max: 7, users_count: 3 },
        ...{ up: false, up_count: 2 },
        ...{ note: 'say "two"', note_count: 2 },
      },
      {
        ...{ time: nextEnd, ...a },
        ...{ load: 8, load_min: 8, load_max: 8, load_count: 1 },
      },
      {
        ...{ time: end, ...b },
        ...{ load: 15, load_min: 10, load_max: 20, load_count: 2 },
        ...{ users: 9007199254740994, users_count: 2 },
        ...{ users_min: 9007199254740993, users_max: 9007199254740995 },
      },
      {
        ...{ time: end, ...c },
        ...{ temp: 40, temp_min: 40, temp_max: 40, temp_count: 1 },
      },
    ],
    "disk io": [
      {
        ...{ time: end, "mount,point": "a=b", path: "/var/log files" },
        ...{ "used percent": 41, gain: -1.27e78, note: 'a, b = "c"' },
      },
    ],
    mem: [
      { time: end, ...a, free: -1 },
      { time: end, dc: "eu", host: "z", free: 7 },
    ],
    app: [{ time: end, app: "web 1", stage: "prod", version: "2", hits: 3, ok: false }],
  };
}

/** As InfluxDB prints it: without zeros at the end of the fraction. */
function timeText(ns: bigint): string {
  const second = new Date(Number(ns / MS_NS)).toISOString().slice(0, -".000Z".length);
  const fraction = (ns % (1000n * MS_NS)).toString().padStart(9, "0").replace(/0+$/, "");
  return `${second}${fraction === "" ? "" : "."}${fraction}Z`;
}
