/** A writer as a process of its own, for what only a process has: its output, its memory, how it ends. */
import { join } from "node:path";

import { eventually } from "../../support/eventually.ts";
import type { TempFolder } from "../../support/temp-folder.ts";

const MAIN = join(import.meta.dir, "../../../src/main.ts");

/** Starts `mode = "writer"` with `toml` besides. Its standard output is `stdout`. */
export async function startProcess<Output extends "pipe" | number>(
  folder: TempFolder,
  toml: string,
  stdout: Output,
) {
  const configPath = folder.file("store.toml");
  await Bun.write(
    configPath,
    `mode = "writer"\nbatch_max_count = 1\nstats_interval = "100ms"\n${toml}`,
  );
  const child = Bun.spawn([process.execPath, MAIN, configPath], {
    cwd: folder.path,
    stdin: "ignore",
    stdout,
    stderr: "pipe",
  });
  let log = "";
  const logged = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stderr) log += decoder.decode(chunk, { stream: true });
  })();
  return {
    child,
    log: () => log,
    subscribed: () => eventually("it has subscribed", () => log.includes("writer subscribed")),
    exited: child.exited.then(async (code) => {
      await logged;
      return code;
    }),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
