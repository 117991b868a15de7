/**
 * Every option there is: names, type, unit, default, modes, history, documentation. Parsing, validation, `--check`, `--help`,
 * `--init` and `docs/options.md` come from this table. What a value must be beyond its type and range is
 * in the check-*.ts files.
 */
import type { Mode } from "./config.ts";
import {
  COMPONENT_MODES,
  type FileValue,
  MODES,
  type OptionDeclaration,
  type OptionType,
  type Since,
} from "./option.ts";

const LISTENERS = ["listener", "listener_http"] as const;
const BATCHING = ["listener", "listener_http", "writer"] as const;
const RECEIVING = ["filter", "writer"] as const;
/** Those that lines go through. */
const PIPELINE_MODES = ["listener", "listener_http", "filter", "downsampler", "writer"] as const;
/** Those with a queue of what they are sent. */
const SUBSCRIBING = [...RECEIVING, "downsampler", "monitor"] as const;

const PORT_MAX = 65_535n;
/** Each has a batch and a file of its own. */
const FILE_SUBJECTS_MAX = 65_536n;
/** What one buffer may hold. */
const BUFFER_MAX_BYTES = 1024n ** 3n;

/** A leap year: what is averaged over longer would never be seen. */
const PERIOD_MAX_NS = 366n * 24n * 3600n * 10n ** 9n;
/** What the tables of a period can number. */
const SERIES_MAX = 100_000_000n;

const NATS_ADDRESS = "nats://localhost:4222";

