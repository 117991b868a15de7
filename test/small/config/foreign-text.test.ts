/** Goal: whatever stands in a file, its name or the environment, what is printed of it does nothing to a terminal. */
import { describe, expect, test } from "bun:test";

import { printConfig } from "../../../src/config/print.ts";
import { load, problemsOf, type TextOptions } from "./load-text.ts";

/** Control characters of 7 and of 8 bits, what turns the direction of text, what ends lines, what is not seen. */
const EVIL = "\u001b[31m\u009b2J\u202e\u2066\u2028\u2029\u200b\u007f\u0085\u{e0041}";
const IN_TOML = Array.from(
  EVIL,
  (char) => `\\U${char.codePointAt(0)?.toString(16).padStart(8, "0")}`,
).join("");
/** What a terminal only shows, and no lines but those that are told. */
const HARMLESS = /^(?:(?![\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}])[^])*$/u;

describe("a problem", () => {
  const problems = (text: string, options: TextOptions = {}) => {
    const found = problemsOf(text, options);
    expect(found).not.toEqual([]);
    for (const problem of found) expect(problem).toMatch(HARMLESS);
    return found;
  };

  test("of an unknown key shows it in escapes", () => {
    const [problem] = problems('mode = "listener"\n"a\\u001b[31mred" = 1\n');
    expect(problem).toStartWith(
      "spout.toml: a\\x1b[31mred: expected the name of an option, got an unknown one",
    );
  });

  test.each([
    ["an unknown key", `mode = "listener"\n"${IN_TOML}" = 1`],
    ["a key of a rule", `mode = "filter"\n[[rule]]\n"${IN_TOML}" = 1`],
    ["a mode", `mode = "${IN_TOML}"`],
    ["a name", `mode = "listener"\nname = "${IN_TOML}"`],
    ["a value of another type", `mode = "listener"\nport = "${IN_TOML}"`],
    ["a duration", `mode = "listener"\nstop_timeout = "${IN_TOML}"`],
    ["a size", `mode = "listener"\nbatch_max_size = "${IN_TOML}"`],
    ["a subject", `mode = "listener"\nnats_subject = ["${IN_TOML}"]`],
    ["a subject that is given twice", `mode = "writer"\nnats_subject = ["a\\u202e", "a\\u202e"]`],
    ["an address of NATS", `mode = "listener"\nnats_address = "${IN_TOML}://a"`],
    ["an address of InfluxDB", `mode = "writer"\ninfluxdb_address = "${IN_TOML}"`],
    ["a file", `mode = "writer"\noutput = "file"\nfile_path = "${IN_TOML}"`],
    ["a file with a secret", `mode = "writer"\nnats_user = "a"\nnats_pass_file = "/${IN_TOML}"`],
    [
      "an expression",
      `mode = "filter"\n[[rule]]\ntype = "regex"\nmatch = "(${IN_TOML}"\nsubject = "a"`,
    ],
    ["a rule's type", `mode = "filter"\n[[rule]]\ntype = "${IN_TOML}"\nmatch = "a"\nsubject = "a"`],
    ["a component's name", `mode = "standalone"\n[[component]]\nmode = "x"\nname = "${IN_TOML}"`],
    [
      "a key of a component",
      `mode = "standalone"\n[[component]]\nmode = "listener"\n"${IN_TOML}" = 1`,
    ],
    ["what is no TOML", `mode = ${EVIL}`],
    ["what is no TOML, quoted", `"${EVIL}" = `],
  ])("of %s is harmless", (_what, text) => {
    problems(text);
  });

  test("of a file's name is harmless", () => {
    problems("mode = 5", { fileName: `a${EVIL}.toml` });
    problems("mode = ", { fileName: `a${EVIL}.toml` });
  });

  test("is one line, whatever it is about", () => {
    expect(problems('mode = "listener"\n"a\\nspout.toml: port: fine" = 1')).toHaveLength(1);
  });
});

test("a warning is harmless", () => {
  const { warnings } = load(`mode = "listener"\nnats_subject = ["a\u202e", "b"]`);
  expect(warnings).toEqual([
    'spout.toml: nats_subject: only the first subject, "a\\u202e", is used',
  ]);
});

test("the configuration in effect is harmless TOML, and loads to the same again", () => {
  const visible = Array.from(
    "\u009b\u202e\u2066\u200b\u0085\u{e0041}\u2060\ufeff",
    (char) => `\\U${char.codePointAt(0)?.toString(16).padStart(8, "0")}`,
  ).join("");
  const text = `
    mode = "filter"
    nats_subject_junkyard = "junk\\u202e\\U000e0041"
    [[rule]]
    type = "basic"
    match = "${IN_TOML}"
    subject = "a\\u200b"
    [[rule]]
    type = "regex"
    match = "${visible}\\n\\t"
    subject = "b"
    [[rule]]
    type = "tags"
    tags = [["${IN_TOML}", "${IN_TOML}"]]
    subject = "c"
  `;
  const first = load(text);
  const printed = printConfig(first);
  for (const line of printed.split("\n")) expect(line).toMatch(HARMLESS);
  expect(printed).toContain(String.raw`nats_subject_junkyard = "junk\u202e\U000e0041"`);
  expect(load(printed).config).toEqual(first.config);
});
