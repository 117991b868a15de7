/**
 * Runs the program inside something: a root folder of its own, a container. What is started is the tool that does
 * that; what is watched and stopped is the program in it.
 */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { atEnd } from "./at-end.ts";
import { eventually } from "./eventually.ts";

export interface Program extends AsyncDisposable {
  /** All that it wrote so far, both streams. */
  output(): string;
  /** Resolves once it has written `text`. */
  wrote(text: string | RegExp): Promise<void>;
  /** What the kernel says of the process: the lines of /proc/<pid>/status by their names. */
  status(): Readonly<Record<string, string>>;
  signal(name: NodeJS.Signals): void;
  /** The exit status that the tool passes on. */
  readonly exited: Promise<number>;
}

/** The start of a command line that runs the rest of it under `root`, as process 1 of what it sees. Needs root. */
export function asProcessOne(root: string, user: number): string[] {
  mkdirSync(join(root, "proc"), { recursive: true });
  return [
    ...["unshare", "--mount", "--pid", "--fork", "--kill-child"],
    ...[`--root=${root}`, "--mount-proc=/proc", `--setgid=${user}`, `--setuid=${user}`, "--"],
  ];
}

/** Starts a command line in which influx-spout runs sooner or later. The environment is empty but for the PATH. */
export function startProgram(command: readonly string[]): Program {
  const child = Bun.spawn([...command], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` },
  });
  // A tool that is killed need not take the program with it.
  const kill = () => [...descendants(child.pid).filter(isProgram), child.pid].forEach(killIfThere);
  // A test that times out never disposes of what it started.
  const forget = atEnd(kill);
  let output = "";
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) output += decoder.decode(chunk, { stream: true });
  };
  const collected = Promise.all([collect(child.stdout), collect(child.stderr)]);
  const exited = child.exited.then(async (code) => {
    await collected;
    forget();
    return code;
  });
  const pid = () => {
    const found = descendants(child.pid).find(isProgram);
    if (found === undefined) throw new Error(`influx-spout does not run; output:\n${output}`);
    return found;
  };
  return {
    output: () => output,
    async wrote(text) {
      await eventually(`the program writes ${String(text)}`, () => {
        if (typeof text === "string" ? output.includes(text) : text.test(output)) return true;
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
        return false;
      }).catch((error: unknown) => {
        throw new Error(`${String(error)}; it wrote:\n${output}`);
      });
    },
    status: () =>
      Object.fromEntries(
        readFileSync(`/proc/${pid()}/status`, "utf8")
          .split("\n")
          .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf("\t") + 1)]),
      ),
    signal: (name) => process.kill(pid(), name),
    exited,
    async [Symbol.asyncDispose]() {
      kill();
      await exited;
    },
  };
}

/** The process itself, its children, their children and so on. */
function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    // "pid (name) state parent ..."; the name may hold anything.
    const stat = readIfThere(`/proc/${name}/stat`);
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")")).split(" ")[2]));
  }
  const below = (parent: number): number[] =>
    [...parents].filter(([, of]) => of === parent).flatMap(([child]) => [child, ...below(child)]);
  return [pid, ...below(pid)];
}

function isProgram(pid: number): boolean {
  return readIfThere(`/proc/${pid}/cmdline`).split("\0")[0]?.endsWith("/influx-spout") ?? false;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // The process has ended meanwhile.
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}
