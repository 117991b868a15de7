/**
 * The configuration as the components see it: checked, in fixed units, nothing optional that has a default.
 * Made by `load.ts`; plain data, so that it crosses to worker threads.
 */
import type { BatchLimits } from "../batch/batch.ts";
import type { NatsOptions } from "../bus/nats-options.ts";
import type { StatsFormat } from "../metrics/print.ts";
import type { RuleDeclaration } from "../rules/rule.ts";

/** What a process is: one component, or several of them. */
export type Config = ComponentConfig | StandaloneConfig;
export type Mode = Config["mode"];

export type ComponentConfig =
  | ListenerConfig
  | HttpListenerConfig
  | FilterConfig
  | DownsamplerConfig
  | WriterConfig
  | MonitorConfig;
export type ComponentMode = ComponentConfig["mode"];

export interface CommonConfig {
  /** Identifies this instance in metrics and as the NATS connection's name. */
  readonly name: string;
  readonly debug: boolean;
  /** Where a standalone process uses no NATS, its one server is called `inproc://`: for the log, not to connect to. */
  readonly nats: NatsOptions;
  /** Bytes handed to the bus and not yet confirmed, at most. */
  readonly outboundMaxBytes: number;
  /** Where metrics go. */
  readonly monitorSubject: string;
  readonly statsIntervalMs: number;
  readonly statsFormat: StatsFormat;
  readonly stopTimeoutMs: number;
  /** Where probes are answered; 0: nowhere. */
  readonly probePort: number;
  /** Where profiles are taken, on the loopback addresses; 0: nowhere, and so in a component of a standalone process. */
  readonly pprofPort: number;
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
  /** Lines leave with their tags in the order of their keys. */
  readonly sortTags: boolean;
  readonly pendingMaxBytes: number;
}

export interface DownsamplerConfig extends CommonConfig {
  readonly mode: "downsampler";
  /** Without wildcards; what comes of each is published on the subject with `suffix` behind it. */
  readonly subjects: readonly string[];
  readonly suffix: string;
  readonly periodNs: bigint;
  /** Each at most once. */
  readonly functions: readonly DownsampleFunction[];
  /** Of one subject in one period, at most. */
  readonly seriesMax: number;
  /** Kept of one subject for one period, at most. */
  readonly sizeMaxBytes: number;
  readonly pendingMaxBytes: number;
}

/** What a downsampler makes of the values of a field besides their average: the field `<name>_<function>`. */
export type DownsampleFunction = "min" | "max" | "sum" | "count" | "first" | "last";

export interface WriterConfig extends CommonConfig {
  readonly mode: "writer";
  readonly subjects: readonly string[];
  /** Empty: a plain subscription. */
  readonly queueGroup: string;
  /** Empty: every line is written. */
  readonly rules: readonly RuleDeclaration[];
  readonly batch: BatchLimits;
  /** Requests to InfluxDB at the same time; at least 1. The other outputs take one batch at a time. */
  readonly workers: number;
  readonly pendingMaxBytes: number;
  readonly output: OutputOptions;
}

export interface MonitorConfig extends CommonConfig {
  readonly mode: "monitor";
  readonly port: number;
  readonly pendingMaxBytes: number;
  /** Counters not heard of for so long are forgotten. */
  readonly expiryMs: number;
  /** Counters, each with its labels, at most. */
  readonly seriesMax: number;
  /** Bytes of their names and labels at most. */
  readonly sizeMaxBytes: number;
}

/** Where a writer's lines go. */
export type OutputOptions = InfluxOptions | FileOptions | StdoutOptions;

export interface InfluxOptions {
  readonly kind: "influxdb";
  readonly protocol: "http" | "https";
  readonly address: string;
  readonly port: number;
  readonly database: string;
  /** Both empty: no authentication. */
  readonly user: string;
  readonly password: string;
  /** The PEM text of the certificates to trust; empty: those that the system trusts. */
  readonly tlsCa: string;
  /** Whole request; 0: no limit. */
  readonly writeTimeoutMs: number;
  readonly retry: RetryLimits;
}

/** For batches that wait for another try. */
export interface RetryLimits {
  /** With all workers together; 0: nothing is tried again. */
  readonly batchesMax: number;
  readonly sizeMaxBytes: number;
  /** The shortest time until a batch is tried again. */
  readonly intervalMs: number;
  /** The time from a batch's first failure to its last try. */
  readonly timeoutMs: number;
}

export interface FileOptions {
  readonly kind: "file";
  /** Not empty. May hold `{subject}` and `{date}`, and no other braces. */
  readonly path: string;
  /** A file is rotated before it grows larger; 0: never. */
  readonly sizeMaxBytes: number;
  /** A file is rotated when it is this old; 0: never. */
  readonly ageMaxMs: number;
  /** How many rotated files of each are kept; 0: all. */
  readonly archivesMax: number;
  readonly gzip: boolean;
  /** How many subjects get a file of their own where `path` holds `{subject}`; at least 1. */
  readonly subjectsMax: number;
}

export interface StdoutOptions {
  readonly kind: "stdout";
}

/** Any number of components in one process. */
export interface StandaloneConfig {
  readonly mode: "standalone";
  /** Of the process; the components have names of their own. */
  readonly name: string;
  readonly debug: boolean;
  /** For all components together. */
  readonly stopTimeoutMs: number;
  /** Where probes of all components together are answered; 0: nowhere. */
  readonly probePort: number;
  /** Where profiles are taken, on the loopback addresses; 0: nowhere. */
  readonly pprofPort: number;
  /** True: one in-process bus connects the components. False: each connects to NATS as its `nats` says. */
  readonly inproc: boolean;
  /** At least one, in the order of the file. No two have the same name, or the same port by the same protocol. */
  readonly components: readonly ComponentConfig[];
}
