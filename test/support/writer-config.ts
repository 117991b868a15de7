/** A writer's configuration with the defaults of 1.x, for tests that change what they are about. */
import type { FileOptions, WriterConfig } from "../../src/config/config.ts";
import { natsOptions } from "./nats-options.ts";

export function writerConfig(changes: Partial<WriterConfig> = {}): WriterConfig {
  return {
    mode: "writer",
    name: "store",
    debug: false,
    nats: natsOptions(),
    outboundMaxBytes: 64 * 1024 * 1024,
    monitorSubject: "influx-spout-monitor",
    statsIntervalMs: 3000,
    statsFormat: "line",
    probePort: 0,
    pprofPort: 0,
    stopTimeoutMs: 10_000,
    subjects: ["influx-spout"],
    queueGroup: "",
    rules: [],
    batch: { countMax: 10, sizeMaxBytes: 10 * 1024 * 1024, ageMaxMs: 300_000 },
    workers: 8,
    pendingMaxBytes: 200 * 1024 * 1024,
    output: {
      kind: "influxdb",
      protocol: "http",
      address: "127.0.0.1",
      port: 8086,
      database: "metrics",
      user: "",
      password: "",
      tlsCa: "",
      writeTimeoutMs: 30_000,
      retry: { batchesMax: 0, sizeMaxBytes: 0, intervalMs: 10_000, timeoutMs: 60_000 },
    },
    ...changes,
  };
}

/** The output to files, with its defaults. */
export function fileOptions(path: string, changes: Partial<FileOptions> = {}): FileOptions {
  return {
    kind: "file",
    path,
    sizeMaxBytes: 0,
    ageMaxMs: 0,
    archivesMax: 0,
    gzip: false,
    subjectsMax: 256,
    ...changes,
  };
}
