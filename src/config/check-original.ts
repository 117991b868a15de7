/**
 * What a version of the original would not know of a configuration, or take differently: for whoever prints one in its
 * spelling. Which options it has is declared in the table of options; values, rules and modes are looked at here.
 */
import { isInproc } from "./check-nats.ts";
import type { FilterConfig, WriterConfig } from "./config.ts";
import type { LoadedConfig } from "./load.ts";
import type { Original, Since } from "./option.ts";
import { defaultOf, type Option, optionNamed, sinceOf } from "./options.ts";
import { Problems, show } from "./problems.ts";
import { rulePlace } from "./rule-tables.ts";
import { declaredValue, type Settings } from "./settings.ts";
import { olderNameOf, type Part, valueText, writeOption, writtenOptions } from "./write-option.ts";

/** Tells `option`, as it is called where it stands, and what is different about it. */
type Warn = (option: string, text: string) => void;

/** One line each, no file in front of it: what is in effect may come from several, or from a default. */
export function originalWarnings(loaded: LoadedConfig, version: Original): readonly string[] {
  const problems = new Problems();
  for (const part of [loaded, ...loaded.components]) {
    const heir = part === loaded ? {} : { heir: `component ${show(part.config.name)}` };
    warnOfPart(part, version, (option, text) => problems.warn({ file: "", option, ...heir }, text));
  }
  return problems.warnings;
}

/** Of a mode that does not start there, nothing more is said. */
function warnOfPart(part: Part, version: Original, warn: Warn): void {
  const { mode } = part.config;
  const since = sinceOf(optionNamed("mode"), mode);
  if (!isKnown(since, version)) {
    warn("mode", `${version} does not know ${show(mode)}${before(since, version)}: ${NO_START}`);
    return;
  }
  for (const option of writtenOptions(mode)) warnOfOption(option, part, version, warn);
  warnOfValues(part, version, warn);
}

const NO_START = "it does not start there";

function isKnown(since: Since, version: Original): boolean {
  return version === "1.x" ? since === "1.x" : since !== "3.0";
}

/** What is known to later releases of the version alone. */
function before(since: Since, version: Original): string {
  return version === "1.x" && since.startsWith("1.") ? ` before ${since}` : "";
}

function warnOfOption(option: Option, part: Part, version: Original, warn: Warn): void {
  const { mode } = part.config;
  const written = writeOption(option, part, version);
  const older = version === "1.x" ? olderNameOf(option, mode) : undefined;
  if (older !== undefined && written.name !== older.name) {
    const notation = `${older.name} of 1.x, which takes whole ${older.unit}`;
    warn(option.name, `${written.value} cannot be written as ${notation}: ignored there`);
    return;
  }
  const since = sinceOf(option, mode);
  if (isKnown(since, version) || isUsual(option, part, version)) return;
  const instead = option.instead?.[version]?.doc ?? `${written.value} is ignored there`;
  warn(written.name, `${version} does not know it${before(since, version)}: ${instead}`);
}

/** Whether a version without the option does what its value asks for. */
function isUsual(option: Option, { config, settings }: Part, version: Original): boolean {
  const instead = option.instead?.[version];
  const usual = instead === undefined ? defaultOf(option, config.mode) : instead.as;
  if (usual === undefined) return false;
  const value = settings.get(option.name);
  return valueText(option, value) === valueText(option, declaredValue(option, usual));
}

/** Values of options that the version has. */
function warnOfValues(part: Part, version: Original, warn: Warn): void {
  const { config, settings } = part;
  if (isInproc(settings)) {
    warn("nats_address", `${version} does not know "inproc://": ${NO_START}`);
  }
  switch (config.mode) {
    case "listener":
    case "listener_http":
      warnOfBatchSize(part, version, warn);
      break;
    case "filter":
      warnOfRules(config, version, warn);
      break;
    case "writer":
      warnOfRules(config, version, warn);
      warnOfInflux(config, settings, version, warn);
  }
}

/** A listener of the original sends a batch when another datagram might not fit any more. */
const DATAGRAM_MAX_BYTES = 64n * 1024n;
const MESSAGE_MAX_BYTES = 1024n ** 2n;

function warnOfBatchSize(part: Part, version: Original, warn: Warn): void {
  const { name, value } = writeOption(optionNamed("batch_max_size"), part, version);
  const sizeBytes = part.settings.get("batch_max_size");
  if (sizeBytes > MESSAGE_MAX_BYTES) {
    const what =
      version === "1.x"
        ? "batches above the NATS server's max_payload (1MB by default) are lost there"
        : `2.x takes 1MB at most: ${NO_START}`;
    warn(name, `${value} is too large: ${what}`);
  }
  if (sizeBytes <= DATAGRAM_MAX_BYTES) {
    const isCut = version === "1.x" && sizeBytes < DATAGRAM_MAX_BYTES;
    const cut = isCut && part.config.mode === "listener" ? ", larger ones cut off" : "";
    const what = `up to 64KB, ${version} publishes whatever it reads by itself${cut}`;
    warn(name, `${value} is too small: ${what}`);
  }
}

function warnOfRules(config: FilterConfig | WriterConfig, version: Original, warn: Warn): void {
  for (const [index, rule] of config.rules.entries()) {
    const warnOf = (key: string, text: string) =>
      warn(rulePlace({ file: "", option: "rule" }, index, key).option, text);
    if (rule.type === "tags") {
      const since = config.mode === "filter" ? "2.x" : "3.0";
      if (isKnown(since, version)) continue;
      warnOf("type", `${version} does not know "tags" in a ${config.mode}: ${NO_START}`);
    } else if (rule.type !== "basic" && asksForEnd(rule.match)) {
      const why = "the newline of a line is part of it there";
      warnOf("match", `${version} does not find the end of a line by "$" or "\\z": ${why}`);
    }
  }
}

/** True if the expression has an anchor at the end of the text, and not only at that of any line in it. */
function asksForEnd(match: string): boolean {
  const withoutLiterals = match.replaceAll(LITERALS, "");
  return /\$|\\z/.test(withoutLiterals) && !/\(\?[a-zA-Z]*m/.test(withoutLiterals);
}

/** Quoted text, classes of characters, escaped characters. */
const LITERALS = /\\Q[^]*?(?:\\E|$)|\[\^?\]?(?:\\[^]|\[:\^?\w+:\]|[^\]\\])*\]|\\[^z]/g;

function warnOfInflux(
  { output }: WriterConfig,
  settings: Settings,
  version: Original,
  warn: Warn,
): void {
  if (output.kind !== "influxdb") return;
  if (/[\s#%&+;\u0000-\u001f]/.test(output.database)) {
    const why = `${version} puts it into a URL as it is`;
    warn("influxdb_dbname", `${show(output.database)} does not reach InfluxDB whole: ${why}`);
  }
  if (version === "1.x" && output.user !== "" && settings.get("influxdb_user") === "") {
    warn("$INFLUXDB_USER", "1.x does not know it: it writes without a login there");
  }
}
