import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Starts a real server for a test, on loopback, in a temporary folder, and stops it with the test. */
import { atEnd } from "./at-end.ts";

export interface ServerProcess extends AsyncDisposable {
  readonly folder: string;
  readonly pid: number;
  /** All that it wrote so far, both streams. */
  output(): string;
  /** Stops it at once, or freezes and continues it (SIGSTOP, SIGCONT). */
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<number>;
}

export interface ServerOptions {
  readonly command: string;
  /** The Debian package that holds the command: named when it is missing. */
  readonly debianPackage: string;
  /** Command-line arguments, given the temporary folder. */
  readonly arguments: (folder: string) => string[];
  /** True once the server answers. */
  readonly isReady: () => Promise<boolean>;
  readonly startMaxMs?: number;
}

/** Rejects if the command is missing (a test that needs it must not pass without), ends early or is not ready in time. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const path = Bun.which(options.command, {
    PATH: `${process.env["PATH"]}:/usr/sbin:/usr/local/sbin`,
  });
  if (path === null) {
    throw new Error(`${options.command} is missing: apt-get install ${options.debianPackage}`);
  }
  const folder = await mkdtemp(join(tmpdir(), `spout-${options.command}-`));
  const child = Bun.spawn([path, ...options.arguments(folder)], {
    cwd: folder,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  // A test that times out never disposes of its servers.
  const forget = atEnd(() => child.kill("SIGKILL"));
  let output = "";
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) output = (output + decoder.decode(chunk)).slice(-100_000);
  };
  void collect(child.stdout);
  void collect(child.stderr);

  const server: ServerProcess = {
    folder,
    pid: child.pid,
    output: () => output,
    kill: (signal) => child.kill(signal),
    exited: child.exited,
    async [Symbol.asyncDispose]() {
      child.kill("SIGCONT");
      child.kill("SIGKILL");
      await child.exited;
      forget();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await untilReady(server, options, () => child.exitCode);
  return server;
}

async function untilReady(
  server: ServerProcess,
  options: ServerOptions,
  exitCode: () => number | null,
): Promise<void> {
  const endMs = performance.now() + (options.startMaxMs ?? 20_000);
  while (!(await options.isReady().catch(() => false))) {
    if (exitCode() !== null || performance.now() > endMs) {
      const output = server.output();
      await server[Symbol.asyncDispose]();
      throw new Error(`${options.command} did not start:\n${output}`);
    }
    await Bun.sleep(10);
  }
}

/** A port that was free a moment ago, for a server that cannot be asked which port it took. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
