/** The writer's lines for the monitor subject: measurement, tags and first fields are 1.x's. */
import { expect, test } from "bun:test";
import { hostname } from "node:os";

import { Counters } from "../../../src/metrics/counters.ts";
import { printMetrics } from "../../../src/metrics/print.ts";
import { STARTED_MS } from "../../../src/platform/host.ts";
import { WRITER_COUNTERS, writerMetrics } from "../../../src/writer/counters.ts";
import { writerConfig } from "../../support/writer-config.ts";

const linesOf = (...told: Parameters<typeof writerMetrics>) =>
  printMetrics(writerMetrics(...told), "line", 0);

test("begins as in 1.x, and has our own counters behind", () => {
  const counters = new Counters(WRITER_COUNTERS);
  counters.add("received", 5);
  counters.add("write_requests", 4);
  counters.add("failed_writes");
  counters.add("nats_dropped_lines", 2 ** 53 - 1);
  const [line = ""] = linesOf(writerConfig(), counters.snapshot(), []);
  const start =
    `spout_stat_writer,writer=store,influxdb_address=127.0.0.1,influxdb_port=8086,influxdb_dbname=metrics,host=${hostname()} ` +
    "received=5,write_requests=4,failed_writes=1,received_lines=0,";
  expect(line.slice(0, start.length)).toBe(start);
  expect(line).toEndWith(
    `,nats_dropped=0,nats_dropped_lines=9007199254740991,nats_uncounted_breaks=0,started_ms=${STARTED_MS}\n`,
  );
});

test("escapes what line protocol would misread in a tag", () => {
  const config = writerConfig();
  const output = { ...config.output, database: "my db,x=1" };
  const [line] = linesOf(
    { ...config, name: "a b", output },
    new Counters(WRITER_COUNTERS).snapshot(),
    [],
  );
  expect(line).toStartWith(
    `spout_stat_writer,writer=a\\ b,influxdb_address=127.0.0.1,influxdb_port=8086,influxdb_dbname=my\\ db\\,x\\=1,host=${hostname()} `,
  );
});

test("each subject has a line of its own for what was dropped in front of it", () => {
  const [, ...lines] = linesOf(writerConfig(), new Counters(WRITER_COUNTERS).snapshot(), [
    { subject: "hosts.*", counts: { nats_dropped: 2, nats_dropped_lines: 30 } },
    { subject: "junk", counts: { nats_dropped: 0, nats_dropped_lines: 0 } },
  ]);
  const tags = "influxdb_address=127.0.0.1,influxdb_port=8086,influxdb_dbname=metrics";
  const start = `spout_stat_writer_subject,writer=store,${tags},subject=`;
  const host = `host=${hostname()}`;
  const started = `started_ms=${STARTED_MS}`;
  expect(lines).toEqual([
    `${start}hosts.*,${host} nats_dropped=2,nats_dropped_lines=30,${started}\n`,
    `${start}junk,${host} nats_dropped=0,nats_dropped_lines=0,${started}\n`,
  ]);
});
