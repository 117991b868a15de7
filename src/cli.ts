/** The command line: what was asked, and the texts that answer it. Starts nothing. */
import { describeMode, initialConfig } from "./config/describe-mode.ts";
import { MODES, type Original, ORIGINALS } from "./config/option.ts";
import { PROGRAM } from "./platform/version.ts";
import { parseTap, type TapRequest } from "./tap/tap-command.ts";

export type Command =
  | { readonly kind: "run"; readonly configPath: string }
  | { readonly kind: "check"; readonly configPath: string; readonly as?: Original }
  | { readonly kind: "version" }
  | { readonly kind: "tap"; readonly request: TapRequest }
  /** With a `usage` of its own, that instead of {@link USAGE}. */
  | { readonly kind: "help"; readonly usage?: string }
  /** `config` is the text of a configuration file. */
  | { readonly kind: "init"; readonly config: string }
  | { readonly kind: "wrong"; readonly reason: string; readonly usage?: string };

export const USAGE = `Usage: ${PROGRAM} CONFIG
       ${PROGRAM} --check [--as 1.x|2.x] CONFIG
       ${PROGRAM} tap [OPTIONS] SUBJECT...
       ${PROGRAM} --init MODE | --help [MODE] | --version

Routes InfluxDB line protocol. The mode in the TOML file CONFIG says what runs: listener, listener_http,
filter, downsampler, writer, monitor, or standalone for several of them in one process.
/etc/influx-spout.toml is read first, if it exists; CONFIG overrides it.

  --check CONFIG   read and check the same files, print the configuration in effect as TOML, start nothing;
                   exit status 0, or 2 with every problem listed
  --as 1.x|2.x     with --check: print it in the spelling of that version of the original, and warn of what that
                   version does not know or takes differently
  tap SUBJECT...   print the lines that pass on NATS subjects; tap --help says more
  --init MODE      print a configuration of that mode, each option at its default, with what it means
  --help MODE      print the options of that mode
  --help           print this text
  --version        print version, git revision, build date and Bun version
`;

/** `args` without the program's own name. */
export function parseCommand(args: readonly string[]): Command {
  const [first, ...rest] = args;
  if (first === undefined) return wrong("the configuration file is missing");
  if (first === "tap") return parseTap(rest);
  if (first === "--check" || args.includes("--as")) return parseCheck(args);
  if (first === "--version") {
    return rest.length > 0 ? wrong(`${first} takes no argument`) : { kind: "version" };
  }
  if (first === "--help" || first === "-h" || first === "--init") return parseAboutMode(args);
  if (first.startsWith("-")) return wrong(`unknown option ${first}`);
  if (rest.length > 0) return wrong(`expected one configuration file, got ${args.length}`);
  return { kind: "run", configPath: first };
}

/** `--help`, perhaps with a mode, or `--init` with one. */
function parseAboutMode([option, name, ...more]: readonly string[]): Command {
  const isInit = option === "--init";
  if (name === undefined && !isInit) return { kind: "help" };
  const mode = MODES.find((known) => known === name);
  if (mode === undefined || more.length > 0) {
    const got = [name, ...more].flatMap((word) => (word === undefined ? [] : `"${word}"`));
    return wrong(`${option} takes one mode (${MODES.join(", ")}), got ${got.join(" ") || "none"}`);
  }
  return isInit
    ? { kind: "init", config: initialConfig(mode) }
    : { kind: "help", usage: describeMode(mode) };
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
