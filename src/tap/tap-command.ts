/** The command line of tap: what is to be shown, checked. Starts nothing. */
import { parseArgs } from "node:util";

import { parseNatsAddress } from "../bus/nats-address.ts";
import { type NatsOptions, PLAIN_NATS } from "../bus/nats-options.ts";
import { patternsOverlap, subjectProblem } from "../bus/subject.ts";
import { messageOf } from "../platform/errors.ts";
import { PROGRAM } from "../platform/version.ts";
import { ruleProblem } from "../rules/compile.ts";

export interface TapRequest {
  /** Valid, with or without wildcards; no subject is matched by two of them. At least one. */
  readonly subjects: readonly string[];
  /** Undefined: as the common configuration file says. */
  readonly nats: NatsOptions | undefined;
  /** A valid expression in RE2 syntax, or empty: every line. */
  readonly match: string;
  /** Of so many lines that match, the last is shown; at least 1. */
  readonly sampleEvery: number;
}

export type TapCommand =
  | { readonly kind: "tap"; readonly request: TapRequest }
  | { readonly kind: "help"; readonly usage: string }
  | { readonly kind: "wrong"; readonly reason: string; readonly usage: string };

const USAGE = `Usage: ${PROGRAM} tap [--server URL] [--match REGEX] [--sample N] SUBJECT...

Prints the lines that pass on NATS subjects; on standard error, how many there are. Ctrl-C ends it.
A subject may be a pattern: "*" stands for one token, ">" for all that follow (in quotes, for the shell).

  --server URL     the NATS servers, as nats_address is written: nats://[user:password@]host:port, or tls://,
                   several with commas between them; without it the NATS options in /etc/influx-spout.toml
                   count, if there is that file, or else nats://localhost:4222
  --match REGEX    only lines in which the expression is found: RE2 syntax, as in a rule of type regex
  --sample N       only every Nth of these lines
  --help           print this text

Options may stand before and behind subjects; "--" ends them. To a terminal lines are shown in colours (unless
NO_COLOR is set), lines that are no line protocol marked; to a file or a pipe they go byte for byte.
A configuration file that is called tap is run by: ${PROGRAM} ./tap
`;

/** What is not delivered yet is bounded in all, and so each subject has a part of that. */
const SUBJECTS_MAX = 64;

type OptionName = "server" | "match" | "sample";

/** `args` without the program's name and the word tap. */
export function parseTap(args: readonly string[]): TapCommand {
  try {
    const { subjects, values, wantsHelp } = splitArgs(args);
    if (wantsHelp) return { kind: "help", usage: USAGE };
    const server = values.get("server");
    const request: TapRequest = {
      subjects: checkSubjects(subjects),
      nats: server === undefined ? undefined : natsAt(server),
      match: checkExpression(values.get("match")),
      sampleEvery: checkSample(values.get("sample")),
    };
    return { kind: "tap", request };
  } catch (error) {
    if (!(error instanceof WrongUsage)) throw error;
    return { kind: "wrong", reason: `tap: ${error.message}`, usage: USAGE };
  }
}

class WrongUsage extends Error {
  override readonly name = "WrongUsage";
}

function splitArgs(args: readonly string[]) {
  const values = new Map<OptionName, string>();
  const subjects: string[] = [];
  let wantsHelp = false;
  const { tokens } = parseArgs({
    args: [...args],
    options: {
      server: { type: "string" },
      match: { type: "string" },
      sample: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
    allowPositionals: true,
    // Strict, it would say what is wrong in words of its own.
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === "positional") subjects.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value } = token;
    if (name === "help" && value === undefined) wantsHelp = true;
    else if (name !== "server" && name !== "match" && name !== "sample") {
      throw new WrongUsage(`unknown option ${rawName}${value === undefined ? "" : `=${value}`}`);
    } else if (value === undefined) throw new WrongUsage(`${rawName} needs a value`);
    else if (values.has(name)) throw new WrongUsage(`${rawName} is given twice`);
    else values.set(name, value);
  }
  return { subjects, values, wantsHelp };
}

/** A line on a subject that two of them match would come twice. */
function checkSubjects(subjects: readonly string[]): readonly string[] {
  if (subjects.length === 0) throw new WrongUsage("the subject is missing");
  if (subjects.length > SUBJECTS_MAX) {
    throw new WrongUsage(`at most ${SUBJECTS_MAX} subjects, got ${subjects.length}: use patterns`);
  }
  for (const [index, subject] of subjects.entries()) {
    const shown = JSON.stringify(subject);
    const problem = subjectProblem(subject, { wildcards: true });
    if (problem !== undefined) throw new WrongUsage(`the subject ${shown} ${problem}`);
    const earlier = subjects.slice(0, index).find((other) => patternsOverlap(other, subject));
    if (earlier === subject) throw new WrongUsage(`the subject ${shown} is given twice`);
    if (earlier !== undefined) {
      const both = `the subjects ${JSON.stringify(earlier)} and ${shown}`;
      throw new WrongUsage(`${both} overlap: some lines would be shown twice`);
    }
  }
  return subjects;
}

/** The login can only be in the address: what the common file has is for the servers that it names. */
function natsAt(address: string): NatsOptions {
  try {
    return { ...PLAIN_NATS, ...parseNatsAddress(address) };
  } catch (error) {
    throw new WrongUsage(`--server cannot be used: ${messageOf(error)}`);
  }
}

function checkExpression(match: string | undefined): string {
  if (match === undefined) return "";
  if (match === "") throw new WrongUsage("--match needs an expression, got nothing");
  const problem = ruleProblem({ type: "regex", match, subject: "" });
  if (problem === undefined) return match;
  throw new WrongUsage(
    `--match needs an expression in RE2 syntax, got ${JSON.stringify(match)} (${problem})`,
  );
}

function checkSample(text: string | undefined): number {
  if (text === undefined) return 1;
  const every = Number(text);
  if (/^\d+$/.test(text) && every >= 1 && Number.isSafeInteger(every)) return every;
  throw new WrongUsage(`--sample needs an integer above 0, got ${JSON.stringify(text)}`);
}
