/** What standard output and standard error are: where bytes go, and whether somebody looks at them. */
import { fstatSync, write } from "node:fs";
import { isatty } from "node:tty";

import { type Clock, sleep } from "../platform/clock.ts";

export interface Sink {
  /** Resolves once all of `bytes` is written; until then they must not change. Rejects with what the system says. */
  write(bytes: Uint8Array): Promise<void>;
}

export interface Streams {
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Standard output is a terminal. */
  readonly isWatched: boolean;
  /** The terminal shows colours, and nobody asked for none. */
  readonly hasColours: boolean;
  /** How wide standard error is, a terminal on which a line can be rewritten in place; undefined: it is none. */
  readonly statusColumns: (() => number) | undefined;
  /** Both are the same terminal, so that only one of them may be written to. */
  readonly isOneTerminal: boolean;
}

const STDOUT = 1;
const STDERR = 2;
const COLUMNS_DEFAULT = 80;
/** Somebody else who has the stream open may have made it non-blocking: then this long until the next try. */
const RETRY_MS = 20;

export function standardStreams(
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
): Streams {
  const isDumb = env["TERM"] === "dumb";
  const isWatched = isatty(STDOUT);
  const hasStatus = isatty(STDERR) && !isDumb;
  return {
    stdout: createSink(STDOUT, clock),
    stderr: createSink(STDERR, clock),
    isWatched,
    hasColours: isWatched && !isDumb && !env["NO_COLOR"],
    statusColumns: hasStatus ? () => process.stderr.columns || COLUMNS_DEFAULT : undefined,
    isOneTerminal: isWatched && hasStatus && fstatSync(STDOUT).rdev === fstatSync(STDERR).rdev,
  };
}

/**
 * Writes from a thread of the runtime's: `process.stdout` would wait for a terminal that is stopped (Ctrl-S) or slow
 * on this one, and NATS cuts off whoever reads nothing for some seconds.
 */
export function createSink(fd: number, clock: Clock): Sink {
  return {
    async write(bytes) {
      for (let at = 0; at < bytes.length;) {
        const written = await writeSome(fd, bytes, at);
        if (written === 0) await sleep(clock, RETRY_MS);
        at += written;
      }
    },
  };
}

function writeSome(fd: number, bytes: Uint8Array, start: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  write(fd, bytes, start, bytes.length - start, null, (error, written) => {
    if (error === null) resolve(written);
    else if (error.code === "EAGAIN") resolve(0);
    else reject(error);
  });
  return promise;
}
