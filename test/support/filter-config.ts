/** A filter's configuration, for tests that change what they are about. */
import type { FilterConfig } from "../../src/config/config.ts";

export function filterConfig(changes: Partial<FilterConfig> = {}): FilterConfig {
  return {
    mode: "filter",
    name: "sorter",
    debug: false,
    nats: {
      servers: ["127.0.0.1:4222"],
      tls: false,
      tlsCaFile: "",
      user: "",
      password: "",
      token: "",
      credsFile: "",
    },
    outboundMaxBytes: 64 * 1024 * 1024,
    monitorSubject: "monitor",
    statsIntervalMs: 3000,
    stopTimeoutMs: 10_000,
    subject: "in",
    queueGroup: "filter",
    junkyardSubject: "junk",
    rules: [{ type: "basic", match: "hello", subject: "H" }],
    workers: 1,
    timeDeltaMaxNs: 600_000_000_000n,
    pendingMaxBytes: 1_000_000,
    ...changes,
  };
}
