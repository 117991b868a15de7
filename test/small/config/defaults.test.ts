/** Goal: a file that says nothing but its mode gives the original's defaults, and ours where the original had none. */
import { describe, expect, test } from "bun:test";

import { natsOptions } from "../../support/nats-options.ts";
import { load } from "./load-text.ts";

const MB = 1024 * 1024;

const COMMON = {
  name: "spout",
  debug: false,
  nats: natsOptions({ servers: ["localhost:4222"] }),
  outboundMaxBytes: 64 * MB,
  monitorSubject: "influx-spout-monitor",
  statsIntervalMs: 3000,
  stopTimeoutMs: 10_000,
  statsFormat: "line" as const,
  probePort: 0,
  pprofPort: 0,
};

test("a listener binds port 10001 and batches 10 datagrams, 1 MB or 1 second", () => {
  const { config, warnings } = load('mode = "listener"');
  expect(config).toEqual({
    mode: "listener",
    ...COMMON,
    port: 10_001,
    subject: "influx-spout",
    batch: { countMax: 10, sizeMaxBytes: MB, ageMaxMs: 1000 },
    readBufferBytes: 4 * MB,
  });
  expect(warnings).toEqual([]);
});

test("an HTTP listener binds port 13337 and takes bodies of up to 32 MB", () => {
  const { config, warnings } = load('mode = "listener_http"');
  expect(config).toEqual({
    mode: "listener_http",
    ...COMMON,
    port: 13_337,
    subject: "influx-spout",
    batch: { countMax: 10, sizeMaxBytes: MB, ageMaxMs: 1000 },
    bodyMaxBytes: 32 * MB,
  });
  expect(warnings).toEqual([]);
});

test("a filter has 8 workers, a window of 10 minutes, and a warning that it has no rules", () => {
  const { config, warnings } = load('mode = "filter"');
  expect(config).toEqual({
    mode: "filter",
    ...COMMON,
    subject: "influx-spout",
    queueGroup: "filter",
    junkyardSubject: "influx-spout-junk",
    rules: [],
    workers: 8,
    timeDeltaMaxNs: 600_000_000_000n,
    sortTags: false,
    pendingMaxBytes: 200 * MB,
  });
  expect(warnings).toEqual([
    "spout.toml: rule: there is none: every line goes to nats_subject_junkyard",
  ]);
});

test("a downsampler averages over a minute, for the subject with -archive behind it", () => {
  const { config, warnings } = load('mode = "downsampler"');
  expect(config).toEqual({
    mode: "downsampler",
    ...COMMON,
    subjects: ["influx-spout"],
    suffix: "-archive",
    periodNs: 60_000_000_000n,
    functions: [],
    seriesMax: 1_000_000,
    sizeMaxBytes: 256 * MB,
    pendingMaxBytes: 200 * MB,
  });
  expect(warnings).toEqual([]);
});

test("a writer writes batches of 10 messages, 10 MB or 5 minutes to the database influx-spout-junk", () => {
  const { config, warnings } = load('mode = "writer"');
  expect(config).toEqual({
    mode: "writer",
    ...COMMON,
    subjects: ["influx-spout"],
    queueGroup: "",
    rules: [],
    batch: { countMax: 10, sizeMaxBytes: 10 * MB, ageMaxMs: 300_000 },
    workers: 8,
    pendingMaxBytes: 200 * MB,
    output: {
      kind: "influxdb",
      protocol: "http",
      address: "localhost",
      port: 8086,
      database: "influx-spout-junk",
      user: "",
      password: "",
      tlsCa: "",
      writeTimeoutMs: 30_000,
      // One batch for each worker, which waits ten seconds, for a minute at most.
      retry: { batchesMax: 8, sizeMaxBytes: 200 * MB, intervalMs: 10_000, timeoutMs: 60_000 },
    },
  });
  expect(warnings).toEqual([]);
});

test("a monitor binds port 9331 and forgets what it has not heard of for a minute", () => {
  const { config, warnings } = load('mode = "monitor"');
  expect(config).toEqual({
    mode: "monitor",
    ...COMMON,
    port: 9331,
    pendingMaxBytes: 20 * MB,
    expiryMs: 60_000,
    seriesMax: 100_000,
    sizeMaxBytes: 24 * MB,
  });
  expect(warnings).toEqual([]);
});

describe("an explicit zero", () => {
  test("means the mode's default for port and batch_max_size", () => {
    expect(load('mode = "listener"\nport = 0\nbatch_max_size = 0').config).toMatchObject({
      port: 10_001,
      batch: { sizeMaxBytes: MB },
    });
    expect(load('mode = "listener_http"\nport = 0\nlistener_batch_bytes = 0').config).toMatchObject(
      { port: 13_337, batch: { sizeMaxBytes: MB } },
    );
    expect(load('mode = "monitor"\nport = 0').config).toMatchObject({ port: 9331 });
    expect(load('mode = "writer"\nbatch_max_size = ""').config).toMatchObject({
      batch: { sizeMaxBytes: 10 * MB },
    });
    expect(load('mode = "writer"\nbatch_max_mb = 0').config).toMatchObject({
      batch: { sizeMaxBytes: 10 * MB },
    });
  });

  test("means one worker a processor", () => {
    const workers = navigator.hardwareConcurrency;
    expect(load('mode = "filter"\nworkers = 0').config).toMatchObject({ workers });
    expect(load('mode = "writer"\nworkers = 0').config).toMatchObject({ workers });
  });

  test("means no limit for write_timeout", () => {
    const unlimited = { output: { writeTimeoutMs: 0 } };
    expect(load('mode = "writer"\nwrite_timeout = 0').config).toMatchObject(unlimited);
    expect(load('mode = "writer"\nwrite_timeout = "0s"').config).toMatchObject(unlimited);
    expect(load('mode = "writer"\nwrite_timeout_secs = 0').config).toMatchObject(unlimited);
  });

  test("overrides the common file too", () => {
    expect(load("port = 0", { common: 'mode = "listener"\nport = 5000' }).config).toMatchObject({
      port: 10_001,
    });
  });
});

test("an empty queue_group means the mode's default: threads of a filter always share the work", () => {
  expect(load('mode = "filter"\nqueue_group = ""').config).toMatchObject({ queueGroup: "filter" });
  expect(load('mode = "writer"\nqueue_group = ""').config).toMatchObject({ queueGroup: "" });
});
