/** A downsampler's configuration with the defaults of 2.x, for tests that change what they are about. */
import type { DownsamplerConfig } from "../../src/config/config.ts";
import { natsOptions } from "./nats-options.ts";

export function downsamplerConfig(changes: Partial<DownsamplerConfig> = {}): DownsamplerConfig {
  return {
    mode: "downsampler",
    name: "archiver",
    debug: false,
    nats: natsOptions(),
    outboundMaxBytes: 64 * 1024 * 1024,
    monitorSubject: "influx-spout-monitor",
    statsIntervalMs: 3000,
    statsFormat: "line",
    stopTimeoutMs: 10_000,
    probePort: 0,
    pprofPort: 0,
    subjects: ["influx-spout"],
    suffix: "-archive",
    periodNs: 60_000_000_000n,
    functions: [],
    seriesMax: 1_000_000,
    sizeMaxBytes: 256 * 1024 * 1024,
    pendingMaxBytes: 200 * 1024 * 1024,
    ...changes,
  };
}
