/**
 * Writes the parts of the documentation that come from declarations: options into `docs/options.md` and the pages of the
 * modes, counters into `docs/metrics.md`. A page marks such a part by two comments, and all else in it is written by hand:
 *
 *     <!-- generated: options of filter -->
 *     <!-- end -->
 *
 * `bun run docs` writes them; a test fails while they are not what the declarations say.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import type { Mode } from "../src/config/config.ts";
import { MODES, type OlderName } from "../src/config/option.ts";
import {
  commonOptions,
  defaultTextOf,
  type Option,
  OPTION_LIST,
  ownOptions,
  typeTextOf,
} from "../src/config/options.ts";
import { COUNTER_DOCS } from "../src/counter-docs.ts";
import { metricName } from "../src/metrics/samples.ts";
import { ROOT } from "./source.ts";

const DOCS = join(ROOT, "docs");

/** The name in the mark -> what stands between the marks. */
const PARTS: ReadonlyMap<string, () => string> = new Map([
  ["every option", everyOption],
  ["options by mode", optionsByMode],
  ...MODES.map((mode) => [`options of ${mode}`, () => optionsOf(mode)] as const),
  ...Object.keys(COUNTER_DOCS).flatMap((component) =>
    (COUNTER_DOCS[component] ?? []).map(
      (declared, index) =>
        [`counters of ${component} ${index + 1}`, () => counterList(declared)] as const,
    ),
  ),
  ["names in Prometheus", prometheusNames],
]);

/** `page` with each generated part as it should be. Throws an Error for a mark that is unknown or has no end. */
export function withGeneratedParts(page: string): string {
  return page.replaceAll(
    /<!-- generated: (.*?) -->([^]*?)(<!-- end -->|$)/g,
    (_, name, old, end) => {
      if (end === "" || old.includes("<!-- generated")) throw new Error(`"${name}" has no end`);
      const print = PARTS.get(name);
      if (print === undefined) throw new Error(`"generated: ${name}" is the mark of nothing`);
      return `<!-- generated: ${name} -->\n\n${print()}\n\n${end}`;
    },
  );
}

/** The paths of all pages. */
export async function docPages(): Promise<readonly string[]> {
  const names = await readdir(DOCS);
  return names
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => join(DOCS, name));
}

function everyOption(): string {
  return OPTION_LIST.map(optionSection).join("\n\n");
}

function optionSection(option: Option): string {
  const older = (option.olderNames ?? []).map((name) => olderText(name, option));
  const facts = [
    `- Type: ${typeTextOf(option)}`,
    `- Default: ${defaultsText(option)}`,
    `- Modes: ${modesText(option.modes)}`,
    ...(older.length === 0 ? [] : [`- In 1.x: ${older.join("; ")}`]),
  ];
  return `### ${option.name}\n\n${option.doc}\n\n${facts.join("\n")}`;
}

/** One default for all modes, or each with the modes that have it. */
function defaultsText(option: Option): string {
  const byText = Map.groupBy(option.modes, (mode) => defaultTextOf(option, mode));
  const texts = Array.from(byText, ([text, modes]) => ({
    shown: option.defaultText === undefined ? `\`${text}\`` : text,
    modes: modes.map((mode) => `\`${mode}\``).join(", "),
  }));
  if (texts.length === 1) return texts[0]?.shown ?? "";
  return texts.map(({ shown, modes }) => `${shown} (${modes})`).join(", ");
}

function modesText(modes: readonly Mode[]): string {
  if (MODES.every((mode) => modes.includes(mode))) return "all";
  return modes.map((mode) => `[\`${mode}\`](${mode}.md)`).join(", ");
}

function olderText({ name, unit, modes }: OlderName, option: Option): string {
  const inUnit = unit === "count" ? "" : ` (an integer, ${unit})`;
  const isOfAll = modes.length === option.modes.length;
  return `\`${name}\`${inUnit}${isOfAll ? "" : `, in ${modes.map((mode) => `\`${mode}\``).join(", ")}`}`;
}

/** For each mode what it has of its own, and once what all of them have. */
function optionsByMode(): string {
  return [
    `- all modes: ${links(commonOptions("listener"))}`,
    ...MODES.map((mode) => `- [\`${mode}\`](${mode}.md): ${links(ownOptions(mode))}`),
  ].join("\n");
}

function optionsOf(mode: Mode): string {
  return ownOptions(mode)
    .map(
      (option) =>
        `- [\`${option.name}\`](options.md#${option.name}), ${defaultTextOfMode(option, mode)}: ${option.doc}`,
    )
    .join("\n");
}

function defaultTextOfMode(option: Option, mode: Mode): string {
  const text = defaultTextOf(option, mode);
  return option.defaultText === undefined ? `\`${text}\`` : text;
}

function links(options: readonly Option[]): string {
  return options.map(({ name }) => `[\`${name}\`](options.md#${name})`).join(", ");
}

function counterList(declared: Readonly<Record<string, string>>): string {
  return Object.entries(declared)
    .map(([name, doc]) => `- \`${name}\`: ${doc}`)
    .join("\n");
}

function prometheusNames(): string {
  const rows = Object.entries(COUNTER_DOCS).flatMap(([component, declarations]) => {
    const names = new Set(declarations.flatMap((declared) => Object.keys(declared)));
    return Array.from(names, metricName).map((name) => [
      `\`${component}\``,
      `\`${name}\``,
      `\`influx_spout_${component}_${name}_total\``,
    ]);
  });
  return table(["component", "as in 2.x, untyped", "by convention, a counter"], rows);
}

/** Padded as the formatter pads it. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const print = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [print(header), print(widths.map((width) => "-".repeat(width))), ...rows.map(print)].join(
    "\n",
  );
}

if (import.meta.main) {
  for (const path of await docPages()) {
    const page = await Bun.file(path).text();
    const generated = withGeneratedParts(page);
    if (generated !== page) await Bun.write(path, generated);
  }
}
