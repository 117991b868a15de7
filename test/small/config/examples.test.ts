/**
 * Goal: the files in configs/ load without a warning, say the truth about defaults, and are one pipeline together.
 * Method: in them, a line that starts with `#` and holds an option shows its default.
 */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { subjectMatches } from "../../../src/bus/subject.ts";
import type { Mode } from "../../../src/config/config.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { defaultOf, OPTION_LIST } from "../../../src/config/options.ts";

const FOLDER = join(import.meta.dir, "../../../configs");
const EXAMPLES = readdirSync(FOLDER).filter(
  (file) => file.endsWith(".toml") && file !== "common.toml",
);

const loadExample = (file: string, commonPath = "/nowhere") =>
  loadConfig({ path: join(FOLDER, file), commonPath, env: {} });

/** name -> value of each line that shows a default, or (with "") of each that sets an option. */
const linesOf = (file: string, mark: "#" | "") => {
  const text = readFileSync(join(FOLDER, file), "utf8");
  const [options = ""] = text.split("[[rule]]");
  const lines = options.matchAll(new RegExp(`^${mark}([a-z_]+) = (.+)$`, "gm"));
  return [...lines].map(([, name = "", value = ""]) => ({ name, value }));
};

test("there is one for each mode, and the container's two", () => {
  expect(new Set(EXAMPLES.map((file) => loadExample(file).config.mode))).toEqual(
    new Set<Mode>([
      "listener",
      "listener_http",
      "filter",
      "downsampler",
      "writer",
      "monitor",
      "standalone",
    ]),
  );
  expect(loadExample("udp-listener.toml").config).toMatchObject({ mode: "listener", port: 10_001 });
  expect(loadExample("http-listener.toml").config).toMatchObject({
    mode: "listener_http",
    port: 11_001,
  });
});

describe("each of them", () => {
  for (const file of EXAMPLES) {
    test(`${file} loads without a warning, also with common.toml`, () => {
      const alone = loadExample(file);
      expect(alone.warnings).toEqual([]);
      const withCommon = loadExample(file, join(FOLDER, "common.toml"));
      expect(withCommon.warnings).toEqual([]);
      expect(withCommon.config).toEqual(alone.config);
    });

    // The standalone one is to be read in a minute: each mode's own tells the defaults.
    if (loadExample(file).config.mode === "standalone") continue;
    test(`${file} and common.toml tell the defaults of the options of the mode, as they are`, () => {
      const { mode } = loadExample(file).config;
      for (const { name, value } of [...linesOf(file, "#"), ...linesOf("common.toml", "#")]) {
        const option = OPTION_LIST.find((candidate) => candidate.name === name);
        if (option === undefined) throw new Error(`${file}: ${name} is no option`);
        expect([name, option.modes.includes(mode)]).toEqual([name, true]);
        expect([name, value]).toEqual([name, JSON.stringify(defaultOf(option, mode))]);
      }
    });
  }
});

test("together with common.toml, the main ones show every option there is", () => {
  const main = [
    "udp-listener.toml",
    "http-listener.toml",
    "filter.toml",
    "downsampler.toml",
    "writer.toml",
    "monitor.toml",
  ];
  for (const file of main) {
    const { mode } = loadExample(file).config;
    const lines = [file, "common.toml"].flatMap((name) => [
      ...linesOf(name, "#"),
      ...linesOf(name, ""),
    ]);
    const shown = new Set(lines.map(({ name }) => name));
    const missing = OPTION_LIST.filter(
      (option) => option.modes.includes(mode) && option.type !== "rules" && !shown.has(option.name),
    );
    expect(missing.map(({ name }) => name)).toEqual([]);
  }
});

test("the filter's example has a rule of each kind", () => {
  const { config } = loadExample("filter.toml");
  const types = "rules" in config ? config.rules.map(({ type }) => type) : [];
  expect(new Set<string>(types)).toEqual(new Set(["basic", "regex", "negregex", "tags"]));
});

test("they are one pipeline: what one publishes, another reads", () => {
  const downsampler = loadExample("downsampler.toml").config;
  if (downsampler.mode !== "downsampler") throw new Error("downsampler.toml is of another mode");
  const configs = EXAMPLES.flatMap((file) => {
    const { config } = loadExample(file);
    // A monitor reads what others read as well, and so does a downsampler, whose averages are looked at below.
    const { mode } = config;
    return mode === "standalone" || mode === "monitor" || mode === "downsampler" ? [] : [config];
  });
  const { subjects, suffix } = downsampler;
  const archives = subjects.map((subject) => `${subject}${suffix}`);
  const publishedBy = configs.flatMap((config) => {
    if (config.mode === "writer") return [config.monitorSubject];
    if (config.mode !== "filter") return [config.subject, config.monitorSubject];
    return [config.junkyardSubject, config.monitorSubject, ...config.rules.map((r) => r.subject)];
  });
  const read = configs.flatMap((config) => {
    if (config.mode === "writer") return config.subjects;
    return config.mode === "filter" ? [config.subject] : [];
  });
  const published = [...publishedBy, ...archives];
  expect(subjects.filter((subject) => !publishedBy.includes(subject))).toEqual([]);
  for (const subject of published) {
    expect([subject, read.filter((pattern) => subjectMatches(pattern, subject)).length]).toEqual([
      subject,
      1,
    ]);
  }
  for (const pattern of read) {
    expect([pattern, published.some((subject) => subjectMatches(pattern, subject))]).toEqual([
      pattern,
      true,
    ]);
  }
});
