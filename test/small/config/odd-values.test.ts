/**
 * Goal: whatever value stands under whatever name, the answer is a configuration that prints and loads again, or a
 * list of problems; never another error. Method: every name with every odd value, in each mode.
 */
import { expect, test } from "bun:test";

import { spellingsOf } from "../../../src/config/layer.ts";
import { ConfigError } from "../../../src/config/load.ts";
import { MODES } from "../../../src/config/option.ts";
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

const NAMES = OPTION_LIST.flatMap(spellingsOf).map(({ name }) => name);

for (const mode of MODES) {
  test(`no value of any option is too odd for mode ${mode}`, () => {
    for (const name of NAMES.filter((candidate) => candidate !== "mode")) {
      for (const value of ODD_VALUES) {
        try {
          const loaded = load(`mode = "${mode}"\n${name} = ${value}`);
          expect(load(printConfig(loaded)).config).toEqual(loaded.config);
        } catch (error) {
          if (!(error instanceof ConfigError))
            throw new Error(`${name} = ${value}`, { cause: error });
          expect(error.problems.every((line) => /^spout\.toml: \S+: expected /.test(line))).toBe(
            true,
          );
        }
      }
    }
  });
}
