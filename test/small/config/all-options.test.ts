/**
 * Goal: files of the original's 1.x and 2.x that set every option give exactly those values, in every mode.
 * Method: one text holds all options of all modes; loaded with each mode in turn, as a common file would be.
 */
import { expect, test } from "bun:test";

import { COMPONENT_MODES } from "../../../src/config/option.ts";
import { natsOptions } from "../../support/nats-options.ts";
import { load } from "./load-text.ts";

const MB = 1024 * 1024;

const RULES = `
[[rule]]
type = "basic"
match = "cpu"
subject = "system"

[[rule]]
type = "regex"
match = "^net,.+"
subject = "network"

[[rule]]
type = "negregex"
match = "host=web"
subject = "others"
`;

const RULES_2X = `${RULES}
[[rule]]
type = "tags"
tags = [["host", "web"], ["dc", "a b"]]
subject = "web"
`;

const OPTIONS_1X = `
name = "thor"
nats_address = "nats://localhost:4222"
nats_subject = ["spout"]
nats_subject_monitor = "spout-monitor"
nats_subject_junkyard = "spout-junk"
influxdb_address = "localhost"
influxdb_port = 8086
influxdb_dbname = "junk_nats"
batch = 11
batch_max_mb = 12
batch_max_secs = 301
listener_batch_bytes = 4096
port = 10002
workers = 96
write_timeout_secs = 32
read_buffer_bytes = 43210
nats_pending_max_mb = 100
max_time_delta_secs = 789
debug = true
`;

const OPTIONS_2X = `
name = "thor"
nats_address = "nats://localhost:4222"
nats_subject = ["spout"]
nats_subject_monitor = "spout-monitor"
nats_subject_junkyard = "spout-junk"
influxdb_address = "localhost"
influxdb_protocol = "https"
influxdb_port = 8086
influxdb_dbname = "junk_nats"
batch_max_count = 11
batch_max_size = "5m"
batch_max_age = "1m30s"
port = 10002
workers = 96
write_timeout = "32s"
writer_retry_batches = 2
writer_retry_interval = "5s"
writer_retry_timeout = "2m"
read_buffer_size = 43210
nats_max_pending_size = "100MB"
max_time_delta = "789s"
stats_interval = "1.5s"
queue_group = "crew"
downsample_period = "30s"
downsample_suffix = "-old"
debug = true
`;

const OPTIONS_MONITOR = `
monitor_expiry = "90s"
monitor_max_series = 500
monitor_max_size = "3MB"
stats_format = "prometheus"
probe_port = 6789
pprof_port = 6790
`;

const COMMON = {
  name: "thor",
  debug: true,
  nats: natsOptions({ servers: ["localhost:4222"] }),
  outboundMaxBytes: 64 * MB,
  monitorSubject: "spout-monitor",
  stopTimeoutMs: 10_000,
  statsFormat: "line" as const,
  probePort: 0,
  pprofPort: 0,
};

const DECLARED_RULES = [
  { type: "basic", match: "cpu", subject: "system" },
  { type: "regex", match: "^net,.+", subject: "network" },
  { type: "negregex", match: "host=web", subject: "others" },
] as const;

const DECLARED_TAGS_RULE = {
  type: "tags",
  tags: [
    ["host", "web"],
    ["dc", "a b"],
  ],
  subject: "web",
} as const;

const IN_WRITER = DECLARED_RULES.map((rule) => ({ ...rule, subject: "" }));

const SUBJECT_WARNINGS = [1, 2, 3].map(
  (rule) => `spout.toml: rule[${rule}].subject: a writer's rules need none: ignored`,
);

test("a 1.x file in mode listener", () => {
  const { config, warnings } = load(`mode = "listener"\n${OPTIONS_1X}${RULES}`);
  expect(config).toEqual({
    mode: "listener",
    ...COMMON,
    statsIntervalMs: 3000,
    port: 10_002,
    subject: "spout",
    // batch_max_secs is a writer's option
    batch: { countMax: 11, sizeMaxBytes: 4096, ageMaxMs: 1000 },
    readBufferBytes: 43_210,
  });
  expect(warnings).toEqual([]);
});

test("a 1.x file in mode listener_http", () => {
  const { config, warnings } = load(`mode = "listener_http"\n${OPTIONS_1X}${RULES}`);
  expect(config).toEqual({
    mode: "listener_http",
    ...COMMON,
    statsIntervalMs: 3000,
    port: 10_002,
    subject: "spout",
    batch: { countMax: 11, sizeMaxBytes: 4096, ageMaxMs: 1000 },
    bodyMaxBytes: 32 * MB,
  });
  expect(warnings).toEqual([]);
});

test("a 1.x file in mode filter", () => {
  const { config, warnings } = load(`mode = "filter"\n${OPTIONS_1X}${RULES}`);
  expect(config).toEqual({
    mode: "filter",
    ...COMMON,
    statsIntervalMs: 3000,
    subject: "spout",
    queueGroup: "filter",
    junkyardSubject: "spout-junk",
    rules: DECLARED_RULES,
    workers: 96,
    timeDeltaMaxNs: 789_000_000_000n,
    sortTags: false,
    pendingMaxBytes: 100 * MB,
  });
  expect(warnings).toEqual([]);
});

