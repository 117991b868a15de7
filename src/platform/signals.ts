/**
 * The signals that a process may get: those that ask it to stop, and those that come by accident, a closed terminal's or a log
 * rotation's, and would end it at once with all that it holds.
 *
 * Not among them are those of faults (SIGSEGV, SIGABRT and the like: a core is wanted), of job control, those that do nothing
 * without a handler, SIGPIPE and SIGXFSZ, which the runtime ignores for us, and SIGPWR, which it uses itself.
 */
import { openLibc } from "./libc.ts";

export const STOP_SIGNALS: readonly string[] = ["SIGTERM", "SIGINT", "SIGQUIT"];

/** A terminal sends it when it is closed. */
export const TERMINAL_CLOSED = "SIGHUP";

const STRAY_SIGNALS = [
  TERMINAL_CLOSED,
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGVTALRM",
  "SIGPROF",
  "SIGIO",
  "SIGXCPU",
];

/** Linux has more of them, for which the runtime takes no handler: SIGSTKFLT and those for applications. */
const NUMBERS_WITHOUT_HANDLER = [16, ...Array.from({ length: 31 }, (_, index) => 34 + index)];
const SIG_IGN = 1n;

/**
 * From now on `listener` is called with the name of each signal that comes, and none of them ends the process by itself. Those
 * that nobody can listen to are ignored.
 */
export function listenToSignals(listener: (name: string) => void): void {
  for (const name of [...STOP_SIGNALS, ...STRAY_SIGNALS]) process.on(name, () => listener(name));
  ignoreWithoutHandler();
}

function ignoreWithoutHandler(): void {
  if (process.platform !== "linux") return;
  let signal;
  try {
    ({ signal } = openLibc());
  } catch {
    return; // A system with another C library: these few, which nobody sends by accident, end us there.
  }
  for (const number of NUMBERS_WITHOUT_HANDLER) signal(number, SIG_IGN);
}
