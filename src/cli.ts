/** The command line: what was asked, and the texts that answer it. Starts nothing. */
import { PROGRAM } from "./platform/version.ts";
import { parseTap, type TapRequest } from "./tap/tap-command.ts";

export type Command =
  | { readonly kind: "run"; readonly configPath: string }
  | { readonly kind: "check"; readonly configPath: string }
  | { readonly kind: "version" }
  | { readonly kind: "tap"; readonly request: TapRequest }
  /** With a `usage` of its own, that instead of {@link USAGE}. */
  | { readonly kind: "help"; readonly usage?: string }
  | { readonly kind: "wrong"; readonly reason: string; readonly usage?: string };

export const USAGE = `Usage: ${PROGRAM} CONFIG
       ${PROGRAM} --check CONFIG
       ${PROGRAM} tap [OPTIONS] SUBJECT...
       ${PROGRAM} --version | --help

Routes InfluxDB line protocol. The mode in the TOML file CONFIG says what runs: listener, listener_http,
filter, writer, monitor, or standalone for several of them in one process. /etc/influx-spout.toml is read
first, if it exists; CONFIG overrides it.

  --check CONFIG   read and check the same files, print the configuration in effect as TOML, start nothing;
                   exit status 0, or 2 with every problem listed
  tap SUBJECT...   print the lines that pass on NATS subjects; tap --help says more
  --version        print version, git revision, build date and Bun version
  --help           print this text
`;

/** `args` without the program's own name. */
export function parseCommand(args: readonly string[]): Command {
  const [first, ...rest] = args;
  if (first === undefined) return wrong("the configuration file is missing");
  if (first === "--check") return parseCheck(rest);
  if (first === "tap") return parseTap(rest);
  if (first === "--version" || first === "--help" || first === "-h") {
    if (rest.length > 0) return wrong(`${first} takes no argument`);
    return { kind: first === "--version" ? "version" : "help" };
  }
  if (first.startsWith("-")) return wrong(`unknown option ${first}`);
  if (rest.length > 0) return wrong(`expected one configuration file, got ${args.length}`);
  return { kind: "run", configPath: first };
}

function parseCheck(rest: readonly string[]): Command {
  const [configPath, ...more] = rest;
  if (configPath === undefined) return wrong("--check needs a configuration file");
  if (configPath.startsWith("-")) return wrong(`unknown option ${configPath}`);
  if (more.length > 0) return wrong(`expected one configuration file, got ${rest.length}`);
  return { kind: "check", configPath };
}

function wrong(reason: string): Command {
  return { kind: "wrong", reason };
}
