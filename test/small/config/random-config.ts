/** Configurations by chance: any options of a mode, under any of their names, with values from all of their range. */
import type { Mode } from "../../../src/config/config.ts";
import { COMPONENT_MODES, OLDER_UNITS } from "../../../src/config/option.ts";
import { type Option, OPTION_LIST } from "../../../src/config/options.ts";
import type { Random } from "../../support/random.ts";

/** A file of `mode` that loads. It names no secrets: those come out masked. */
export function randomConfig(random: Random, mode: Mode): string {
  if (mode !== "standalone") return `mode = "${mode}"\n${options(random, mode, 0)}`;
  const components = Array.from({ length: 1 + random.int(5) }, (_, index) => {
    const own = random.pick(COMPONENT_MODES);
    const text = `mode = "${own}"\n${options(random, own, index + 1, ["nats_address"])}`;
    return `[[component]]\n${text.replaceAll("[[rule]]", "[[component.rule]]")}`;
  });
  const address = random.oneIn(2) ? "" : 'nats_address = "nats://a:1,b"\n';
  const lines = ['stop_timeout = "3s"\n', 'stats_interval = "1500ms"\n', "batch = 3\n"];
  const shared = lines.filter(() => random.oneIn(2)).join("");
  return `mode = "standalone"\n${address}${shared}${components.join("")}`;
}

/** `number` keeps apart what no two components may share; 0 stands for a process of one. */
function options(random: Random, mode: Mode, number: number, without: string[] = []): string {
  const isWanted = (name: string) =>
    !without.includes(name) && ((number > 0 && UNSHARED.includes(name)) || !random.oneIn(3));
  const lines = OPTION_LIST.filter(({ name, modes }) => modes.includes(mode) && isWanted(name)).map(
    (option) => line(random, option, mode, number),
  );
  const rules = Array.from({ length: mode === "filter" || mode === "writer" ? random.int(4) : 0 });
  return lines.join("") + rules.map(() => rule(random, mode)).join("");
}

const UNSHARED = ["port", "downsample_suffix"];

function line(random: Random, option: Option, mode: Mode, number: number): string {
  const { name, type } = option;
  const chosen = fixedValue(random, name, number);
  if (chosen !== undefined) return chosen === "" ? "" : `${name} = ${chosen}\n`;
  if (type === "boolean") return `${name} = ${random.oneIn(2)}\n`;
  if (type === "integer" || type === "size" || type === "duration") {
    return numberLine(random, option, mode);
  }
  return "";
}

/** In TOML, for options whose value must be more than of its type; "" leaves the option out. */
function fixedValue(random: Random, name: string, number: number): string | undefined {
  const texts: Readonly<Record<string, readonly string[]>> = {
    name: [`"a ${number}"`, `'"\\ é ${number}'`],
    port: [`${20_000 + number}`, ...(number === 0 ? ["0"] : [])],
    probe_port: ["0", `${30_000 + number}`],
    // A process is profiled as a whole.
    pprof_port: ["0", ...(number === 0 ? ["40000"] : [])],
    nats_address: ['"nats://a"', '"a:1, tls://b:2"'],
    nats_subject: ['["in.a"]', '["in.a", "in.b"]'],
    nats_subject_junkyard: ['"junk"'],
    nats_subject_monitor: ['"mon.a"'],
    queue_group: ['""', '"crew"'],
    downsample_suffix: [`"-old${number}"`],
    downsample_functions: ["[]", '["min", "last"]'],
    output: ['"influxdb"', '"stdout"', `"file"\nfile_path = "/tmp/${number}/{subject}.lp"`],
    file_path: [""],
    influxdb_protocol: ['"http"', '"https"'],
    influxdb_address: ['"localhost"', '"[::1]"'],
    influxdb_dbname: ['"my db&x"', '"a\\u007f"'],
    stats_format: ['"line"', '"prometheus"'],
  };
  const known = texts[name];
  if (known !== undefined) return random.pick(known);
  return /_(?:user|pass_file|token_file|creds|tls_ca)$/.test(name) || name === "mode"
    ? ""
    : undefined;
}

const COUNT_MAX = 2n ** 53n - 1n;
const DURATION_MAX_NS = 2n ** 63n - 1n;

function numberLine(random: Random, option: Option, mode: Mode): string {
  const max = option.max ?? (option.type === "duration" ? DURATION_MAX_NS : COUNT_MAX);
  const older = option.olderNames?.filter(({ modes }) => modes.includes(mode)) ?? [];
  const chosen = random.pick([option, ...older]);
  const unit = "unit" in chosen ? OLDER_UNITS[chosen.unit] : randomUnit(random, option);
  const most = max / unit;
  const exponent = random.int(most.toString(2).length);
  let amount = (2n ** BigInt(exponent) + BigInt(random.int(2 ** 30))) % (most + 1n);
  if (amount === 0n && !(option.zero !== undefined && random.oneIn(2))) amount = 1n;
  if ("unit" in chosen) return `${chosen.name} = ${amount}\n`;
  const value = option.type === "duration" ? `"${amount * unit}ns"` : amount * unit;
  return `${option.name} = ${value}\n`;
}

/** So that some values can be written in the units of 1.x, and some not. */
function randomUnit(random: Random, option: Option): bigint {
  const max = option.max ?? COUNT_MAX;
  const all = {
    integer: [1n],
    size: [1n, 1024n, OLDER_UNITS.MB],
    duration: [1n, 10n ** 6n, 10n ** 9n],
  };
  const units = all[option.type as keyof typeof all].filter((unit) => unit <= max);
  return random.pick(units);
}

function rule(random: Random, mode: Mode): string {
  const subject = mode === "filter" ? `subject = "out.${random.int(3)}"\n` : "";
  const body = random.pick([
    'type = "basic"\nmatch = "c\\"pu\\\\"\n',
    'type = "regex"\nmatch = \'^a\\d"$\'\n',
    'type = "negregex"\nmatch = "[é]"\n',
    'type = "tags"\ntags = [["a", "b"], ["c d", "\\"e\\\\"]]\n',
  ]);
  return `[[rule]]\n${body}${subject}`;
}
