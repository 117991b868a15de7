/**
 * The configuration as the components see it: checked, in fixed units, nothing optional that has a default.
 * Made by `load.ts`; plain data, so that it crosses to worker threads.
 */
import type { BatchLimits } from "../batch/batch.ts";
import type { NatsOptions } from "../bus/nats-options.ts";
import type { RuleDeclaration } from "../rules/rule.ts";

export type Config = ListenerConfig | HttpListenerConfig | FilterConfig | WriterConfig;
export type Mode = Config["mode"];

export interface CommonConfig {
  /** Identifies this instance in metrics and as the NATS connection's name. */
  readonly name: string;
  readonly debug: boolean;
  readonly nats: NatsOptions;
  /** Bytes handed to the bus and not yet confirmed, at most. */
  readonly outboundMaxBytes: number;
  /** Where metrics go. */
  readonly monitorSubject: string;
  readonly statsIntervalMs: number;
  readonly stopTimeoutMs: number;
}

export interface ListenerConfig extends CommonConfig {
  readonly mode: "listener";
  readonly port: number;
  readonly subject: string;
  readonly batch: BatchLimits;
  /** The socket's receive buffer as asked of the kernel. */
  readonly readBufferBytes: number;
}

export interface HttpListenerConfig extends CommonConfig {
  readonly mode: "listener_http";
  readonly port: number;
  readonly subject: string;
  readonly batch: BatchLimits;
  /** Before and after inflating. */
  readonly bodyMaxBytes: number;
}

export interface FilterConfig extends CommonConfig {
  readonly mode: "filter";
  readonly subject: string;
  readonly queueGroup: string;
  readonly junkyardSubject: string;
  readonly rules: readonly RuleDeclaration[];
  /** Threads; at least 1. */
  readonly workers: number;
  /** Lines this far from now, or further, are dropped. */
  readonly timeDeltaMaxNs: bigint;
  readonly pendingMaxBytes: number;
}

export interface WriterConfig extends CommonConfig {
  readonly mode: "writer";
  readonly subjects: readonly string[];
  /** Empty: a plain subscription. */
  readonly queueGroup: string;
  /** Empty: every line is written. */
  readonly rules: readonly RuleDeclaration[];
  readonly batch: BatchLimits;
  /** Sends at the same time; at least 1. */
  readonly workers: number;
  readonly pendingMaxBytes: number;
  readonly influxdb: InfluxOptions;
}

export interface InfluxOptions {
  readonly protocol: "http" | "https";
  readonly address: string;
  readonly port: number;
  readonly database: string;
  /** Both empty: no authentication. From $INFLUXDB_USER and $INFLUXDB_PASS. */
  readonly user: string;
  readonly password: string;
  /** Whole request; 0: no limit. */
  readonly writeTimeoutMs: number;
}
