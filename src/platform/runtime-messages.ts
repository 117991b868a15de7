/**
 * What the runtime and packages say by themselves, on standard error and as it comes: here it goes through the log, where
 * it is one line, harmless and bounded. Once per thread, for they belong to it.
 */
import { format } from "node:util";

import type { Clock } from "./clock.ts";
import { type Log, throttledByReason } from "./log.ts";

/** `onFatal` is called with an error that nobody caught, once: it is the program's fault, and the thread must end. */
export function adoptRuntimeMessages(
  log: Log,
  clock: Clock,
  onFatal: (thrown: unknown) => void,
): void {
  const tell = throttledByReason((text) => log.warn(text), clock);
  // The runtime's own listener prints.
  process.removeAllListeners("warning");
  process.on("warning", (warning) => {
    const text = `the runtime warns: ${warning.name}: ${warning.message}`;
    tell(text, text);
  });
  for (const method of ["debug", "error", "info", "log", "trace", "warn"] as const) {
    console[method] = (...printed: unknown[]) => {
      const text = `printed: ${format(...printed)}`;
      tell(text, text);
    };
  }
  let isDying = false;
  const die = (thrown: unknown) => {
    if (isDying) return;
    isDying = true;
    onFatal(thrown);
  };
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
}
