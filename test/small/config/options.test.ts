/** Goal: the table of options does not contradict itself, for all else is made from it. */
import { describe, expect, test } from "bun:test";

import { spellingsOf } from "../../../src/config/layer.ts";
import { COMPONENT_MODES, MODES } from "../../../src/config/option.ts";
import {
  defaultOf,
  defaultTextOf,
  OPTION_LIST,
  OPTIONS,
  typeTextOf,
} from "../../../src/config/options.ts";
import { load } from "./load-text.ts";

test("every name stands for one option, and is written in lower case", () => {
  const names = OPTION_LIST.flatMap(spellingsOf).map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
  for (const name of names) expect(name).toMatch(/^[a-z_]+$/);
});

test("an option's older names belong to modes that have the option", () => {
  for (const option of OPTION_LIST) {
    for (const older of option.olderNames ?? []) {
      expect(older.modes.filter((mode) => !option.modes.includes(mode))).toEqual([]);
    }
  }
});

test("every option is documented in one sentence", () => {
  for (const { name, doc } of OPTION_LIST) {
    expect([name, doc]).toEqual([name, expect.stringMatching(/^[A-Za-z][^]*[^.]\.$/)]);
    expect([name, doc.match(/\. /g)]).toEqual([name, null]);
  }
});

describe("a default that is written out", () => {
  test("is the one in effect in mode standalone", () => {
    const own = OPTION_LIST.filter(
      ({ modes, defaultText }) => modes.includes("standalone") && defaultText === undefined,
    );
    const lines = own.map((option) => `${option.name} = ${defaultTextOf(option, "standalone")}`);
    const silent = '[[component]]\nmode = "listener"';
    const told = ['mode = "standalone"', ...lines, silent].join("\n");
    expect(load(told).config).toEqual(load(`mode = "standalone"\n${silent}`).config);
  });

  for (const mode of COMPONENT_MODES) {
    test(`is the one in effect in mode ${mode}`, () => {
      const own = OPTION_LIST.filter(
        (option) => option.modes.includes(mode) && option.defaultText === undefined,
      );
      const lines = own.map((option) => `${option.name} = ${defaultTextOf(option, mode)}`);
      const silent = load(`mode = "${mode}"`);
      expect(load(`mode = "${mode}"\n${lines.join("\n")}`).config).toEqual(silent.config);
    });
  }
});

test("README gets type and default as text", () => {
  const text = (name: keyof typeof OPTIONS, mode: (typeof MODES)[number]) => {
    const option = OPTION_LIST.find((candidate) => candidate.name === name);
    if (option === undefined) throw new Error(`no option ${name}`);
    return [typeTextOf(option), defaultTextOf(option, mode), defaultOf(option, mode)];
  };
  expect(text("batch_max_size", "listener")).toEqual(["byte size", '"1MB"', "1MB"]);
  expect(text("batch_max_size", "writer")).toEqual(["byte size", '"10MB"', "10MB"]);
  expect(text("nats_subject", "filter")).toEqual([
    "list of strings",
    '["influx-spout"]',
    ["influx-spout"],
  ]);
  expect(text("name", "filter")).toEqual(["string", "the file's name without its extension", ""]);
});
