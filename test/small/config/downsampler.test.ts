/** Goal: what can be wrong with the options of a downsampler is told; what is right is taken as it is, and printed. */
import { describe, expect, test } from "bun:test";

import { printConfig } from "../../../src/config/print.ts";
import { load, problemsOf } from "./load-text.ts";

const text = (lines: string) => `mode = "downsampler"\n${lines}`;
const accepts = (lines: string) => load(text(lines)).config;
const refuses = (lines: string, ...problems: readonly string[]) =>
  expect(problemsOf(text(lines))).toEqual(problems.map((problem) => `spout.toml: ${problem}`));

test("all options are taken, and printed as they are", () => {
  const loaded = load(
    text(`
      nats_subject = ["a.b", "c"]
      downsample_period = "1h30m"
      downsample_suffix = ".hourly"
      downsample_functions = ["max", "count", "first", "last", "sum", "min"]
      downsample_max_series = 1
      downsample_max_size = "1KB"
    `),
  );
  expect(loaded.config).toMatchObject({
    subjects: ["a.b", "c"],
    periodNs: 5_400_000_000_000n,
    suffix: ".hourly",
    functions: ["max", "count", "first", "last", "sum", "min"],
    seriesMax: 1,
    sizeMaxBytes: 1024,
  });
  const printed = printConfig(loaded);
  expect(printed).toContain('downsample_period = "1h30m"\n');
  expect(printed).toContain(
    'downsample_functions = ["max", "count", "first", "last", "sum", "min"]\n',
  );
  expect(load(printed).config).toMatchObject({ ...loaded.config, name: loaded.config.name });
});

describe("the subjects", () => {
  test("are none with wildcards: what comes of each is published under its name", () => {
    refuses(
      'nats_subject = ["a.*"]',
      'nats_subject: expected NATS subjects without wildcards, got "a.*", which holds the wildcard "*"',
    );
  });

  test("may not come twice, and there is at least one", () => {
    refuses('nats_subject = ["a", "a"]', 'nats_subject: expected each subject once, got "a" again');
    refuses("nats_subject = []", "nats_subject: expected at least one subject, got an empty list");
  });
});

describe("the suffix", () => {
  test("is not empty, or averages would be averaged for ever", () => {
    refuses(
      'downsample_suffix = ""',
      "downsample_suffix: expected text to put behind a subject, got nothing",
    );
  });

  test("makes a subject of each subject", () => {
    refuses(
      'nats_subject = ["a"]\ndownsample_suffix = " old"',
      'downsample_suffix: expected a NATS subject without wildcards, got "a old", which holds a space or a control character',
    );
    refuses(
      'nats_subject = ["a"]\ndownsample_suffix = "."',
      'downsample_suffix: expected a NATS subject without wildcards, got "a.", which has an empty token (a dot too many)',
    );
  });

  test("that leads to another input is a warning", () => {
    const { warnings } = load(text('nats_subject = ["a", "a-archive"]'));
    expect(warnings).toEqual([
      'spout.toml: downsample_suffix: "a-archive" is read as well: averages are averaged again',
    ]);
  });
});

test("a function is one that there is, once", () => {
  refuses(
    'downsample_functions = ["min", "mean", "min"]',
    'downsample_functions: expected some of "min", "max", "sum", "count", "first", "last", got "mean"',
    'downsample_functions: expected each once, got "min" again',
  );
  refuses(
    'downsample_functions = "min"',
    'downsample_functions: expected a list of strings, got "min"',
  );
});

test("a period is positive, and at most a leap year", () => {
  const expected = "downsample_period: expected a duration from 1ns to 8784h";
  refuses("downsample_period = 0", `${expected}, got 0`);
  refuses('downsample_period = "-1m"', `${expected}, got "-1m"`);
  refuses('downsample_period = "8785h"', `${expected}, got "8785h"`);
  expect(accepts('downsample_period = "8784h"')).toMatchObject({
    periodNs: 31_622_400_000_000_000n,
  });
});

test("limits are positive", () => {
  refuses(
    "downsample_max_series = 0",
    "downsample_max_series: expected an integer from 1 to 100000000, got 0",
  );
  refuses(
    "downsample_max_size = 0",
    "downsample_max_size: expected a byte size from 1B to 1GB, got 0",
  );
});

describe("among components of one process", () => {
  const component = (mode: string, ...lines: readonly string[]) =>
    ["[[component]]", `mode = "${mode}"`, ...lines].join("\n");
  const standalone = (...components: readonly string[]) =>
    ['mode = "standalone"', ...components].join("\n");
  const listener = component("listener");
  const downsampler = (...lines: readonly string[]) => component("downsampler", ...lines);
  const writer = (subject: string) => component("writer", `nats_subject = ["${subject}"]`);

  test("its averages are to be read, and its subjects to be published to", () => {
    expect(
      load(standalone(listener, downsampler(), writer("influx-spout-archive"))).warnings,
    ).toEqual([]);
    expect(load(standalone(listener, downsampler())).warnings).toEqual([
      'spout.toml: component "downsampler-1": downsample_suffix: no component reads "influx-spout-archive": what is published there is lost',
    ]);
    expect(
      load(standalone(listener, downsampler('nats_subject = ["x"]'), writer("*"))).warnings,
    ).toEqual([
      'spout.toml: component "downsampler-1": nats_subject: no component publishes to "x": nothing comes from there',
    ]);
  });

  test("two of one subject need different suffixes", () => {
    const hourly = downsampler('downsample_period = "1h"', 'downsample_suffix = "-hourly"');
    expect(load(standalone(listener, downsampler(), hourly, writer(">"))).warnings).toEqual([]);
    expect(problemsOf(standalone(listener, downsampler(), downsampler(), writer(">")))).toEqual([
      'spout.toml: component "downsampler-2": downsample_suffix: expected a subject for averages of its own, got "influx-spout-archive", which component "downsampler-1" has too',
    ]);
  });
});
