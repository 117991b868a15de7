/** What a mode's options are, as text: for `--help MODE` and `--init MODE`. */
import type { Mode } from "./config.ts";
import { commonOptions, defaultOf, defaultTextOf, type Option, ownOptions } from "./options.ts";

const WIDTH = 100;

/** The options of `mode` with their defaults and what they mean. Ends in a newline. */
export function describeMode(mode: Mode): string {
  const describe = (option: Option) =>
    `  ${option.name} = ${defaultTextOf(option, mode)}\n${wrap(option.doc, "      ")}`;
  return (
    `Options of mode ${mode}, with their defaults:\n\n` +
    ownOptions(mode).map(describe).join("") +
    "\nOptions that all modes have:\n\n" +
    commonOptions(mode)
      .filter(({ name }) => name !== "mode")
      .map(describe)
      .join("")
  );
}

/**
 * A configuration of `mode`: all its options, each behind a "#" at its default, below what it means. It loads as it
 * is. Ends in a newline.
 */
export function initialConfig(mode: Mode): string {
  const print = (options: readonly Option[]) =>
    options
      .filter(isPlain)
      .map((option) => `${commented(option, mode)}\n`)
      .join("");
  return (
    `# influx-spout, mode ${mode}. Each option stands at its default: remove the "#" in front of what you change.\n\n` +
    `mode = "${mode}"\n\n` +
    print(ownOptions(mode)) +
    "# Options of all modes; what the components of a host share can stand in /etc/influx-spout.toml instead.\n\n" +
    print(commonOptions(mode)) +
    (TABLES[mode] ?? "")
  ).replace(/\n+$/, "\n");
}

/** The mode has been said, and tables come last in a file: see {@link TABLES}. */
function isPlain({ name, type }: Option): boolean {
  return name !== "mode" && type !== "rules" && type !== "components";
}

function commented(option: Option, mode: Mode): string {
  const value = JSON.stringify(defaultOf(option, mode));
  const unless =
    option.defaultText === undefined ? "" : ` Unless it is set: ${option.defaultText}.`;
  return `${wrap(option.doc + unless, "# ")}#${option.name} = ${value}\n`;
}

/** `text` in lines of at most {@link WIDTH}, each behind `start`. */
function wrap(text: string, start: string): string {
  const lines: string[] = [];
  let line = start;
  for (const word of text.split(" ")) {
    if (line.length > start.length && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = start;
    }
    line += line.length === start.length ? word : ` ${word}`;
  }
  return [...lines, line].map((each) => `${each}\n`).join("");
}

const RULES = `# The first rule that matches a line has it. The kinds: "basic" (the measurement's name), "tags" (all of these tags),
# "regex" (the expression is found in the line), "negregex" (it is not).`;

const TABLES: Partial<Readonly<Record<Mode, string>>> = {
  filter: `${RULES}
#[[rule]]
#type = "basic"
#match = "cpu"
#subject = "hosts"
`,
  writer: `# With rules, only the lines that match one of them are written.
#[[rule]]
#type = "basic"
#match = "cpu"
`,
  standalone: `# One table for each component, with its mode and the options of that mode: influx-spout --help MODE lists them.
[[component]]
mode = "listener"

[[component]]
mode = "listener_http"

[[component]]
mode = "filter"

${RULES}
[[component.rule]]
type = "basic"
match = "cpu"
subject = "hosts"

[[component]]
mode = "writer"
nats_subject = ["hosts", "influx-spout-junk"]
output = "file"
file_path = "influx-spout-data/{subject}.lp"
`,
};