export const OPTIONS = {
  mode: {
    type: "string",
    modes: MODES,
    default: "",
    defaultText: "none: required",
    since: {
      listener: "1.x",
      listener_http: "1.x",
      filter: "1.x",
      downsampler: "2.x",
      writer: "1.x",
      monitor: "1.0",
      standalone: "3.0",
    },
    doc: "What this process is: listener, listener_http, filter, downsampler, writer, monitor or standalone.",
  },
  name: {
    type: "string",
    modes: MODES,
    default: "",
    defaultText: "the file's name without its extension",
    since: "1.x",
    doc: "Identifies this instance in its metrics and as the name of its NATS connections.",
  },
  port: {
    type: "integer",
    modes: [...LISTENERS, "monitor"],
    default: { listener: 10_001, listener_http: 13_337, monitor: 9331 },
    zero: "default",
    max: PORT_MAX,
    since: "1.x",
    doc: "Port that the listener or monitor binds, on all interfaces.",
  },
  nats_address: {
    type: "string",
    modes: MODES,
    default: {
      listener: NATS_ADDRESS,
      listener_http: NATS_ADDRESS,
      filter: NATS_ADDRESS,
      downsampler: NATS_ADDRESS,
      writer: NATS_ADDRESS,
      monitor: NATS_ADDRESS,
      standalone: "inproc://",
    },
    since: "1.x",
    doc: "NATS servers, separated by commas: nats://host:port, or tls://host:port; may hold a user and password or a token; in mode standalone inproc:// by default, which needs none.",
  },
  nats_user: {
    type: "string",
    modes: COMPONENT_MODES,
    default: "",
    since: "3.0",
    doc: "User to log in to NATS as; needs nats_pass_file.",
  },
  nats_pass_file: {
    type: "string",
    modes: COMPONENT_MODES,
    default: "",
    since: "3.0",
    doc: "File that holds the password of nats_user.",
  },
  nats_token_file: {
    type: "string",
    modes: COMPONENT_MODES,
    default: "",
    since: "3.0",
    doc: "File that holds the token to log in to NATS with.",
  },
  nats_creds: {
    type: "string",
    modes: COMPONENT_MODES,
    default: "",
    since: "3.0",
    doc: "NATS credentials file (JWT and seed) to log in to NATS with.",
  },
  nats_nkey: {
    type: "string",
    modes: COMPONENT_MODES,
    default: "",
    since: "3.0",
    doc: "File that holds the seed of a user's nkey to log in to NATS with.",
  },
  nats_tls_ca: {
    type: "string",
    modes: COMPONENT_MODES,
    default: "",
    since: "3.0",
    doc: "PEM file with the certificate authority of the NATS servers; turns TLS on.",
  },
  nats_tls_cert: {
    type: "string",
    modes: COMPONENT_MODES,
    default: "",
    since: "3.0",
    doc: "PEM file with the certificate to show to NATS servers that ask for one; needs nats_tls_key; turns TLS on.",
  },
  nats_tls_key: {
    type: "string",
    modes: COMPONENT_MODES,
    default: "",
    since: "3.0",
    doc: "PEM file with the private key of nats_tls_cert.",
  },
  nats_subject: {
    type: "strings",
    modes: PIPELINE_MODES,
    default: ["influx-spout"],
    since: "1.x",
    doc: "Subject that a listener publishes to or a filter reads (one); all the subjects that a downsampler or a writer reads.",
  },
  nats_subject_junkyard: {
    type: "string",
    modes: ["filter"],
    default: "influx-spout-junk",
    since: "1.x",
    doc: "Subject for the lines that no rule matches.",
  },
  nats_subject_monitor: {
    type: "string",
    modes: COMPONENT_MODES,
    default: "influx-spout-monitor",
    since: "1.x",
    doc: "Subject for the component's own metrics; a monitor reads those of all components there.",
  },
  queue_group: {
    type: "string",
    modes: RECEIVING,
    default: { filter: "filter", writer: "" },
    zero: "default",
    since: { filter: "3.0", writer: "2.x" },
    instead: {
      "1.x": { as: "", doc: "there each writer gets every line, and before 1.0 each filter" },
    },
    doc: "NATS queue group: its members share the messages, where without one each gets all; empty means the default.",
  },
  nats_max_pending_size: {
    type: "size",
    modes: SUBSCRIBING,
    default: { filter: "200MB", writer: "200MB", downsampler: "200MB", monitor: "20MB" },
    since: { filter: "1.0", writer: "1.x", downsampler: "2.x", monitor: "3.0" },
    olderNames: [{ name: "nats_pending_max_mb", unit: "MB", modes: SUBSCRIBING }],
    doc: "Bytes received and not yet worked on, for each subject; a filter's threads share it; what comes above it is dropped and counted.",
  },
  nats_max_outbound_size: {
    type: "size",
    modes: COMPONENT_MODES,
    default: "64MB",
    since: "3.0",
    doc: "Bytes handed to NATS and not yet confirmed; above it data is refused (HTTP) or dropped and counted.",
  },
  batch_max_count: {
    type: "integer",
    modes: BATCHING,
    default: 10,
    since: "1.x",
    olderNames: [{ name: "batch", unit: "count", modes: BATCHING }],
    doc: "A batch is sent when it holds this many datagrams or request bodies, or in a writer messages (lines, if it has rules).",
  },
  batch_max_size: {
    type: "size",
    modes: BATCHING,
    default: { listener: "1MB", listener_http: "1MB", writer: "10MB" },
    zero: "default",
    max: BUFFER_MAX_BYTES,
    since: "1.x",
    olderNames: [
      { name: "listener_batch_bytes", unit: "bytes", modes: LISTENERS },
      { name: "batch_max_mb", unit: "MB", modes: ["writer"] },
    ],
    doc: "A batch is sent when it is this large; what a listener publishes never exceeds the NATS server's max_payload.",
  },
  batch_max_age: {
    type: "duration",
    modes: BATCHING,
    default: { listener: "1s", listener_http: "1s", writer: "5m" },
    since: { listener: "2.x", listener_http: "2.x", writer: "1.x" },
    instead: { "1.x": { doc: "there a listener's batch waits for more, however long" } },
    olderNames: [{ name: "batch_max_secs", unit: "seconds", modes: ["writer"] }],
    doc: "A batch is sent when its first data is this old.",
  },
  read_buffer_size: {
    type: "size",
    modes: ["listener"],
    default: "4MB",
    max: BUFFER_MAX_BYTES,
    since: "1.x",
    olderNames: [{ name: "read_buffer_bytes", unit: "bytes", modes: ["listener"] }],
    doc: "The UDP socket's receive buffer; the kernel caps it at net.core.rmem_max.",
  },
  max_body_size: {
    type: "size",
    modes: ["listener_http"],
    default: "32MB",
    max: BUFFER_MAX_BYTES,
    since: "3.0",
    doc: "The largest request body, compressed and uncompressed; a larger one is answered with 413.",
  },
  workers: {
    type: "integer",
    modes: RECEIVING,
    default: 8,
    zero: "processors",
    max: 256n,
    since: "1.x",
    doc: "Threads of a filter, concurrent writes of a writer to InfluxDB; 0 means one a processor.",
  },
  max_time_delta: {
    type: "duration",
    modes: ["filter"],
    default: "10m",
    since: "1.x",
    olderNames: [{ name: "max_time_delta_secs", unit: "seconds", modes: ["filter"] }],
    doc: "Lines with a timestamp this far from now, or further, are dropped and counted.",
  },
  sort_tags: {
    type: "boolean",
    modes: ["filter"],
    default: false,
    since: "3.0",
    instead: { "2.x": { as: true, doc: "there a filter always puts tags in order" } },
    doc: "Puts each line's tags in the order of their keys, before the rules are tried.",
  },
  downsample_period: {
    type: "duration",
    modes: ["downsampler"],
    default: "1m",
    max: PERIOD_MAX_NS,
    since: "2.x",
    doc: "Time over which values are averaged: periods of the clock, which begin with the day if they divide it.",
  },
  downsample_suffix: {
    type: "string",
    modes: ["downsampler"],
    default: "-archive",
    since: "2.x",
    doc: "The averages of a subject are published on that subject with this behind it.",
  },
  downsample_functions: {
    type: "strings",
    modes: ["downsampler"],
    default: [],
    since: "3.0",
    doc: "What is published besides the averages, in fields of their own: min, max, sum, count, first, last.",
  },
  downsample_max_series: {
    type: "integer",
    modes: ["downsampler"],
    default: 1_000_000,
    max: SERIES_MAX,
    since: "3.0",
    doc: "Series averaged of each subject in one period; the lines of further ones are dropped and counted.",
  },
  downsample_max_size: {
    type: "size",
    modes: ["downsampler"],
    default: "256MB",
    max: BUFFER_MAX_BYTES,
    since: "3.0",
    doc: "Bytes kept of each subject for one period; lines that need more are dropped and counted.",
  },
  output: {
    type: "string",
    modes: ["writer"],
    default: "influxdb",
    since: "3.0",
    doc: "Where the lines go: influxdb, file or stdout.",
  },
  file_path: {
    type: "string",
    modes: ["writer"],
    default: "",
    since: "3.0",
    doc: 'File that output = "file" appends to; {subject} stands for the NATS subject, {date} for the day in UTC.',
  },
  file_max_size: {
    type: "size",
    modes: ["writer"],
    default: 0,
    zero: "off",
    since: "3.0",
    doc: "A file is rotated before it grows larger than this; 0 means never.",
  },
  file_max_age: {
    type: "duration",
    modes: ["writer"],
    default: 0,
    zero: "off",
    since: "3.0",
    doc: "A file is rotated when it is this old; 0 means never.",
  },
  file_max_archives: {
    type: "integer",
    modes: ["writer"],
    default: 0,
    zero: "off",
    since: "3.0",
    doc: "Rotated files kept of each file, the oldest are deleted; 0 means all.",
  },
  file_gzip: {
    type: "boolean",
    modes: ["writer"],
    default: false,
    since: "3.0",
    doc: "Compresses rotated files.",
  },
  file_max_subjects: {
    type: "integer",
    modes: ["writer"],
    default: 256,
    max: FILE_SUBJECTS_MAX,
    since: "3.0",
    doc: "Subjects that {subject} makes a file of their own for; the lines of further ones share a file.",
  },
  influxdb_protocol: {
    type: "string",
    modes: ["writer"],
    default: "http",
    since: "2.x",
    doc: "http or https.",
  },
  influxdb_address: {
    type: "string",
    modes: ["writer"],
    default: "localhost",
    since: "1.x",
    doc: "Host name or IP address of InfluxDB; an IPv6 address stands in brackets.",
  },
  influxdb_port: {
    type: "integer",
    modes: ["writer"],
    default: 8086,
    max: PORT_MAX,
    since: "1.x",
    doc: "Port of InfluxDB.",
  },
  influxdb_dbname: {
    type: "string",
    modes: ["writer"],
    default: "influx-spout-junk",
    since: "1.x",
    doc: "Database that the lines are written to.",
  },
  influxdb_user: {
    type: "string",
    modes: ["writer"],
    default: "",
    since: "3.0",
    doc: "User to log in to InfluxDB as, instead of INFLUXDB_USER in the environment.",
  },
  influxdb_pass_file: {
    type: "string",
    modes: ["writer"],
    default: "",
    since: "3.0",
    doc: "File that holds the password of that user, instead of INFLUXDB_PASS in the environment.",
  },
  influxdb_tls_ca: {
    type: "string",
    modes: ["writer"],
    default: "",
    since: "3.0",
    doc: "PEM file with the certificate authority of an InfluxDB reached by https; empty means those that the system trusts.",
  },
  write_timeout: {
    type: "duration",
    modes: ["writer"],
    default: "30s",
    zero: "off",
    since: "1.x",
    olderNames: [{ name: "write_timeout_secs", unit: "seconds", modes: ["writer"] }],
    doc: "Longest time for one write to InfluxDB, connecting included; 0 means no limit.",
  },
  writer_retry_batches: {
    type: "integer",
    modes: ["writer"],
    default: 1,
    zero: "off",
    since: "2.x",
    instead: { "1.x": { as: 0, doc: "there a batch whose write fails is lost" } },
    doc: "Batches that wait for another try, for each of the workers; above it the oldest is dropped and counted; 0 means no further tries.",
  },
  writer_retry_max_size: {
    type: "size",
    modes: ["writer"],
    default: "200MB",
    since: "3.0",
    doc: "Bytes that wait for another try, in all; above it the oldest batch is dropped and counted.",
  },
  writer_retry_interval: {
    type: "duration",
    modes: ["writer"],
    default: "10s",
    since: "2.x",
    doc: "Shortest time until a batch is tried again; it grows with each further try.",
  },
  writer_retry_timeout: {
    type: "duration",
    modes: ["writer"],
    default: "1m",
    since: "2.x",
    doc: "Time after which a batch is tried for the last time, and dropped and counted if that fails.",
  },
  stats_interval: {
    type: "duration",
    modes: COMPONENT_MODES,
    default: "3s",
    since: {
      listener: "2.x",
      listener_http: "2.x",
      filter: "2.x",
      downsampler: "2.x",
      writer: "2.x",
      monitor: "3.0",
    },
    doc: "How often the component publishes its metrics.",
  },
  stats_format: {
    type: "string",
    modes: COMPONENT_MODES,
    default: "line",
    since: "3.0",
    instead: {
      "1.x": {
        as: "line",
        doc: "there metrics are line protocol, from 1.0 on in Prometheus's form",
      },
      "2.x": { as: "prometheus", doc: "there metrics are in Prometheus's form" },
    },
    doc: "How the component publishes its metrics: line (line protocol, as 1.x did) or prometheus (for a monitor of 2.x).",
  },
  monitor_expiry: {
    type: "duration",
    modes: ["monitor"],
    default: "1m",
    since: "3.0",
    doc: "Counters that nobody has told for so long are forgotten; must be longer than any stats_interval.",
  },
  monitor_max_series: {
    type: "integer",
    modes: ["monitor"],
    default: 100_000,
    since: "3.0",
    doc: "Counters that the monitor keeps at most, each with its labels; what comes above it is dropped and counted.",
  },
  monitor_max_size: {
    type: "size",
    modes: ["monitor"],
    default: "24MB",
    since: "3.0",
    doc: "Bytes of names and labels that the monitor keeps at most; what comes above it is dropped and counted.",
  },
  probe_port: {
    type: "integer",
    modes: MODES,
    default: 0,
    zero: "off",
    max: PORT_MAX,
    since: "1.0",
    doc: "Port that answers /healthz, /readyz and /metrics, on all interfaces; 0 means none.",
  },
  pprof_port: {
    type: "integer",
    modes: MODES,
    default: 0,
    zero: "off",
    max: PORT_MAX,
    since: "1.1",
    doc: "Port that serves profiles of the process (/debug/pprof/), on the loopback addresses alone; 0 means none.",
  },
  stop_timeout: {
    type: "duration",
    modes: MODES,
    default: "10s",
    since: "3.0",
    doc: "Longest time from the signal to stop until the process ends; what is not finished by then is lost and counted.",
  },
  debug: {
    type: "boolean",
    modes: MODES,
    default: false,
    since: "1.x",
    doc: "Logs more.",
  },
  rule: {
    type: "rules",
    modes: RECEIVING,
    default: [],
    defaultText: "none",
    since: "1.x",
    doc: "Tables with type, match or tags, and (in a filter) subject; the first one that matches a line has it.",
  },
  component: {
    type: "components",
    modes: ["standalone"],
    default: [],
    defaultText: "none: required",
    since: "3.0",
    doc: "Tables that each hold the mode and the options of one component; options at the top level of the file are the defaults of all of them.",
  },
} as const satisfies Readonly<Record<string, OptionDeclaration>>;

