/**
 * README's tables say what the declarations say: every option of every mode, and every metric. A test that fails
 * shows the table as it should be.
 */
import { expect, test } from "bun:test";
import { join } from "node:path";

import type { Mode } from "../../src/config/config.ts";
import { COMPONENT_MODES, MODES } from "../../src/config/option.ts";
import { defaultTextOf, type Option, OPTION_LIST, typeTextOf } from "../../src/config/options.ts";
import { COUNTER_DOCS } from "../../src/counter-docs.ts";
import {
  DOWNSAMPLER_COUNTERS,
  DOWNSAMPLER_SUBJECT_COUNTERS,
} from "../../src/downsampler/counters.ts";
import { FILTER_COUNTERS, FILTER_RULE_COUNTERS } from "../../src/filter/counters.ts";
import { HTTP_COUNTERS, UDP_COUNTERS } from "../../src/listener/counters.ts";
import { metricName } from "../../src/metrics/samples.ts";
import { MONITOR_COUNTERS } from "../../src/monitor/counters.ts";
import { WRITER_COUNTERS, WRITER_SUBJECT_COUNTERS } from "../../src/writer/counters.ts";

const readme = await Bun.file(join(import.meta.dir, "../../README.md")).text();

/** The table under the heading or paragraph `before`, formatting aside. */
function tableAfter(before: string): string[] {
  const at = readme.indexOf(`${before}\n`);
  if (at < 0) throw new Error(`README has no "${before}"`);
  const lines = readme
    .slice(at + before.length)
    .trimStart()
    .split("\n");
  const end = lines.findIndex((line) => !line.startsWith("|"));
  return lines
    .slice(0, end)
    .filter((line) => !/^\|[-| ]+\|$/.test(line))
    .map((line) => line.replaceAll(/ +/g, " ").trim());
}

function optionRow(option: Option, mode: Mode): string {
  const older = (option.olderNames ?? [])
    .filter(({ modes }) => modes.includes(mode))
    .map(({ name, unit }) => (unit === "count" ? `\`${name}\`` : `\`${name}\` (${unit})`));
  const fallback = defaultTextOf(option, mode);
  const shown = option.defaultText === undefined ? `\`${fallback}\`` : fallback;
  const type = typeTextOf(option);
  return `| \`${option.name}\` | ${older.join(" ")} | ${type} | ${shown} | ${option.doc} |`.replaceAll(
    "|  |",
    "| |",
  );
}

const isCommon = ({ modes }: Option) => COMPONENT_MODES.every((mode) => modes.includes(mode));
const HEADER = "| option | in 1.x | type | default | meaning |";

test("the options of all modes are documented", () => {
  const rows = OPTION_LIST.filter(isCommon).map((option) => optionRow(option, "listener"));
  expect(tableAfter("### All modes")).toEqual([HEADER, ...rows]);
});

for (const mode of MODES) {
  test(`the options of mode ${mode} are documented`, () => {
    const rows = OPTION_LIST.filter(
      (option) => option.modes.includes(mode) && !isCommon(option),
    ).map((option) => optionRow(option, mode));
    expect(tableAfter(`### Mode \`${mode}\``)).toEqual([HEADER, ...rows]);
  });
}

const METRICS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "`spout_stat_listener` of mode `listener`, tag `listener` (the name):": UDP_COUNTERS,
  "`spout_stat_listener` of mode `listener_http`, tag `listener`:": HTTP_COUNTERS,
  "`spout_stat_filter`, tag `filter`:": FILTER_COUNTERS,
  "`spout_stat_filter_rule`, tags `filter` and `rule` (the rule's subject; rules that share one also have `index`, from 1):":
    FILTER_RULE_COUNTERS,
  "`spout_stat_downsampler`, tag `downsampler`:": DOWNSAMPLER_COUNTERS,
  "`spout_stat_downsampler_subject`, tags `downsampler` and `subject` (the subject that it reads):":
    DOWNSAMPLER_SUBJECT_COUNTERS,
  "`spout_stat_writer`, tags `writer`, `influxdb_address`, `influxdb_port`, `influxdb_dbname`:":
    WRITER_COUNTERS,
  "`spout_stat_writer_subject`, tags of `spout_stat_writer` and `subject` (the subject that the writer reads):":
    WRITER_SUBJECT_COUNTERS,
  "`spout_stat_monitor`, tag `monitor`:": MONITOR_COUNTERS,
};

for (const [before, declared] of Object.entries(METRICS)) {
  test(`the fields are documented: ${before}`, () => {
    const rows = Object.entries(declared).map(([name, doc]) => `| \`${name}\` | ${doc} |`);
    expect(tableAfter(before)).toEqual(["| field | counts |", ...rows]);
  });
}

test("both names that Prometheus sees of each counter are documented", () => {
  const rows = Object.entries(COUNTER_DOCS).flatMap(([component, declarations]) => {
    const names = new Set(declarations.flatMap((declared) => Object.keys(declared)));
    return [...names]
      .map(metricName)
      .map(
        (name) =>
          `| \`${component}\` | \`${name}\` | \`influx_spout_${component}_${name}_total\` |`,
      );
  });
  const header = "| component | as in 2.x, untyped | by convention, a counter |";
  expect(tableAfter("Every counter has two names there:")).toEqual([header, ...rows]);
});
