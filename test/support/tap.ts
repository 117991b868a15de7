/** tap as a process: what it prints, what it says besides, and how it ends. */
import { eventually } from "./eventually.ts";

export interface TapOptions {
  /** The program; tap and what follows it are added. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Added to the tests' own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface TapProcess extends AsyncDisposable {
  readonly pid: number;
  /** Standard error so far. */
  messages(): string;
  /** Resolves once it has said `text` there. */
  said(text: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** The exit status, once all of both streams is there. */
  readonly exited: Promise<number>;
}

export interface PipedTap extends TapProcess {
  /** Standard output so far, a character a byte. */
  output(): string;
  /** Nobody reads standard output any more. */
  closeOutput(): Promise<void>;
}

/** Reads both streams. */
export function startTap(options: TapOptions): PipedTap {
  const child = spawnTap(options, "pipe");
  let output = "";
  const reader = child.stdout.getReader();
  const collected = (async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      output += Buffer.from(value).toString("latin1");
    }
  })();
  return {
    ...watch(child, collected),
    output: () => output,
    closeOutput: () => reader.cancel(),
  };
}

/** Standard output goes to a file, a pipe or a device that the test has opened. */
export function startTapTo(stdout: number, options: TapOptions): TapProcess {
  return watch(spawnTap(options, stdout), Promise.resolve());
}

function spawnTap<Output extends "pipe" | number>(options: TapOptions, stdout: Output) {
  const { command, args, cwd, env } = options;
  return Bun.spawn([...command, "tap", ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout,
    stderr: "pipe",
  });
}

function watch(
  child: Bun.Subprocess<"ignore", "pipe" | number, "pipe">,
  outputCollected: Promise<void>,
): TapProcess {
  let messages = "";
  const messagesCollected = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stderr) messages += decoder.decode(chunk, { stream: true });
  })();
  const exited = child.exited.then(async (code) => {
    await Promise.all([messagesCollected, outputCollected]);
    return code;
  });
  return {
    pid: child.pid,
    messages: () => messages,
    async said(text) {
      await eventually(`tap says ${text}`, () => {
        if (messages.includes(text)) return true;
        if (child.exitCode === null) return false;
        throw new Error(`it ended with ${child.exitCode}; it said:\n${messages}`);
      });
    },
    signal: (name) => child.kill(name),
    exited,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

export interface TerminalTap extends AsyncDisposable {
  /** What the terminal was sent so far. */
  screen(): string;
  /** Resolves once it was sent `text`. */
  shows(text: string | RegExp): Promise<void>;
  /** As from the keyboard. */
  type(keys: string): void;
  readonly exited: Promise<number>;
}

export const CONTROL_C = "\u0003";
/** Stops what the terminal shows, and lets it go on. */
export const CONTROL_S = "\u0013";
export const CONTROL_Q = "\u0011";

/** Both streams are a terminal of 100 columns. */
export function startTapOnTerminal({ command, args, env }: TapOptions): TerminalTap {
  let screen = "";
  const decoder = new TextDecoder();
  const child = Bun.spawn([...command, "tap", ...args], {
    env: { ...process.env, TERM: "xterm-256color", ...env },
    terminal: {
      cols: 100,
      rows: 24,
      data: (_, bytes) => void (screen += decoder.decode(bytes, { stream: true })),
    },
  });
  return {
    screen: () => screen,
    async shows(text) {
      await eventually(`the terminal shows ${String(text)}`, () =>
        typeof text === "string" ? screen.includes(text) : text.test(screen),
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}; it shows:\n${JSON.stringify(screen)}`);
      });
    },
    type: (keys) => void child.terminal?.write(keys),
    exited: child.exited,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      child.terminal?.close();
    },
  };
}
