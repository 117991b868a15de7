/** From argv to exit code. The only caller of process.exit. */
import { type Command, parseCommand, USAGE } from "./cli.ts";
import { originalWarnings } from "./config/check-original.ts";
import { ConfigError, loadConfig, type LoadedConfig, loadNatsOptions } from "./config/load.ts";
import { printConfig } from "./config/print.ts";
import { systemClock } from "./platform/clock.ts";
import { isDoneInTime } from "./platform/deadline.ts";
import { stackOf } from "./platform/errors.ts";
import { harmless } from "./platform/harmless-text.ts";
import { deadlineIn } from "./platform/lifecycle.ts";
import { LogWriter } from "./platform/log-writer.ts";
import { createLog } from "./platform/log.ts";
import { adoptRuntimeMessages } from "./platform/runtime-messages.ts";
import { listenToSignals, STOP_SIGNALS, TERMINAL_CLOSED } from "./platform/signals.ts";
import { createSink } from "./platform/sink.ts";
import { describeVersion, PROGRAM } from "./platform/version.ts";
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, run } from "./run.ts";
import { standardStreams } from "./tap/streams.ts";
import type { TapRequest } from "./tap/tap-command.ts";
import { runTap } from "./tap/tap.ts";

/** In a compiled binary `import.meta.url` is this file's in every module, so the worker's is worked out here. */
const workerUrl = new URL("./filter/worker.ts", import.meta.url);

const STDERR = 2;
/** How long the end of the log may take to be written: longer only if nobody reads it. */
const LAST_LINES_MAX_MS = 1000;

process.exit(await main(parseCommand(process.argv.slice(2))));

async function main(command: Command): Promise<number> {
  switch (command.kind) {
    case "help":
      return print(command.usage ?? USAGE);
    case "init":
      return print(command.config);
    case "version":
      return print(`${describeVersion()}\n`);
    case "wrong": {
      const usage = command.usage ?? USAGE;
      await write(process.stderr, `${PROGRAM}: ${harmless(command.reason)}\n\n${usage}`);
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
  const error = await write(process.stdout, text);
  // A reader that has seen enough, such as `head`, is none.
  if (error === undefined || error.code === "EPIPE") return EXIT_OK;
  await write(process.stderr, `${PROGRAM}: cannot write to standard output: ${error.message}\n`);
  return EXIT_FAILED;
}

/**
 * Resolves once the text is out, or with why it cannot be. (`Bun.write` empties a regular file that the stream is
 * redirected to.)
 */
function write(
  stream: NodeJS.WriteStream,
  text: string,
): Promise<NodeJS.ErrnoException | undefined> {
  // Without a listener the stream's own event would end the process.
  stream.on("error", () => {});
  return new Promise((resolve) => stream.write(text, (error) => resolve(error ?? undefined)));
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

async function start({ config, warnings }: LoadedConfig): Promise<number> {
  const parts = config.mode === "standalone" ? config.components : [config];
  const { log, written, exitNow } = openLog(parts.some((part) => part.debug));
  for (const warning of warnings) log.warn(warning);
  const signals = { onSignal: listenToSignals };
  const status = await run(config, { clock: systemClock, log, workerUrl, signals, exitNow });
  await written();
  return status;
}

/** Standard error as a log, and as that of the runtime, whose last word it is if an error ends the process. */
function openLog(debug: boolean) {
  const clock = systemClock;
  const writer = new LogWriter(createSink(STDERR, clock), clock);
  const log = createLog({ debug, write: writer.write, clock });
  const written = () => isDoneInTime(writer.idle(), deadlineIn(clock, LAST_LINES_MAX_MS), clock);
  const exitNow = (code: number) => void written().then(() => process.exit(code));
  adoptRuntimeMessages(log, clock, (thrown) => {
    log.error(`ended by an error that nobody expected, what was held is lost: ${stackOf(thrown)}`);
    exitNow(EXIT_FAILED);
  });
  return { log, written, exitNow };
}

async function tap(request: TapRequest): Promise<number> {
  const nats = request.nats ?? (await unlessWrong(() => loadNatsOptions()));
  if (nats === undefined) {
    await write(process.stderr, `${PROGRAM}: tap: with --server URL no file is read\n`);
    return EXIT_USAGE;
  }
  openLog(false);
  const streams = standardStreams(process.env, systemClock);
  const stopAsked = new Promise<void>((resolve) => {
    listenToSignals((name) => {
      if (STOP_SIGNALS.includes(name) || name === TERMINAL_CLOSED) resolve();
    });
  });
  const endedWell = await runTap(request, { clock: systemClock, nats, streams, stopAsked });
  return endedWell ? EXIT_OK : EXIT_FAILED;
}