test("a 1.x file in mode writer", () => {
  const { config, warnings } = load(`mode = "writer"\n${OPTIONS_1X}${RULES}`);
  expect(config).toEqual({
    mode: "writer",
    ...COMMON,
    statsIntervalMs: 3000,
    subjects: ["spout"],
    queueGroup: "",
    rules: IN_WRITER,
    batch: { countMax: 11, sizeMaxBytes: 12 * MB, ageMaxMs: 301_000 },
    workers: 96,
    pendingMaxBytes: 100 * MB,
    output: {
      kind: "influxdb",
      protocol: "http",
      address: "localhost",
      port: 8086,
      database: "junk_nats",
      user: "",
      password: "",
      tlsCa: "",
      writeTimeoutMs: 32_000,
      // 1.x had none, and no options that would say so: these are the defaults of 2.x.
      retry: { batchesMax: 96, sizeMaxBytes: 200 * MB, intervalMs: 10_000, timeoutMs: 60_000 },
    },
  });
  expect(warnings).toEqual(SUBJECT_WARNINGS);
});

test("a 2.x file in mode listener", () => {
  expect(load(`mode = "listener"\n${OPTIONS_2X}${RULES}`).config).toEqual({
    mode: "listener",
    ...COMMON,
    statsIntervalMs: 1500,
    port: 10_002,
    subject: "spout",
    batch: { countMax: 11, sizeMaxBytes: 5 * MB, ageMaxMs: 90_000 },
    readBufferBytes: 43_210,
  });
});

test("a 2.x file in mode listener_http", () => {
  expect(load(`mode = "listener_http"\n${OPTIONS_2X}${RULES}`).config).toEqual({
    mode: "listener_http",
    ...COMMON,
    statsIntervalMs: 1500,
    port: 10_002,
    subject: "spout",
    batch: { countMax: 11, sizeMaxBytes: 5 * MB, ageMaxMs: 90_000 },
    bodyMaxBytes: 32 * MB,
  });
});

test("a 2.x file in mode filter", () => {
  expect(load(`mode = "filter"\n${OPTIONS_2X}${RULES_2X}`).config).toEqual({
    mode: "filter",
    ...COMMON,
    statsIntervalMs: 1500,
    subject: "spout",
    queueGroup: "crew",
    junkyardSubject: "spout-junk",
    rules: [...DECLARED_RULES, DECLARED_TAGS_RULE],
    workers: 96,
    timeDeltaMaxNs: 789_000_000_000n,
    sortTags: false,
    pendingMaxBytes: 100 * MB,
  });
});

test("a 2.x file in mode downsampler", () => {
  const { config, warnings } = load(`mode = "downsampler"\n${OPTIONS_2X}${RULES}`);
  expect(config).toEqual({
    mode: "downsampler",
    ...COMMON,
    statsIntervalMs: 1500,
    subjects: ["spout"],
    suffix: "-old",
    periodNs: 30_000_000_000n,
    functions: [],
    seriesMax: 1_000_000,
    sizeMaxBytes: 256 * MB,
    pendingMaxBytes: 100 * MB,
  });
  expect(warnings).toEqual([]);
});

test("a 2.x file in mode writer", () => {
  expect(load(`mode = "writer"\n${OPTIONS_2X}${RULES_2X}`).config).toEqual({
    mode: "writer",
    ...COMMON,
    statsIntervalMs: 1500,
    subjects: ["spout"],
    queueGroup: "crew",
    rules: [...IN_WRITER, { ...DECLARED_TAGS_RULE, subject: "" }],
    batch: { countMax: 11, sizeMaxBytes: 5 * MB, ageMaxMs: 90_000 },
    workers: 96,
    pendingMaxBytes: 100 * MB,
    output: {
      kind: "influxdb",
      protocol: "https",
      address: "localhost",
      port: 8086,
      database: "junk_nats",
      user: "",
      password: "",
      tlsCa: "",
      writeTimeoutMs: 32_000,
      // Two for each worker.
      retry: { batchesMax: 192, sizeMaxBytes: 200 * MB, intervalMs: 5000, timeoutMs: 120_000 },
    },
  });
});

test("a 2.x file in mode monitor, with our own options for it", () => {
  const { config, warnings } = load(`mode = "monitor"\n${OPTIONS_2X}${OPTIONS_MONITOR}${RULES}`);
  expect(config).toEqual({
    mode: "monitor",
    ...COMMON,
    statsIntervalMs: 1500,
    statsFormat: "prometheus",
    probePort: 6789,
    pprofPort: 6790,
    port: 10_002,
    pendingMaxBytes: 100 * MB,
    expiryMs: 90_000,
    seriesMax: 500,
    sizeMaxBytes: 3 * MB,
  });
  expect(warnings).toEqual([]);
});

test("every component may publish as 2.x did, answer probes and serve profiles", () => {
  const probed = { statsFormat: "prometheus", probePort: 6789, pprofPort: 6790 };
  for (const mode of COMPONENT_MODES) {
    expect(load(`mode = "${mode}"\n${OPTIONS_MONITOR}`).config).toMatchObject(probed);
  }
});

test("our own options are taken by the modes that have them", () => {
  const ours = `
    stop_timeout = "3s"
    nats_max_outbound_size = "1MB"
    max_body_size = "2KB"
    sort_tags = true
    nats_address = "tls://a:1, b"
    nats_subject = ["in", "other"]
    [[rule]]
    type = "basic"
    match = "cpu"
    subject = "system"
  `;
  const common = {
    stopTimeoutMs: 3000,
    outboundMaxBytes: MB,
    nats: { servers: ["a:1", "b:4222"], tls: true },
  };
  expect(load(`mode = "listener"\n${ours}`).config).toMatchObject(common);
  expect(load(`mode = "filter"\n${ours}`).config).toMatchObject({ ...common, sortTags: true });
  expect(load(`mode = "writer"\n${ours}`).config).toMatchObject(common);
  expect(load(`mode = "listener_http"\n${ours}`).config).toMatchObject({
    ...common,
    bodyMaxBytes: 2048,
  });
});
