/**
 * The log: one line an event on stderr, `YYYY/MM/DD HH:MM:SS LEVEL text` in local time.
 *
 * INFO: started, stopped, connected. WARN: odd, nothing lost. ERROR: data lost or a human needed.
 * Whatever can repeat per packet goes through {@link throttled}.
 */
import type { Clock } from "./clock.ts";

export interface Log {
  debug(text: string): void;
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

type Level = "DEBUG" | "INFO" | "WARN" | "ERROR";

export interface LogOptions {
  readonly debug: boolean;
  readonly write?: (line: string) => void;
  readonly clock: Clock;
}

export function createLog(options: LogOptions): Log {
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const at = (level: Level) => (text: string) => {
    write(`${formatTime(new Date(options.clock.nowMs()))} ${level} ${oneLine(text)}\n`);
  };
  return {
    debug: options.debug ? at("DEBUG") : () => {},
    info: at("INFO"),
    warn: at("WARN"),
    error: at("ERROR"),
  };
}

/** The log of one of several components: its lines begin with `name`, and what is for debugging comes only if wanted. */
export function componentLog(log: Log, name: string, debug: boolean): Log {
  const from = (write: (text: string) => void) => (text: string) => write(`${name}: ${text}`);
  return {
    debug: debug ? from(log.debug) : () => {},
    info: from(log.info),
    warn: from(log.warn),
    error: from(log.error),
  };
}

/** How often one throttled message may appear. */
const THROTTLE_INTERVAL_MS = 10_000;

/**
 * Returns a function that writes its text at most once in ten seconds; the next line that passes says how many
 * like it were held back. One throttle a kind of message: the text of those held back is not kept.
 */
export function throttled(
  write: (text: string) => void,
  clock: Clock,
  intervalMs: number = THROTTLE_INTERVAL_MS,
): (text: string) => void {
  let quietUntilMs = -Infinity;
  let heldBack = 0;
  return (text) => {
    const nowMs = clock.monotonicMs();
    if (nowMs < quietUntilMs) {
      heldBack++;
      return;
    }
    write(heldBack === 0 ? text : `${text} (and ${heldBack} more like this since the last time)`);
    heldBack = 0;
    quietUntilMs = nowMs + intervalMs;
  };
}

/** Foreign text (server answers, line data) may hold line ends and terminal escapes: show them as escapes. */
function oneLine(text: string): string {
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f]/g, (char) =>
    char === "\n" ? "\\n" : `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

function formatTime(time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const date = `${time.getFullYear()}/${two(time.getMonth() + 1)}/${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
