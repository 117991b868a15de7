/** Goal: the table of options does not contradict itself, for all else is made from it. */
import { describe, expect, test } from "bun:test";

import { spellingsOf } from "../../../src/config/layer.ts";
import { COMPONENT_MODES, type Instead, MODES } from "../../../src/config/option.ts";
import {
  defaultOf,
  defaultTextOf,
  OPTION_LIST,
  optionNamed,
  OPTIONS,
  sinceOf,
  typeTextOf,
} from "../../../src/config/options.ts";
import { declaredValue } from "../../../src/config/settings.ts";
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

/** The table of the original's options: what had each first, in which modes (by their letters). */
const HISTORY: Readonly<Record<string, string>> = {
  mode: "1.x LHFW 1.0 M 2.x D",
  name: "1.x LHFDWM",
  nats_address: "1.x LHFDWM",
  nats_subject: "1.x LHFDW",
  nats_subject_monitor: "1.x LHFDWM",
  nats_subject_junkyard: "1.x F",
  influxdb_address: "1.x W",
  influxdb_protocol: "2.x W",
  influxdb_port: "1.x W",
  influxdb_dbname: "1.x W",
  batch_max_count: "1.x LHW",
  batch_max_size: "1.x LHW",
  batch_max_age: "1.x W 2.x LH",
  port: "1.x LHM",
  workers: "1.x FW",
  write_timeout: "1.x W",
  writer_retry_batches: "2.x W",
  writer_retry_interval: "2.x W",
  writer_retry_timeout: "2.x W",
  read_buffer_size: "1.x L",
  nats_max_pending_size: "1.x W 1.0 F 2.x D",
  max_time_delta: "1.x F",
  rule: "1.x FW",
  stats_interval: "2.x LHFDW",
  probe_port: "1.0 LHFDWM",
  pprof_port: "1.1 LHFDWM",
  debug: "1.x LHFDWM",
  downsample_period: "2.x D",
  downsample_suffix: "2.x D",
  queue_group: "2.x W",
};
const LETTERS = {
  listener: "L",
  listener_http: "H",
  filter: "F",
  downsampler: "D",
  writer: "W",
  monitor: "M",
} as const;

test("what the original did not have, in this mode, is declared as new", () => {
  for (const option of OPTION_LIST) {
    const history = [...(HISTORY[option.name] ?? "").matchAll(/(\S+) ([A-Z]+)/g)];
    for (const mode of COMPONENT_MODES.filter((known) => option.modes.includes(known))) {
      const [, since = "3.0"] = history.find(([, , who]) => who?.includes(LETTERS[mode])) ?? [];
      expect<unknown>([option.name, mode, sinceOf(option, mode)]).toEqual([
        option.name,
        mode,
        since,
      ]);
    }
  }
  expect(sinceOf(optionNamed("mode"), "standalone")).toBe("3.0");
  expect(Object.keys(HISTORY).filter((name) => !(name in OPTIONS))).toEqual([]);
});

test("what a version did without an option is a value of the option", () => {
  for (const option of OPTION_LIST) {
    for (const { as } of Object.values<Instead>(option.instead ?? {})) {
      if (as !== undefined) expect(() => declaredValue(option, as)).not.toThrow();
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

test("the documentation gets type and default as text", () => {
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
