/** The compiled program, built once a test run and started as its user would start it. */
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { atEnd } from "./at-end.ts";
import { eventually } from "./eventually.ts";

const ROOT = join(import.meta.dir, "../..");

let built: Promise<string> | undefined;

/** Path of the binary, built from the sources as they are now; or the one that SPOUT_BINARY names. */
export function buildBinary(): Promise<string> {
  const { SPOUT_BINARY: given } = process.env;
  built ??= given === undefined ? build() : Promise.resolve(given);
  return built;
}

async function build(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "spout-build-"));
  atEnd(() => rmSync(folder, { recursive: true }));
  const outfile = join(folder, "influx-spout");
  const child = Bun.spawn([process.execPath, "build.ts", "--outfile", outfile], {
    cwd: ROOT,
    stdout: "ignore",
    stderr: "pipe",
  });
  const errors = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`cannot build the binary:\n${errors}`);
  return outfile;
}

export interface Finished {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the binary to its end. */
export async function runBinary(args: readonly string[], cwd?: string): Promise<Finished> {
  const child = Bun.spawn([await buildBinary(), ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: environment(),
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { exitCode: await child.exited, stdout, stderr };
}

export interface Spout extends AsyncDisposable {
  readonly pid: number;
  /** Its working directory, removed at the end. */
  readonly folder: string;
  /** What it has logged so far. */
  log(): string;
  /** Resolves once the log holds `text`. */
  logged(text: string | RegExp): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, then the exit status. */
  stop(): Promise<number>;
  readonly exited: Promise<number>;
}

/** Starts one component with the configuration `toml`, named `name`. The caller waits for what it needs in the log. */
export async function startSpout(
  name: string,
  toml: string,
  env: Record<string, string> = {},
): Promise<Spout> {
  const folder = await mkdtemp(join(tmpdir(), "spout-run-"));
  const configPath = join(folder, `${name}.toml`);
  await Bun.write(configPath, toml);
  const child = Bun.spawn([await buildBinary(), configPath], {
    cwd: folder,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    env: { ...environment(), ...env },
  });
  let log = "";
  const collected = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stderr) log += decoder.decode(chunk, { stream: true });
  })();
  const exited = child.exited.then(async (code) => {
    await collected;
    return code;
  });
  return {
    pid: child.pid,
    folder,
    log: () => log,
    async logged(text) {
      await eventually(`${name} logs ${String(text)}`, () => {
        if (typeof text === "string" ? log.includes(text) : text.test(log)) return true;
        if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
        return false;
      }).catch((error: unknown) => {
        throw new Error(`${String(error)}; it logged:\n${log}`);
      });
    },
    signal: (signal) => child.kill(signal),
    stop() {
      child.kill("SIGTERM");
      return exited;
    },
    exited,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The tests' own environment, less what would configure the program. */
function environment(): Record<string, string | undefined> {
  const { INFLUXDB_USER: _user, INFLUXDB_PASS: _pass, ...rest } = process.env;
  return rest;
}
