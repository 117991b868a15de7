/**
 * The log: one line an event, `YYYY/MM/DD HH:MM:SS LEVEL text` in local time.
 *
 * INFO: started, stopped, connected. WARN: odd, nothing lost. ERROR: data lost or a human needed.
 * Whatever can repeat per packet goes through {@link throttled}.
 */
import type { Clock } from "./clock.ts";
import { harmless } from "./harmless-text.ts";

export interface Log {
  debug(text: string): void;
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

type Level = "DEBUG" | "INFO" | "WARN" | "ERROR";

export interface LogOptions {
  readonly debug: boolean;
  /** Takes one line, newline-ended. */
  readonly write: (line: string) => void;
  readonly clock: Clock;
}

export function createLog(options: LogOptions): Log {
  const { write, clock } = options;
  const at = (level: Level) => (text: string) => write(logLine(level, text, clock));
  return {
    debug: options.debug ? at("DEBUG") : () => {},
    info: at("INFO"),
    warn: at("WARN"),
    error: at("ERROR"),
  };
}

/** Newline-ended, and harmless for whoever looks at it. */
export function logLine(level: Level, text: string, clock: Clock): string {
  return `${formatTime(new Date(clock.nowMs()))} ${level} ${harmless(clip(text))}\n`;
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

/** So many reasons are told by themselves. */
const REASONS_MAX = 64;
const REASON_MAX_CHARS = 500;
const DETAILS = /'[^']*'?|"[^"]*"?|[0-9]+/g;

/**
 * The same where the text depends on a reason that others give: each has a throttle of its own, so that a new one is not
 * hidden behind an old one. Reasons that differ in numbers, or in what they quote, are one. Those beyond a number of them
 * share a throttle.
 */
export function throttledByReason(
  write: (text: string) => void,
  clock: Clock,
): (reason: string, text: string) => void {
  const throttles = new Map<string, (text: string) => void>();
  const others = throttled(write, clock);
  return (reason, text) => {
    const kind = reason.slice(0, REASON_MAX_CHARS).replaceAll(DETAILS, "");
    let tell = throttles.get(kind);
    if (tell === undefined && throttles.size < REASONS_MAX) {
      tell = throttled(write, clock);
      throttles.set(kind, tell);
    }
    (tell ?? others)(text);
  };
}

/** What others say may be of any length. */
const TEXT_MAX_CHARS = 16 * 1024;

function clip(text: string): string {
  const more = text.length - TEXT_MAX_CHARS;
  return more > 0 ? `${text.slice(0, TEXT_MAX_CHARS)}... (${more} characters more)` : text;
}

/** `YYYY/MM/DD HH:MM:SS` in local time. */
export function formatTime(time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const date = `${time.getFullYear()}/${two(time.getMonth() + 1)}/${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
