/** What standard output and standard error are: where bytes go, and whether somebody looks at them. */
import { fstatSync } from "node:fs";
import { isatty } from "node:tty";

import type { Clock } from "../platform/clock.ts";
import { createSink, type Sink } from "../platform/sink.ts";

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
