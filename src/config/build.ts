/** Makes the configuration of a mode out of its settings, checking what one option's type and range cannot say. */
import type { BatchLimits } from "../batch/batch.ts";
import { nsToMs } from "../platform/units.ts";
import { natsOptions } from "./check-nats.ts";
import { filterRules, writerRules } from "./check-rules.ts";
import { allSubjects, checkOutput, onlySubject, queueGroup } from "./check-subjects.ts";
import type {
  CommonConfig,
  Config,
  FilterConfig,
  InfluxOptions,
  Mode,
  WriterConfig,
} from "./config.ts";
import { type Problems, show } from "./problems.ts";
import type { Settings } from "./settings.ts";

export interface BuildRequest {
  readonly mode: Mode;
  readonly settings: Settings;
  /** The instance's name where none is set. */
  readonly derivedName: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly problems: Problems;
}

/** What it returns is fit for use only if `problems` stays empty. */
export function buildConfig(request: BuildRequest): Config {
  const { mode, settings, problems } = request;
  const common = commonConfig(request);
  const listens = () => ({
    ...common,
    port: settings.number("port"),
    subject: onlySubject(settings, { wildcards: false }, problems),
    batch: batchLimits(settings),
  });
  switch (mode) {
    case "listener":
      return { mode, ...listens(), readBufferBytes: settings.number("read_buffer_size") };
    case "listener_http":
      return { mode, ...listens(), bodyMaxBytes: settings.number("max_body_size") };
    case "filter":
      return filterConfig(common, settings, problems);
    case "writer":
      return writerConfig(common, request);
  }
}

function commonConfig(request: BuildRequest): CommonConfig {
  const { settings, problems } = request;
  const name = settings.get("name") || request.derivedName;
  if (/[\u0000-\u001f\u007f]/.test(name)) {
    problems.add(settings.place("name"), "a name without control characters", show(name));
  }
  const monitorSubject = settings.get("nats_subject_monitor");
  checkOutput(monitorSubject, settings.place("nats_subject_monitor"), problems);
  return {
    name,
    debug: settings.get("debug"),
    nats: natsOptions(settings, problems),
    outboundMaxBytes: settings.number("nats_max_outbound_size"),
    monitorSubject,
    statsIntervalMs: nsToMs(settings.get("stats_interval")),
    stopTimeoutMs: nsToMs(settings.get("stop_timeout")),
  };
}

function filterConfig(common: CommonConfig, settings: Settings, problems: Problems): FilterConfig {
  const subject = onlySubject(settings, { wildcards: true }, problems);
  const junkyardSubject = settings.get("nats_subject_junkyard");
  checkOutput(junkyardSubject, settings.place("nats_subject_junkyard"), problems, subject);
  return {
    mode: "filter",
    ...common,
    subject,
    queueGroup: queueGroup(settings, problems),
    junkyardSubject,
    rules: filterRules(settings, subject, problems),
    workers: settings.number("workers"),
    timeDeltaMaxNs: settings.get("max_time_delta"),
    pendingMaxBytes: settings.number("nats_max_pending_size"),
  };
}

function writerConfig(common: CommonConfig, request: BuildRequest): WriterConfig {
  const { settings, problems } = request;
  return {
    mode: "writer",
    ...common,
    subjects: allSubjects(settings, problems),
    queueGroup: queueGroup(settings, problems),
    rules: writerRules(settings, problems),
    batch: batchLimits(settings),
    workers: settings.number("workers"),
    pendingMaxBytes: settings.number("nats_max_pending_size"),
    influxdb: influxOptions(request),
  };
}

function batchLimits(settings: Settings): BatchLimits {
  return {
    countMax: settings.number("batch_max_count"),
    sizeMaxBytes: settings.number("batch_max_size"),
    ageMaxMs: nsToMs(settings.get("batch_max_age")),
  };
}

function influxOptions({ settings, env, problems }: BuildRequest): InfluxOptions {
  const protocol = settings.get("influxdb_protocol");
  if (protocol !== "http" && protocol !== "https") {
    problems.add(settings.place("influxdb_protocol"), '"http" or "https"', show(protocol));
  }
  const address = settings.get("influxdb_address");
  if (!isHost(address)) {
    const expected = "a host name or an IP address (IPv6 in brackets), nothing else";
    problems.add(settings.place("influxdb_address"), expected, show(address));
  }
  const database = settings.get("influxdb_dbname");
  if (database === "") {
    problems.add(settings.place("influxdb_dbname"), "the name of a database", show(database));
  }
  const user = env["INFLUXDB_USER"] ?? "";
  const password = env["INFLUXDB_PASS"] ?? "";
  if ((user === "") !== (password === "")) {
    const [set, unset] = ["$INFLUXDB_USER", "$INFLUXDB_PASS"];
    const given = user === "" ? unset : set;
    const missing = user === "" ? set : unset;
    problems.add({ file: "environment", option: given }, `${missing} beside it`, `${given} alone`);
  }
  return {
    protocol: protocol === "https" ? "https" : "http",
    address,
    port: settings.number("influxdb_port"),
    database,
    user,
    password,
    writeTimeoutMs: nsToMs(settings.get("write_timeout")),
  };
}

/** True if the text can stand between `http://` and `:port` as the host alone. */
function isHost(text: string): boolean {
  return /^(\[[^\]]+\]|[^\s:/?#@[\]\\%]+)$/.test(text) && URL.canParse(`http://${text}:1/`);
}
