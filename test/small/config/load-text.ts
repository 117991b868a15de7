/** Loads configurations that a test gives as text, through real files in a temporary folder. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { ComponentConfig } from "../../../src/config/config.ts";
import { ConfigError, loadConfig, type LoadedConfig } from "../../../src/config/load.ts";

export interface TextOptions {
  /** The common file's text; without it, that file does not exist. */
  readonly common?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Further files, by name; `FOLDER` in the texts stands for where they are. */
  readonly files?: Readonly<Record<string, string>>;
  readonly fileName?: string;
}

/** The text is the file spout.toml, the common file is common.toml. Throws what loadConfig throws. */
export function load(text: string, options: TextOptions = {}): LoadedConfig {
  const folder = mkdtempSync(join(tmpdir(), "spout-config-"));
  const write = (name: string, content: string) =>
    writeFileSync(join(folder, name), content.replaceAll("FOLDER", folder));
  const fileName = options.fileName ?? "spout.toml";
  try {
    for (const [name, content] of Object.entries(options.files ?? {})) write(name, content);
    write(fileName, text);
    if (options.common !== undefined) write("common.toml", options.common);
    const loaded = loadConfig({
      path: join(folder, fileName),
      commonPath: join(folder, "common.toml"),
      env: options.env ?? {},
    });
    return { ...loaded, warnings: loaded.warnings.map((line) => withoutFolder(line, folder)) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.problems.map((line) => withoutFolder(line, folder)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The configuration that the text of a single component gives. */
export function loadComponent(text: string, options: TextOptions = {}): ComponentConfig {
  const { config } = load(text, options);
  if (config.mode === "standalone") throw new Error("several components where one is expected");
  return config;
}

/** What is wrong with the text, file names without their folder; empty if it loads. */
export function problemsOf(text: string, options: TextOptions = {}): readonly string[] {
  try {
    load(text, options);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
}

function withoutFolder(line: string, folder: string): string {
  return line.replaceAll(`${folder}/`, "").replaceAll(folder, "FOLDER");
}
