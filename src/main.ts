/** From argv to exit code. The only caller of process.exit. */
import { type Command, parseCommand, USAGE } from "./cli.ts";
import { originalWarnings } from "./config/check-original.ts";
import { ConfigError, loadConfig, type LoadedConfig, loadNatsOptions } from "./config/load.ts";
import { printConfig } from "./config/print.ts";
import { systemClock } from "./platform/clock.ts";
import { createLog } from "./platform/log.ts";
import { listenToSignals, STOP_SIGNALS, TERMINAL_CLOSED } from "./platform/signals.ts";
import { describeVersion, PROGRAM } from "./platform/version.ts";
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, run } from "./run.ts";
import { standardStreams } from "./tap/streams.ts";
import type { TapRequest } from "./tap/tap-command.ts";
import { runTap } from "./tap/tap.ts";

/** In a compiled binary `import.meta.url` is this file's in every module, so the worker's is worked out here. */
const workerUrl = new URL("./filter/worker.ts", import.meta.url);

process.exit(await main(parseCommand(process.argv.slice(2))));

async function main(command: Command): Promise<number> {
  switch (command.kind) {
    case "help":
      return print(command.usage ?? USAGE);
    case "version":
      return print(`${describeVersion()}\n`);
    case "wrong": {
      const usage = command.usage ?? USAGE;
      await write(process.stderr, `${PROGRAM}: ${command.reason}\n\n${usage}`);
      return EXIT_USAGE;
    }
    case "check": {
      const loaded = await load(command.configPath);
      if (loaded === undefined) return EXIT_USAGE;
      const { as } = command;
      const ofVersion = as === undefined ? [] : originalWarnings(loaded, as);
      const warnings = [...loaded.warnings, ...ofVersion].map((warning) => `warning: ${warning}\n`);
      await write(process.stderr, warnings.join(""));
      return print(printConfig(loaded, as));
    }
    case "run": {
      const loaded = await load(command.configPath);
      return loaded === undefined ? EXIT_USAGE : start(loaded);
    }
    case "tap":
      return tap(command.request);
  }
}

async function print(text: string): Promise<number> {
  await write(process.stdout, text);
  return EXIT_OK;
}

/** Resolves once the text is out. (`Bun.write` empties a regular file that the stream is redirected to.) */
function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => stream.write(text, () => resolve()));
}

/** The configuration, or undefined after every problem was printed. */
function load(path: string): Promise<LoadedConfig | undefined> {
  return unlessWrong(() => loadConfig({ path, env: process.env }));
}

/** What `load` gives, or undefined after every problem was printed. */
async function unlessWrong<Loaded>(load: () => Loaded): Promise<Loaded | undefined> {
  try {
    return load();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    await write(process.stderr, error.problems.map((problem) => `${problem}\n`).join(""));
    return undefined;
  }
}

function start({ config, warnings }: LoadedConfig): Promise<number> {
  const parts = config.mode === "standalone" ? config.components : [config];
  const log = createLog({ debug: parts.some((part) => part.debug), clock: systemClock });
  for (const warning of warnings) log.warn(warning);
  return run(config, {
    clock: systemClock,
    log,
    workerUrl,
    signals: { onSignal: listenToSignals },
    exitNow: (code) => process.exit(code),
  });
}

async function tap(request: TapRequest): Promise<number> {
  const nats = request.nats ?? (await unlessWrong(() => loadNatsOptions()));
  if (nats === undefined) {
    await write(process.stderr, `${PROGRAM}: tap: with --server URL no file is read\n`);
    return EXIT_USAGE;
  }
  const streams = standardStreams(process.env, systemClock);
  const stopAsked = new Promise<void>((resolve) => {
    listenToSignals((name) => {
      if (STOP_SIGNALS.includes(name) || name === TERMINAL_CLOSED) resolve();
    });
  });
  const endedWell = await runTap(request, { clock: systemClock, nats, streams, stopAsked });
  return endedWell ? EXIT_OK : EXIT_FAILED;
}
