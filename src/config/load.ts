/**
 * Loads the configuration: the common file, the file named on the command line over it, defaults under both; checked
 * as a whole before anything is opened or connected to.
 */
import { readFileSync } from "node:fs";

import { parse, TomlError } from "smol-toml";

import type { NatsOptions } from "../bus/nats-options.ts";
import { messageOf } from "../platform/errors.ts";
import { buildComponent, type LoadedComponent } from "./build.ts";
import { natsOptions } from "./check-nats.ts";
import type { Config } from "./config.ts";
import { findMode } from "./find-mode.ts";
import { type Layer, readLayer } from "./layer.ts";
import { MODES } from "./option.ts";
import { ConfigError, Problems } from "./problems.ts";
import { type Settings, settle } from "./settings.ts";
import { buildStandalone } from "./standalone.ts";

export { ConfigError };

export const COMMON_CONFIG_PATH = "/etc/influx-spout.toml";

export interface LoadRequest {
  /** The file named on the command line. */
  readonly path: string;
  /** Read first if it exists; COMMON_CONFIG_PATH if not given. */
  readonly commonPath?: string;
  /** Holds INFLUXDB_USER and INFLUXDB_PASS, or not. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface LoadedConfig {
  readonly config: Config;
  /** What the configuration was made of, for print.ts. */
  readonly settings: Settings;
  /** The same of each component in mode "standalone"; empty in others. */
  readonly components: readonly LoadedComponent[];
  /** What is odd but no error, one line each. */
  readonly warnings: readonly string[];
}

/** Throws a {@link ConfigError} with every problem that there is. */
export function loadConfig(request: LoadRequest): LoadedConfig {
  const problems = new Problems();
  const commonPath = request.commonPath ?? COMMON_CONFIG_PATH;
  const common = readFile(commonPath, { optional: true }, problems);
  const specific = readFile(request.path, { optional: false }, problems);
  if (common === undefined || specific === undefined) throw problems.toError();

  const layers = [specific, common] as const;
  const mode = findMode(layers, MODES, problems);
  if (mode === undefined) {
    // What all modes share can be judged without one.
    settle(layers, "standalone", problems);
    throw problems.toError();
  }
  const settings = settle(layers, mode, problems);
  const derivedName = deriveName(request.path) || mode;
  const { env } = request;
  const { config, components } =
    mode === "standalone"
      ? buildStandalone({ layers, settings, derivedName, env, problems })
      : { config: buildComponent({ mode, settings, derivedName, env, problems }), components: [] };
  if (problems.exist) throw problems.toError();
  return { config, settings, components, warnings: problems.warnings };
}

/**
 * How to reach NATS as the common file says, for what needs no more of it. Throws a {@link ConfigError} with every
 * problem that all components would have with that file.
 */
export function loadNatsOptions(commonPath: string = COMMON_CONFIG_PATH): NatsOptions {
  const problems = new Problems();
  const common = readFile(commonPath, { optional: true }, problems);
  if (common === undefined) throw problems.toError();
  // Any mode of one component will do: in these options they do not differ.
  const options = natsOptions(
    settle([common], "monitor", problems),
    { allowInproc: false },
    problems,
  );
  if (problems.exist) throw problems.toError();
  return options;
}

/** The last part of the path without its extension: `/a/some.thing.toml` -> `some.thing`. Can be empty. */
export function deriveName(path: string): string {
  const file = path.slice(path.lastIndexOf("/") + 1);
  const dot = file.lastIndexOf(".");
  return dot < 0 ? file : file.slice(0, dot);
}

/** Undefined after telling `problems`; without entries if the file is optional and does not exist. */
function readFile(
  path: string,
  options: { readonly optional: boolean },
  problems: Problems,
): Layer | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
    const section = { file: path, component: "" };
    return readLayer(section, parse(text, { integersAsBigInt: true }), problems);
  } catch (error) {
    if (options.optional && isMissing(error)) {
      return { file: path, component: "", entries: new Map(), refused: new Set() };
    }
    if (error instanceof TomlError) {
      problems.addFile(`${path}:${error.line}:${error.column}`, syntaxProblem(error));
    } else {
      problems.addFile(path, `cannot read the file: ${messageOf(error)}`);
    }
    return undefined;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** The parser's message has a heading, and below it the text around the place, which may hold a secret. */
function syntaxProblem(error: TomlError): string {
  const [heading = ""] = error.message.split("\n");
  const reason = heading.replace(/^Invalid TOML document: /, "");
  return reason === "invalid value" ? "expected a value (text needs quotes)" : reason;
}
