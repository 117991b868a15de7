/** The command line: what was asked, and the texts that answer it. Starts nothing. */
import { type Original, ORIGINALS } from "./config/option.ts";
import { PROGRAM } from "./platform/version.ts";
import { parseTap, type TapRequest } from "./tap/tap-command.ts";

export type Command =
  | { readonly kind: "run"; readonly configPath: string }
  | { readonly kind: "check"; readonly configPath: string; readonly as?: Original }
  | { readonly kind: "version" }
  | { readonly kind: "tap"; readonly request: TapRequest }
  /** With a `usage` of its own, that instead of {@link USAGE}. */
  | { readonly kind: "help"; readonly usage?: string }
  | { readonly kind: "wrong"; readonly reason: string; readonly usage?: string };

export const USAGE = `Usage: ${PROGRAM} CONFIG
       ${PROGRAM} --check [--as 1.x|2.x] CONFIG
       ${PROGRAM} tap [OPTIONS] SUBJECT...
       ${PROGRAM} --version | --help

Routes InfluxDB line protocol. The mode in the TOML file CONFIG says what runs: listener, listener_http,
filter, writer, monitor, or standalone for several of them in one process. /etc/influx-spout.toml is read
first, if it exists; CONFIG overrides it.

  --check CONFIG   read and check the same files, print the configuration in effect as TOML, start nothing;
                   exit status 0, or 2 with every problem listed
  --as 1.x|2.x     with --check: print it in the spelling of that version of the original, and warn of what that
                   version does not know or takes differently
  tap SUBJECT...   print the lines that pass on NATS subjects; tap --help says more
  --version        print version, git revision, build date and Bun version
  --help           print this text
`;

/** `args` without the program's own name. */
export function parseCommand(args: readonly string[]): Command {
  const [first, ...rest] = args;
  if (first === undefined) return wrong("the configuration file is missing");
  if (first === "tap") return parseTap(rest);
  if (first === "--check" || args.includes("--as")) return parseCheck(args);
  if (first === "--version" || first === "--help" || first === "-h") {
    if (rest.length > 0) return wrong(`${first} takes no argument`);
    return { kind: first === "--version" ? "version" : "help" };
  }
  if (first.startsWith("-")) return wrong(`unknown option ${first}`);
  if (rest.length > 0) return wrong(`expected one configuration file, got ${args.length}`);
  return { kind: "run", configPath: first };
}

/** `--check`, a file, and perhaps `--as` with a version, before or behind. */
function parseCheck(args: readonly string[]): Command {
  const at = args.indexOf("--as");
  const version = at < 0 ? undefined : args[at + 1];
  const as = ORIGINALS.find((known) => known === version);
  if (at >= 0 && as === undefined) {
    const got = version === undefined ? "none" : `"${version}"`;
    return wrong(`--as needs a version, ${ORIGINALS.join(" or ")}, got ${got}`);
  }
  const others = at < 0 ? args : args.toSpliced(at, 2);
  if (others.includes("--as")) return wrong("expected one --as, got two");
  const [check, configPath, ...more] = others;
  if (check !== "--check") return wrong(`--as ${as} is for --check`);
  if (configPath === undefined) return wrong("--check needs a configuration file");
  if (configPath.startsWith("-")) return wrong(`unknown option ${configPath}`);
  if (more.length > 0) return wrong(`expected one configuration file, got ${more.length + 1}`);
  return { kind: "check", configPath, ...(as === undefined ? {} : { as }) };
}

function wrong(reason: string): Command {
  return { kind: "wrong", reason };
}
