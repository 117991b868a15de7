/** What is checked of a monitor, and of the form of the metrics. */
import { expect, test } from "bun:test";

import { load, problemsOf } from "./load-text.ts";

test("an expiry that is not longer than the interval of the metrics is a warning", () => {
  const warnings = (text: string) => load(`mode = "monitor"\n${text}`).warnings;
  expect(warnings('monitor_expiry = "10s"\nstats_interval = "10s"')).toEqual([
    "spout.toml: monitor_expiry: not longer than stats_interval: counters are forgotten between two reports",
  ]);
  expect(warnings('monitor_expiry = "10s"\nstats_interval = "9s"')).toEqual([]);
});

test("metrics have one of two forms", () => {
  expect(problemsOf('mode = "writer"\nstats_format = "json"')).toEqual([
    'spout.toml: stats_format: expected "line" or "prometheus", got "json"',
  ]);
});
