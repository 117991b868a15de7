/** One process from start to stop: starts the component, waits for a signal, stops it within the deadline. */
import type { Config } from "./config/config.ts";
import { type ModeDeps, startMode } from "./modes.ts";
import { type Clock, sleep } from "./platform/clock.ts";
import { messageOf, SpoutError } from "./platform/errors.ts";
import { deadlineIn, type Running, type StopReport } from "./platform/lifecycle.ts";
import { throttled } from "./platform/log.ts";
import { STOP_SIGNALS } from "./platform/signals.ts";
import { describeVersion } from "./platform/version.ts";

export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** A terminal's Ctrl-C reaches a program twice when a run script passes it on: the echo is not a second wish. */
const SIGNAL_ECHO_MS = 1000;
/** What a component may take beyond the deadline to notice it before it is abandoned. */
const STOP_GRACE_MS = 500;

export interface RunDeps extends ModeDeps {
  readonly signals: SignalSource;
  /** Ends the process at once. */
  readonly exitNow: (code: number) => void;
}

export interface SignalSource {
  /** Calls `listener` with the name of each signal that comes: one of {@link STOP_SIGNALS}, or one that means nothing to us. */
  onSignal(listener: (signal: string) => void): void;
}

/** Resolves with the process's exit status. */
export async function run(config: Config, deps: RunDeps): Promise<number> {
  const { log } = deps;
  log.info(`${describeVersion()}: starting ${config.mode} "${config.name}"`);
  const stopAsked = watchSignals(deps);

  const starting = startMode(config, deps);
  const started = await Promise.race([starting, stopAsked]).catch((error: unknown) => {
    if (!(error instanceof SpoutError)) throw error;
    log.error(`cannot start ${config.mode} "${config.name}": ${messageOf(error)}`);
    return EXIT_FAILED;
  });
  if (typeof started === "number") return started;
  if (typeof started === "string") {
    log.info(`${started}: stopped before the start was complete`);
    return EXIT_OK;
  }

  const reason = await Promise.race([stopAsked, started.failed]);
  if (reason instanceof Error) log.error(`${started.name} cannot go on: ${messageOf(reason)}`);
  else log.info(`${reason}: stopping ${started.name}`);
  const stoppedCleanly = await stop(started, config.stopTimeoutMs, deps);
  return reason instanceof Error || !stoppedCleanly ? EXIT_FAILED : EXIT_OK;
}

async function stop(running: Running, timeoutMs: number, deps: RunDeps): Promise<boolean> {
  const { clock, log } = deps;
  const beganMs = clock.monotonicMs();
  const abandoned = sleep(clock, timeoutMs + STOP_GRACE_MS).then(() => undefined);
  const report: StopReport | undefined = await Promise.race([
    running.stop(deadlineIn(clock, timeoutMs)),
    abandoned,
  ]);
  if (report === undefined) {
    log.error(
      `${running.name} did not stop within ${timeoutMs} ms (stop_timeout): what it held is lost`,
    );
    return false;
  }
  const tookMs = Math.round(clock.monotonicMs() - beganMs);
  const { lostLines, isUncounted = false } = report;
  if (lostLines > 0 || isUncounted) {
    const more = isUncounted ? ", and more that could not be counted" : "";
    log.error(`stopped ${running.name} after ${tookMs} ms: ${lostLines} lines lost${more}`);
    return false;
  }
  log.info(`stopped ${running.name} after ${tookMs} ms, nothing lost`);
  return true;
}

/**
 * Resolves with the name of the first signal to stop; a later one, its echo aside, ends the process at once. All others change
 * nothing, and are told.
 */
function watchSignals(deps: {
  signals: SignalSource;
  clock: Clock;
  log: RunDeps["log"];
  exitNow: RunDeps["exitNow"];
}) {
  const { clock, log, signals, exitNow } = deps;
  const logStray = createStrayLog(deps);
  let firstMs: number | undefined;
  return new Promise<string>((resolve) => {
    signals.onSignal((signal) => {
      if (!STOP_SIGNALS.includes(signal)) {
        logStray(signal);
      } else if (firstMs === undefined) {
        firstMs = clock.monotonicMs();
        resolve(signal);
      } else if (clock.monotonicMs() - firstMs >= SIGNAL_ECHO_MS) {
        log.error(`${signal} again: ended at once, what was held is lost`);
        exitNow(EXIT_FAILED);
      }
    });
  });
}

/** Each signal has a throttle of its own, so that none hides another. */
function createStrayLog({ clock, log }: Pick<RunDeps, "clock" | "log">): (signal: string) => void {
  const logs = new Map<string, (text: string) => void>();
  return (signal) => {
    const logIt = logs.get(signal) ?? throttled((text) => log.warn(text), clock);
    logs.set(signal, logIt);
    logIt(`${signal} changes nothing here: it goes on as before (SIGTERM stops it)`);
  };
}
