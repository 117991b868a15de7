/**
 * What the counters must be when all that `archive-site.ts` sends has passed: worked out by hand, line by line.
 */
import { type CounterRow, type Series, seriesOf } from "../support/metrics-page.ts";

/**
 * Every series that these components had in 2.x, zeros and all. (The original's test of everything together showed 25 of them: two
 * listeners of one name, one rule, one downsampler, and one subject for each reader.)
 */
export function countersOf2x(host: string, influxPort: number): Series {
  const writer = (name: string, database: string) => ({
    component: "writer",
    name,
    influxdb_address: "127.0.0.1",
    influxdb_port: String(influxPort),
    influxdb_dbname: database,
  });
  const listener = { component: "listener" };
  const filter = { component: "filter", name: "sort" };
  const spread = { component: "downsampler", name: "spread" };
  const averages = { component: "downsampler", name: "averages" };
  const store = writer("store", "site");
  const archive = writer("archive", "site-archive");
  const noDrops = (labels: Readonly<Record<string, string>>, ...subjects: string[]) =>
    subjects.map((subject): CounterRow => [{ ...labels, subject }, { nats_dropped: 0 }]);
  const rows: CounterRow[] = [
    // The label mode is ours: it keeps two listeners of one name apart.
    [
      { ...listener, name: "udp", mode: "listener" },
      { received: 6, sent: 6, read_errors: 0, failed_nats_publish: 0 },
    ],
    [
      { ...listener, name: "http", mode: "listener_http" },
      { received: 3, sent: 3, read_errors: 0, failed_nats_publish: 0 },
    ],
    [filter, { processed: 27, passed: 20, rejected: 2, invalid_time: 2 }],
    [filter, { failed_nats_publish: 0, nats_dropped: 0 }],
    [{ ...filter, rule: "hosts" }, { triggered: 12 }],
    [{ ...filter, rule: "devices" }, { triggered: 2 }],
    [{ ...filter, rule: "memory" }, { triggered: 4 }],
    [{ ...filter, rule: "apps" }, { triggered: 2 }],
    // Two periods of hosts; refused were two values, and a minute late twice, five minutes early once.
    [
      spread,
      { received: 6, sent: 2, invalid_lines: 2, invalid_timestamps: 3, failed_nats_publish: 0 },
    ],
    ...noDrops(spread, "hosts"),
    [
      averages,
      { received: 4, sent: 3, invalid_lines: 0, invalid_timestamps: 0, failed_nats_publish: 0 },
    ],
    ...noDrops(averages, "devices", "memory", "apps"),
    [store, { received: 10, write_requests: 10, failed_writes: 2 }],
    ...noDrops(store, "hosts", "devices", "memory", "apps"),
    [archive, { received: 5, write_requests: 5, failed_writes: 0 }],
    ...noDrops(archive, "hosts-archive", "devices-archive", "memory-archive", "apps-archive"),
  ];
  return seriesOf(rows, { host });
}

/** What else has been counted: all counters that are not zero, those of bytes left out. */
export function furtherCounters(host: string, influxPort: number): Series {
  const influx = { influxdb_address: "127.0.0.1", influxdb_port: String(influxPort) };
  const rows: CounterRow[] = [
    [
      { component: "listener", name: "udp", mode: "listener" },
      { received_lines: 18, sent_lines: 18 },
    ],
    [
      { component: "listener", name: "http", mode: "listener_http" },
      { received_lines: 10, sent_lines: 9, dropped_overflow_lines: 1 },
    ],
    // A message for each subject that a message has lines for, the junkyard among them.
    [
      { component: "filter", name: "sort" },
      { invalid_lines: 2, comment_lines: 1, received: 9, sent: 11, sent_lines: 22 },
    ],
    [
      { component: "downsampler", name: "spread" },
      { received_lines: 12, averaged_lines: 7, late_lines: 2, sent_lines: 4 },
    ],
    [
      { component: "downsampler", name: "averages" },
      { received_lines: 8, averaged_lines: 8, sent_lines: 4 },
    ],
    [
      { component: "writer", name: "store", ...influx, influxdb_dbname: "site" },
      { received_lines: 20, written_lines: 18, dropped_write_lines: 2 },
    ],
    [
      { component: "writer", name: "archive", ...influx, influxdb_dbname: "site-archive" },
      { received_lines: 8, written_lines: 8 },
    ],
  ];
  return seriesOf(rows, { host });
}
