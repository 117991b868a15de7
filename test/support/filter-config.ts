/** A filter's configuration, for tests that change what they are about. */
import type { FilterConfig } from "../../src/config/config.ts";
import { natsOptions } from "./nats-options.ts";

export function filterConfig(changes: Partial<FilterConfig> = {}): FilterConfig {
  return {
    mode: "filter",
    name: "sorter",
    debug: false,
    nats: natsOptions(),
    outboundMaxBytes: 64 * 1024 * 1024,
    monitorSubject: "monitor",
    statsIntervalMs: 3000,
    statsFormat: "line",
    probePort: 0,
    pprofPort: 0,
    stopTimeoutMs: 10_000,
    subject: "in",
    queueGroup: "filter",
    junkyardSubject: "junk",
    rules: [{ type: "basic", match: "hello", subject: "H" }],
    workers: 1,
    timeDeltaMaxNs: 600_000_000_000n,
    sortTags: false,
    pendingMaxBytes: 1_000_000,
    ...changes,
  };
}
