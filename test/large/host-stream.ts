/**
 * A stream of lines as a site's hosts send them, good and bad, each with the place where it must end up. Every valid
 * line carries a number of its own in the field `seq`, by which it is found again in a database.
 */

/** Where a line ends up, by the rules in {@link FILTER_RULES}: a subject, or the filter's reason for dropping it. */
export type Destination =
  | "hosts.cpu"
  | "hosts.disk"
  | "hosts.prod"
  | "hosts.nohost"
  | "influx-spout-junk"
  | "invalid-time"
  | "invalid_lines";

export interface StreamLine {
  readonly seq: number;
  /** Without its newline. */
  readonly text: string;
  readonly destination: Destination;
}

/** One rule of each kind, and a second basic one whose name has an escape in line protocol. */
export const FILTER_RULES = `
[[rule]]
type = "basic"
match = "cpu"
subject = "hosts.cpu"

[[rule]]
type = "basic"
match = "disk io"
subject = "hosts.disk"

[[rule]]
type = "regex"
match = '^mem,.*env=prod'
subject = "hosts.prod"

[[rule]]
type = "negregex"
match = "host="
subject = "hosts.nohost"
`;

const HOSTS = 50;
const SECOND_NS = 1_000_000_000n;

/** Timestamps are `unitNs` apart or more, so that no two lines are the same point, and within eight minutes of now. */
export function hostStream(count: number, firstSeq: number, unitNs = 1n): StreamLine[] {
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  return Array.from({ length: count }, (_, index) => {
    const seq = firstSeq + index;
    const steps = BigInt(Math.floor(index / HOSTS)) % 480n;
    const timestamp =
      (nowNs - steps * SECOND_NS - (unitNs === SECOND_NS ? 0n : BigInt(index))) / unitNs;
    const minuteUnits = (60n * SECOND_NS) / unitNs;
    return { seq, ...line(seq, index, timestamp, minuteUnits) };
  });
}

function line(
  seq: number,
  index: number,
  timestamp: bigint,
  minute: bigint,
): Omit<StreamLine, "seq"> {
  const host = `host=server${index % HOSTS}`;
  const past = timestamp - 12n * minute;
  const future = timestamp + 30n * minute;
  switch (Math.floor(index / HOSTS) % 12) {
    case 0:
    case 1:
    case 2:
      return to(
        "hosts.cpu",
        `cpu,${host},region=eu-west usage_user=12.50,seq=${seq}i ${timestamp}`,
      );
    case 3:
      // No timestamp: InfluxDB stamps these on arrival, so a tag keeps them apart.
      return to("hosts.cpu", `cpu,${host},one=${seq} usage_user=1e-3,seq=${seq}i`);
    case 4:
      return to(
        "hosts.disk",
        `disk\\ io,${host},path=/var\\ log used=9007199254740993i,seq=${seq}i ${timestamp}`,
      );
    case 5:
      return to("hosts.prod", `mem,env=prod,${host} free=1.0,seq=${seq}i ${timestamp}`);
    case 6:
      return to("influx-spout-junk", `mem,env=dev,${host} free=1.0,seq=${seq}i ${timestamp}`);
    case 7:
      return to("hosts.nohost", `uptime,site=s${index % HOSTS} up=t,seq=${seq}i ${timestamp}`);
    case 8:
      return to(
        "influx-spout-junk",
        `log,${host} text="a, b=c \\"d\\" é 5",seq=${seq}i ${timestamp}`,
      );
    case 9:
      return to("invalid-time", `cpu,${host} usage_user=1,seq=${seq}i ${past}`);
    case 10:
      return to("invalid-time", `mem,env=prod,${host} free=1,seq=${seq}i ${future}`);
    default:
      return to("invalid_lines", malformed(index, timestamp));
  }
}

function malformed(index: number, timestamp: bigint): string {
  const lines = [
    `cpu,host= usage=1 ${timestamp}`,
    `cpu,host=a ${timestamp}`,
    "cpu",
    `cpu,host=a text="never closed ${timestamp}`,
    `cpu,host=a usage=1 12x45`,
    `cpu,host usage=1 ${timestamp}`,
  ];
  return lines[index % lines.length] ?? "";
}

function to(destination: Destination, text: string): Omit<StreamLine, "seq"> {
  return { destination, text };
}

/** The numbers of the lines that end up in one of `destinations`, in ascending order. */
export function seqsOf(stream: readonly StreamLine[], ...destinations: Destination[]): number[] {
  return stream
    .filter(({ destination }) => destinations.includes(destination))
    .map(({ seq }) => seq)
    .sort((left, right) => left - right);
}

/** Groups of at most `size` neighbours. */
export function inGroups<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
