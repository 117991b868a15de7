/**
 * What components of the original publish on the monitor subject, and what a monitor must show of it: their forms differ, the names and
 * labels do not, but that nobody told the host in 1.x.
 */
import type { CounterRow } from "../support/metrics-page.ts";

/** Each is a message, as those of 1.x are. */
export const MESSAGES_OF_1X = [
  'spout_mon type="listener",state="boot",pid=4711\n',
  "spout_stat_listener,listener=old-udp received=34,sent=4,read_errors=1\n",
  "spout_stat_filter,filter=old-filter passed=30,processed=40,rejected=6,invalid-time=4\n",
  "spout_stat_filter_rule,filter=old-filter,rule=cpu triggered=28\n",
  "spout_stat_filter_rule,filter=old-filter,rule=smi triggered=2\n",
  "spout_stat_writer,writer=old-writer,influxdb_address=db1,influxdb_port=8086,influxdb_dbname=spout received=30,write_requests=3,failed_writes=1\n",
  "writer_drop total=2,diff=2 1520000000000000000\n",
];

export const COUNTERS_OF_1X: readonly CounterRow[] = [
  [
    { component: "listener", name: "old-udp" },
    { received: 34, sent: 4, read_errors: 1 },
  ],
  [
    { component: "filter", name: "old-filter" },
    { passed: 30, processed: 40, rejected: 6, invalid_time: 4 },
  ],
  [{ component: "filter", name: "old-filter", rule: "cpu" }, { triggered: 28 }],
  [{ component: "filter", name: "old-filter", rule: "smi" }, { triggered: 2 }],
  [
    {
      component: "writer",
      name: "old-writer",
      influxdb_address: "db1",
      influxdb_port: "8086",
      influxdb_dbname: "spout",
    },
    { received: 30, write_requests: 3, failed_writes: 1 },
  ],
];

const WRITER = `component="writer",host="db1",influxdb_address="db1",influxdb_dbname="spout",influxdb_port="8086",name="writer"`;

/** 2.x puts the counters of a component into one message, and those of a rule or subject into another, which has no newline. */
export const MESSAGES_OF_2X = [
  'failed_nats_publish{component="listener",host="edge1",name="listener"} 1 1795337038187\n' +
    'read_errors{component="listener",host="edge1",name="listener"} 2 1795337038187\n' +
    'received{component="listener",host="edge1",name="listener"} 340 1795337038187\n' +
    'sent{component="listener",host="edge1",name="listener"} 34 1795337038187\n',
  'failed_nats_publish{component="filter",host="edge1",name="filter"} 0 1795337038187\n' +
    'invalid_time{component="filter",host="edge1",name="filter"} 40 1795337038187\n' +
    'nats_dropped{component="filter",host="edge1",name="filter"} 3 1795337038187\n' +
    'passed{component="filter",host="edge1",name="filter"} 300 1795337038187\n' +
    'processed{component="filter",host="edge1",name="filter"} 400 1795337038187\n' +
    'rejected{component="filter",host="edge1",name="filter"} 60 1795337038187\n',
  'triggered{component="filter",host="edge1",name="filter",rule="cpu"} 300 1795337038187',
  'failed_nats_publish{component="downsampler",host="edge1",name="downsampler"} 0 1795337038187\n' +
    'invalid_lines{component="downsampler",host="edge1",name="downsampler"} 5 1795337038187\n' +
    'invalid_timestamps{component="downsampler",host="edge1",name="downsampler"} 6 1795337038187\n' +
    'received{component="downsampler",host="edge1",name="downsampler"} 30 1795337038187\n' +
    'sent{component="downsampler",host="edge1",name="downsampler"} 7 1795337038187\n',
  'nats_dropped{component="downsampler",host="edge1",name="downsampler",subject="cpu"} 8 1795337038187',
  `failed_writes{${WRITER}} 9 1795337038187\n` +
    `received{${WRITER}} 30 1795337038187\n` +
    `write_requests{${WRITER}} 12 1795337038187\n`,
  `nats_dropped{${WRITER},subject="cpu"} 10 1795337038187`,
];

const EDGE = { host: "edge1" };
const WRITER_LABELS = {
  component: "writer",
  host: "db1",
  name: "writer",
  influxdb_address: "db1",
  influxdb_port: "8086",
  influxdb_dbname: "spout",
};

export const COUNTERS_OF_2X: readonly CounterRow[] = [
  [
    { component: "listener", name: "listener", ...EDGE },
    { failed_nats_publish: 1, read_errors: 2, received: 340, sent: 34 },
  ],
  [
    { component: "filter", name: "filter", ...EDGE },
    { failed_nats_publish: 0, invalid_time: 40, nats_dropped: 3 },
  ],
  [
    { component: "filter", name: "filter", ...EDGE },
    { passed: 300, processed: 400, rejected: 60 },
  ],
  [{ component: "filter", name: "filter", rule: "cpu", ...EDGE }, { triggered: 300 }],
  [
    { component: "downsampler", name: "downsampler", ...EDGE },
    { failed_nats_publish: 0, invalid_lines: 5, invalid_timestamps: 6, received: 30, sent: 7 },
  ],
  [{ component: "downsampler", name: "downsampler", subject: "cpu", ...EDGE }, { nats_dropped: 8 }],
  [WRITER_LABELS, { failed_writes: 9, received: 30, write_requests: 12 }],
  [{ ...WRITER_LABELS, subject: "cpu" }, { nats_dropped: 10 }],
];

/** `component name`, of all of them. */
export const ORIGINALS = [
  "listener old-udp",
  "filter old-filter",
  "writer old-writer",
  "listener listener",
  "filter filter",
  "downsampler downsampler",
  "writer writer",
];
