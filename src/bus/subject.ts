/**
 * Subjects: what a valid one looks like, and which pattern matches which subject.
 *
 * The NATS client writes subjects and queue groups to the wire unchecked, where a line end would start a command of
 * its own; so both are checked here, with the configuration and once more at the door of the bus.
 */

/** The server closes a connection whose command line, subject included, exceeds 4096 bytes. */
const SUBJECT_MAX_BYTES = 1024;

const SPACE_OR_CONTROL = /[\s\u0000-\u001f\u007f]/;

/**
 * What is wrong with `subject`, as the end of a sentence that begins with it ("is empty"), or undefined.
 * Tokens are separated by dots. `wildcards` allows the tokens `*` (any one token) and, last, `>` (one or more);
 * within a longer token both are ordinary characters, as NATS has it.
 */
export function subjectProblem(
  subject: string,
  options: { readonly wildcards: boolean },
): string | undefined {
  const problem = nameProblem(subject);
  if (problem !== undefined) return problem;
  if (subject.startsWith(".") || subject.endsWith(".") || subject.includes("..")) {
    return "has an empty token (a dot too many)";
  }
  if (!subject.includes("*") && !subject.includes(">")) return undefined;
  return wildcardProblem(subject.split("."), options.wildcards);
}

/** What is wrong with the name of a queue group, as {@link subjectProblem} says it, or undefined. */
export function queueGroupProblem(name: string): string | undefined {
  return nameProblem(name);
}

/** True if a subscription to `pattern` (which may hold wildcards) receives what is published on `subject`. */
export function subjectMatches(pattern: string, subject: string): boolean {
  const wanted = pattern.split(".");
  const tokens = subject.split(".");
  for (const [index, token] of wanted.entries()) {
    if (index >= tokens.length) return false;
    if (token === ">" && index === wanted.length - 1) return true;
    if (token !== "*" && token !== tokens[index]) return false;
  }
  return wanted.length === tokens.length;
}

/** True if there are subjects that both patterns, valid ones, match. */
export function patternsOverlap(one: string, other: string): boolean {
  const left = one.split(".");
  const right = other.split(".");
  for (let index = 0; ; index++) {
    const [leftToken, rightToken] = [left[index], right[index]];
    if (leftToken === undefined || rightToken === undefined) return leftToken === rightToken;
    if (leftToken === ">" || rightToken === ">") return true;
    if (leftToken !== rightToken && leftToken !== "*" && rightToken !== "*") return false;
  }
}

function nameProblem(name: string): string | undefined {
  if (name === "") return "is empty";
  if (SPACE_OR_CONTROL.test(name)) return "holds a space or a control character";
  if (Buffer.byteLength(name) > SUBJECT_MAX_BYTES) return `exceeds ${SUBJECT_MAX_BYTES} bytes`;
  return undefined;
}

function wildcardProblem(tokens: readonly string[], allowed: boolean): string | undefined {
  for (const [index, token] of tokens.entries()) {
    if (token !== "*" && token !== ">") continue;
    if (!allowed) return `holds the wildcard "${token}"`;
    if (token === ">" && index < tokens.length - 1) return 'holds ">" before its last token';
  }
  return undefined;
}
