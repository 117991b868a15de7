/**
 * README's tables say what the declarations say: every option of every mode, and every metric. A test that fails
 * shows the table as it should be.
 */
import { expect, test } from "bun:test";
import { join } from "node:path";

import type { Mode } from "../../src/config/config.ts";
import { COMPONENT_MODES, MODES } from "../../src/config/option.ts";
import { defaultTextOf, type Option, OPTION_LIST, typeTextOf } from "../../src/config/options.ts";
import { FILTER_COUNTERS, FILTER_RULE_COUNTERS } from "../../src/filter/counters.ts";
import { HTTP_COUNTERS, UDP_COUNTERS } from "../../src/listener/counters.ts";
import { WRITER_COUNTERS } from "../../src/writer/counters.ts";

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

const available = OPTION_LIST.filter((option) => option.unavailable !== true);
const isCommon = ({ modes }: Option) => COMPONENT_MODES.every((mode) => modes.includes(mode));
const HEADER = "| option | in 1.x | type | default | meaning |";

test("the options of all modes are documented", () => {
  const rows = available.filter(isCommon).map((option) => optionRow(option, "listener"));
  expect(tableAfter("### All modes")).toEqual([HEADER, ...rows]);
});

for (const mode of MODES) {
  test(`the options of mode ${mode} are documented`, () => {
    const rows = available
      .filter((option) => option.modes.includes(mode) && !isCommon(option))
      .map((option) => optionRow(option, mode));
    expect(tableAfter(`### Mode \`${mode}\``)).toEqual([HEADER, ...rows]);
  });
}

const METRICS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "`spout_stat_listener` of mode `listener`, tag `listener` (the name):": UDP_COUNTERS,
  "`spout_stat_listener` of mode `listener_http`, tag `listener`:": HTTP_COUNTERS,
  "`spout_stat_filter`, tag `filter`:": FILTER_COUNTERS,
  "`spout_stat_filter_rule`, tags `filter` and `rule` (the rule's subject; rules that share one also have `index`, from 1):":
    FILTER_RULE_COUNTERS,
  "`spout_stat_writer`, tags `writer`, `influxdb_address`, `influxdb_port`, `influxdb_dbname`:":
    WRITER_COUNTERS,
};

for (const [before, declared] of Object.entries(METRICS)) {
  test(`the fields are documented: ${before}`, () => {
    const rows = Object.entries(declared).map(([name, doc]) => `| \`${name}\` | ${doc} |`);
    expect(tableAfter(before)).toEqual(["| field | counts |", ...rows]);
  });
}
