/**
 * Goal: what is printed in the spelling of either version of the original loads here to the same configuration, and
 * what 1.x can read of it, it reads. Method: texts with results by hand, the examples, and configurations by chance.
 */
import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";

import { originalWarnings } from "../../../src/config/check-original.ts";
import { loadConfig, type LoadedConfig } from "../../../src/config/load.ts";
import { COMPONENT_MODES, ORIGINALS } from "../../../src/config/option.ts";
import { printConfig } from "../../../src/config/print.ts";
import { seededRandom } from "../../support/random.ts";
import { load } from "./load-text.ts";
import { randomConfig } from "./random-config.ts";

/** Prints in each spelling, loads that, and expects the same configuration; what is printed of it is the same again. */
function keepsAll(first: LoadedConfig): void {
  for (const version of ORIGINALS) {
    const printed = printConfig(first, version);
    const second = load(printed, { fileName: "printed.toml" });
    expect({ printed, config: second.config }).toEqual({ printed, config: first.config });
    expect(printConfig(second, version)).toBe(printed);
  }
}

/** The lines of what is printed as 1.x that are no options of 2.x with the same name. */
function printed1x(text: string): readonly string[] {
  const as2x = new Set(printConfig(load(text)).split("\n"));
  return printConfig(load(text), "1.x")
    .split("\n")
    .filter((line) => !as2x.has(line));
}

describe("in 1.x's spelling, options have its names and units in the modes that had them", () => {
  test("in mode listener", () => {
    expect(printed1x('mode = "listener"\nbatch_max_age = "3s"')).toEqual([
      "batch = 10",
      "listener_batch_bytes = 1048576",
      "read_buffer_bytes = 4194304",
    ]);
  });

  test("in mode listener_http", () => {
    expect(printed1x('mode = "listener_http"\nbatch_max_size = 1234')).toEqual([
      "batch = 10",
      "listener_batch_bytes = 1234",
    ]);
  });

  test("in mode filter", () => {
    expect(printed1x('mode = "filter"\nmax_time_delta = "1h30m"')).toEqual([
      "nats_pending_max_mb = 200",
      "max_time_delta_secs = 5400",
    ]);
  });

  test("in mode writer", () => {
    expect(printed1x('mode = "writer"\nbatch_max_size = "1GB"')).toEqual([
      "nats_pending_max_mb = 200",
      "batch = 10",
      "batch_max_mb = 1024",
      "batch_max_secs = 300",
      "write_timeout_secs = 30",
    ]);
    expect(printed1x('mode = "writer"\nwrite_timeout = 0')).toContain("write_timeout_secs = 0");
  });

  test("in modes that came later there are none", () => {
    for (const mode of ["downsampler", "monitor"]) {
      expect(printed1x(`mode = "${mode}"\nnats_max_pending_size = "1MB"`)).toEqual([]);
    }
  });

  test("in each component by itself", () => {
    const text =
      'mode = "standalone"\n[[component]]\nmode = "listener"\n[[component]]\nmode = "writer"';
    expect(printed1x(text)).toEqual([
      "batch = 10",
      "listener_batch_bytes = 1048576",
      "read_buffer_bytes = 4194304",
      "nats_pending_max_mb = 200",
      "batch = 10",
      "batch_max_mb = 10",
      "batch_max_secs = 300",
      "write_timeout_secs = 30",
    ]);
  });
});

test("a value that 1.x's unit cannot say stays in 2.x's spelling", () => {
  const text = `mode = "writer"\nbatch_max_age = "1500ms"\nbatch_max_size = 1048577\n`;
  const printed = printConfig(load(text), "1.x");
  expect(printed).toContain('batch_max_age = "1.5s"\n');
  expect(printed).toContain('batch_max_size = "1048577B"\n');
  expect(printed).not.toContain("batch_max_secs");
  expect(printed).not.toContain("batch_max_mb");
});

test("2.x's spelling is the one that is printed without being asked", () => {
  const loaded = load('mode = "writer"\nbatch = 3\nbatch_max_mb = 5');
  expect(printConfig(loaded, "2.x")).toBe(printConfig(loaded));
  expect(printConfig(loaded, "2.x")).toContain('batch_max_count = 3\nbatch_max_size = "5MB"\n');
});

test("secrets are masked in either spelling", () => {
  for (const version of ORIGINALS) {
    const loaded = load('mode = "writer"\nnats_address = "nats://me:hush@a:1"', {
      env: { INFLUXDB_USER: "me", INFLUXDB_PASS: "hush" },
    });
    const texts = [printConfig(loaded, version), ...originalWarnings(loaded, version)];
    expect(texts.join("")).not.toContain("hush");
    expect(texts.join("")).toContain('nats_address = "nats://me:***@a:1"\n');
  }
});

const EXAMPLES = join(import.meta.dir, "../../../configs");

for (const file of readdirSync(EXAMPLES).filter((name) => name.endsWith(".toml"))) {
  if (file === "common.toml") continue;
  test(`the example ${file} stays the same in either spelling`, () => {
    keepsAll(loadConfig({ path: join(EXAMPLES, file), commonPath: "/nowhere", env: {} }));
    const commonPath = join(EXAMPLES, "common.toml");
    keepsAll(loadConfig({ path: join(EXAMPLES, file), commonPath, env: {} }));
  });
}

const random = seededRandom("print-as");

for (const mode of [...COMPONENT_MODES, "standalone"] as const) {
  test(`any configuration of mode ${mode} stays the same in either spelling`, () => {
    for (let round = 0; round < 40; round++) keepsAll(load(randomConfig(random, mode)));
  });
}

/** What 1.x calls what 2.x renamed, in the modes that had it. */
const RENAMED: Readonly<Record<string, readonly string[]>> = {
  listener: ["batch_max_count", "batch_max_size", "read_buffer_size"],
  listener_http: ["batch_max_count", "batch_max_size"],
  filter: ["nats_max_pending_size", "max_time_delta"],
  writer: [
    "nats_max_pending_size",
    "batch_max_count",
    "batch_max_size",
    "batch_max_age",
    "write_timeout",
  ],
};

test("in any configuration, what is left in 2.x's spelling is told", () => {
  for (const [mode, names] of Object.entries(RENAMED)) {
    for (let round = 0; round < 40; round++) {
      const loaded = load(randomConfig(random, mode as "writer"));
      const printed = printConfig(loaded, "1.x");
      const left = names.filter((name) => printed.includes(`\n${name} = `));
      const told = originalWarnings(loaded, "1.x").filter((text) => text.includes("of 1.x, which"));
      expect(told.map((text) => text.split(":")[0] ?? "")).toEqual(left);
    }
  }
});
