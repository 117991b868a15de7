/**
 * Goal: whatever value stands under whatever name, the answer is a configuration that prints and loads again, or a
 * list of problems; never another error. Method: every name with every odd value, in each mode, and in mode standalone
 * both at the top level and in components of each mode.
 */
import { expect, test } from "bun:test";

import { spellingsOf } from "../../../src/config/layer.ts";
import { ConfigError } from "../../../src/config/load.ts";
import { COMPONENT_MODES } from "../../../src/config/option.ts";
import { OPTION_LIST } from "../../../src/config/options.ts";
import { printConfig } from "../../../src/config/print.ts";
import { load } from "./load-text.ts";

const ODD_VALUES = [
  "1",
  "-1",
  "9223372036854775807",
  "-inf",
  "false",
  '""',
  '"7"',
  '"1h1.5s"',
  '"\\u007f\\u0000"',
  "[]",
  '["x"]',
  "[{}]",
  "{ a = { b = 1 } }",
  "1979-05-27T07:32:00Z",
];

const NAMES = OPTION_LIST.flatMap(spellingsOf)
  .map(({ name }) => name)
  .filter((name) => name !== "mode");

const COMPONENT = /component( ".*?"|\[\d\])/.source;
const PROBLEM = new RegExp(
  `^spout\\.toml: (${COMPONENT}: )?\\S+( \\(for ${COMPONENT}(, ${COMPONENT})*\\))?: expected `,
);

function takesAll(textWith: (line: string) => string, names = NAMES): void {
  for (const name of names) {
    for (const value of ODD_VALUES) {
      const line = `${name} = ${value}`;
      try {
        const loaded = load(textWith(line));
        expect(load(printConfig(loaded)).config).toEqual(loaded.config);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw new Error(line, { cause: error });
        expect(error.problems.filter((problem) => !PROBLEM.test(problem))).toEqual([]);
      }
    }
  }
}

for (const mode of COMPONENT_MODES) {
  test(`no value of any option is too odd for mode ${mode}`, () => {
    takesAll((line) => `mode = "${mode}"\n${line}`);
  });
}

test("no value of any option is too odd for mode standalone", () => {
  const components = (line: string) =>
    COMPONENT_MODES.map((mode) => `\n[[component]]\nmode = "${mode}"\n${line}`).join("");
  const inherited = NAMES.filter((name) => name !== "component");
  takesAll((line) => `mode = "standalone"\n${line}${components("")}`, inherited);
  takesAll((line) => `mode = "standalone"${components(line)}`);
  takesAll((line) => `mode = "standalone"\n${line}`, ["component"]);
});
