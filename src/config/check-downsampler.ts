/** The options that a downsampler alone has, checked. */
import { checkOutput, plainSubjects } from "./check-subjects.ts";
import type { CommonConfig, DownsampleFunction, DownsamplerConfig } from "./config.ts";
import { type Problems, show } from "./problems.ts";
import type { Settings } from "./settings.ts";

const FUNCTIONS: readonly DownsampleFunction[] = ["min", "max", "sum", "count", "first", "last"];

export function downsamplerOptions(
  settings: Settings,
  problems: Problems,
): Omit<DownsamplerConfig, "mode" | keyof CommonConfig> {
  const subjects = plainSubjects(settings, problems);
  return {
    subjects,
    suffix: suffix(settings, subjects, problems),
    periodNs: settings.get("downsample_period"),
    functions: functions(settings, problems),
    seriesMax: settings.number("downsample_max_series"),
    sizeMaxBytes: settings.number("downsample_max_size"),
    pendingMaxBytes: settings.number("nats_max_pending_size"),
  };
}

/** The outputs are the subjects with the suffix, so what is wrong with one of these is its fault. */
function suffix(settings: Settings, subjects: readonly string[], problems: Problems): string {
  const value = settings.get("downsample_suffix");
  const place = settings.place("downsample_suffix");
  if (value === "") {
    problems.add(place, "text to put behind a subject", show(value));
    return value;
  }
  for (const subject of subjects) {
    const output = checkOutput(`${subject}${value}`, place, problems);
    if (!subjects.includes(output)) continue;
    problems.warn(place, `${show(output)} is read as well: averages are averaged again`);
  }
  return value;
}

function functions(settings: Settings, problems: Problems): readonly DownsampleFunction[] {
  const place = settings.place("downsample_functions");
  const known = FUNCTIONS.map((name) => `"${name}"`).join(", ");
  const names: DownsampleFunction[] = [];
  for (const written of settings.get("downsample_functions")) {
    const name = FUNCTIONS.find((candidate) => candidate === written);
    if (name === undefined) problems.add(place, `some of ${known}`, show(written));
    else if (names.includes(name)) problems.add(place, "each once", `${show(name)} again`);
    else names.push(name);
  }
  return names;
}
