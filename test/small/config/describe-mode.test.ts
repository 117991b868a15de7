/** `--init MODE` and `--help MODE`: each option of the mode is there with its default, and the configuration loads as it is. */
import { describe, expect, test } from "bun:test";

import { describeMode, initialConfig } from "../../../src/config/describe-mode.ts";
import { COMPONENT_MODES, MODES } from "../../../src/config/option.ts";
import { defaultOf, OPTION_LIST } from "../../../src/config/options.ts";
import { load } from "./load-text.ts";

const optionsOf = (mode: (typeof MODES)[number]) =>
  OPTION_LIST.filter(({ name, modes }) => modes.includes(mode) && name !== "mode");

describe("a configuration to start from", () => {
  for (const mode of COMPONENT_MODES) {
    test(`is what ${mode} does with nothing set`, () => {
      expect(load(initialConfig(mode)).config).toEqual(load(`mode = "${mode}"`).config);
    });

    test(`is still that with every "#" removed from the options of ${mode}`, () => {
      const all =
        initialConfig(mode)
          .replaceAll(/^#(\w+ = )/gm, "$1")
          .split("#[[rule]]")[0] ?? "";
      const own = all.replace('name = ""\n', "").replace(/^file_path = ""\n/m, "");
      expect(load(own).config).toEqual(load(`mode = "${mode}"`).config);
    });
  }

  test("is a pipeline in one process for standalone", () => {
    const { config, warnings } = load(initialConfig("standalone"));
    expect(warnings).toEqual([]);
    const modes = config.mode === "standalone" ? config.components.map(({ mode }) => mode) : [];
    expect(modes).toEqual(["listener", "listener_http", "filter", "writer"]);
  });

  for (const mode of MODES) {
    test(`shows each option of ${mode} once, on lines that fit a screen`, () => {
      const lines = initialConfig(mode).split("\n");
      for (const option of optionsOf(mode)) {
        if (option.type === "rules" || option.type === "components") continue;
        const line = `#${option.name} = ${JSON.stringify(defaultOf(option, mode))}`;
        expect([line, lines.filter((each) => each === line).length]).toEqual([line, 1]);
      }
      expect(lines.filter((line) => line.length > 120)).toEqual([]);
      expect(initialConfig(mode)).toEndWith("\n");
    });
  }
});

describe("the options of a mode", () => {
  for (const mode of MODES) {
    test(`${mode}: all, and no others`, () => {
      const named = Array.from(describeMode(mode).matchAll(/^ {2}(\w+) = /gm), ([, name]) => name);
      expect(named.toSorted()).toEqual(
        optionsOf(mode)
          .map(({ name }) => name)
          .toSorted(),
      );
    });
  }

  test("stand with their defaults in this mode, and with what they mean", () => {
    expect(describeMode("writer")).toContain(
      '  batch_max_size = "10MB"\n      A batch is sent when ',
    );
    expect(describeMode("listener")).toContain('  batch_max_size = "1MB"\n');
  });
});
