/** Makes the configuration of a component out of its settings, checking what one option's type and range cannot say. */
import type { BatchLimits } from "../batch/batch.ts";
import type { StatsFormat } from "../metrics/print.ts";
import { nsToMs } from "../platform/units.ts";
import { downsamplerOptions } from "./check-downsampler.ts";
import { natsOptions } from "./check-nats.ts";
import { writerOutput } from "./check-output.ts";
import { ownPorts } from "./check-ports.ts";
import { filterRules, writerRules } from "./check-rules.ts";
import { allSubjects, checkOutput, onlySubject, queueGroup } from "./check-subjects.ts";
import type {
  CommonConfig,
  ComponentConfig,
  ComponentMode,
  FilterConfig,
  MonitorConfig,
  WriterConfig,
} from "./config.ts";
import { type Problems, show } from "./problems.ts";
import type { Settings } from "./settings.ts";

export interface BuildRequest {
  readonly mode: ComponentMode;
  readonly settings: Settings;
  /** The instance's name where none is set. */
  readonly derivedName: string;
  /** It shares a process with other components, and so may do without NATS. */
  readonly isInStandalone?: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly problems: Problems;
}

export interface LoadedComponent {
  readonly config: ComponentConfig;
  /** What it was made of. */
  readonly settings: Settings;
}

/** What it returns is fit for use only if `problems` stays empty. */
export function buildComponent(request: BuildRequest): ComponentConfig {
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
    case "downsampler":
      return { mode, ...common, ...downsamplerOptions(settings, problems) };
    case "writer":
      return writerConfig(common, request);
    case "monitor":
      return monitorConfig(common, settings, problems);
  }
}

/** What a process of several components has as well. `derivedName` stands where no name is set. */
export function processConfig(
  settings: Settings,
  derivedName: string,
  problems: Problems,
): Pick<CommonConfig, "name" | "debug" | "stopTimeoutMs"> {
  const name = settings.get("name") || derivedName;
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) {
    problems.add(settings.place("name"), "a name without control characters", show(name));
  }
  return {
    name,
    debug: settings.get("debug"),
    stopTimeoutMs: nsToMs(settings.get("stop_timeout")),
  };
}

function commonConfig(request: BuildRequest): CommonConfig {
  const { mode, settings, problems } = request;
  const monitorSubject = settings.get("nats_subject_monitor");
  checkOutput(monitorSubject, settings.place("nats_subject_monitor"), problems);
  return {
    ...processConfig(settings, request.derivedName, problems),
    nats: natsOptions(settings, { allowInproc: request.isInStandalone === true }, problems),
    outboundMaxBytes: settings.number("nats_max_outbound_size"),
    monitorSubject,
    statsIntervalMs: nsToMs(settings.get("stats_interval")),
    statsFormat: statsFormat(settings, problems),
    ...ownPorts(settings, mode, problems),
  };
}

function statsFormat(settings: Settings, problems: Problems): StatsFormat {
  const format = settings.get("stats_format");
  if (format === "line" || format === "prometheus") return format;
  problems.add(settings.place("stats_format"), '"line" or "prometheus"', show(format));
  return "line";
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
    sortTags: settings.get("sort_tags"),
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
    output: writerOutput(settings, request.env, problems),
  };
}

function monitorConfig(
  common: CommonConfig,
  settings: Settings,
  problems: Problems,
): MonitorConfig {
  const expiryMs = nsToMs(settings.get("monitor_expiry"));
  if (expiryMs <= common.statsIntervalMs) {
    const why = "not longer than stats_interval: counters are forgotten between two reports";
    problems.warn(settings.place("monitor_expiry"), why);
  }
  return {
    mode: "monitor",
    ...common,
    port: settings.number("port"),
    pendingMaxBytes: settings.number("nats_max_pending_size"),
    expiryMs,
    seriesMax: settings.number("monitor_max_series"),
    sizeMaxBytes: settings.number("monitor_max_size"),
  };
}

function batchLimits(settings: Settings): BatchLimits {
  return {
    countMax: settings.number("batch_max_count"),
    sizeMaxBytes: settings.number("batch_max_size"),
    ageMaxMs: nsToMs(settings.get("batch_max_age")),
  };
}