export type OptionName = keyof typeof OPTIONS;

export interface Option extends OptionDeclaration {
  readonly name: OptionName;
}

/** The table as a list, in its order. */
export const OPTION_LIST: readonly Option[] = Object.entries(OPTIONS).map(
  ([name, declaration]) => ({ name: name as OptionName, ...declaration }),
);

/** The options that `mode` has and not all others. */
export function ownOptions(mode: Mode): readonly Option[] {
  return OPTION_LIST.filter(({ modes }) => modes.includes(mode) && !isOfAllComponents(modes));
}

/** The options of `mode` that all components have. */
export function commonOptions(mode: Mode): readonly Option[] {
  return OPTION_LIST.filter(({ modes }) => modes.includes(mode) && isOfAllComponents(modes));
}

function isOfAllComponents(modes: readonly Mode[]): boolean {
  return COMPONENT_MODES.every((mode) => modes.includes(mode));
}

export function optionNamed(name: OptionName): Option {
  return { name, ...OPTIONS[name] };
}

/** The option's default in `mode`, which must be one of the option's. */
export function defaultOf(option: Option, mode: Mode): FileValue {
  const value: OptionDeclaration["default"] = option.default;
  if (typeof value !== "object" || Array.isArray(value)) return value as FileValue;
  return (value as Readonly<Record<Mode, FileValue>>)[mode];
}

/** What knew the option first in `mode`, which must be one of the option's. */
export function sinceOf(option: Option, mode: Mode): Since {
  const since: OptionDeclaration["since"] = option.since;
  // Every mode is declared, which a test sees to.
  return typeof since === "string" ? since : (since as Readonly<Record<Mode, Since>>)[mode];
}

/** The default as documentation and example files say it: TOML, or words where it depends on something. */
export function defaultTextOf(option: Option, mode: Mode): string {
  return option.defaultText ?? JSON.stringify(defaultOf(option, mode));
}

/** "byte size" and so on: the type as documentation says it. */
export function typeTextOf(option: Option): string {
  return TYPE_TEXTS[option.type];
}

const TYPE_TEXTS: Readonly<Record<OptionType, string>> = {
  string: "string",
  boolean: "boolean",
  integer: "integer",
  size: "byte size",
  duration: "duration",
  strings: "list of strings",
  rules: "tables",
  components: "tables",
};
