/** Compiles the program into one executable file. */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";

import { type Target, targetOf } from "./executable.ts";
import { ROOT, type Source } from "./source.ts";

/**
 * Writes the executable, and beside it the source maps that it also holds. For another system than this one, Bun
 * fetches its runtime from the npm registry, once. Rejects if that fails, or if the result is for something else.
 *
 * Two builds of one source are the same bytes if their files have the same name: it is compiled in.
 */
export async function compile(outfile: string, target: Target, source: Source): Promise<void> {
  await mkdir(dirname(outfile), { recursive: true });
  const isForThisMachine = target === (await targetOf(process.execPath));
  const result = await Bun.build({
    // The filter's thread is an entry point of its own: it is started by URL, which the bundler does not follow.
    entrypoints: [join(ROOT, "src/main.ts"), join(ROOT, "src/filter/worker.ts")],
    root: join(ROOT, "src"),
    target: "bun",
    // Profiles and heap snapshots (`pprof_port`) call functions and classes by the names that they have in the binary.
    minify: { whitespace: true, syntax: true, identifiers: false },
    sourcemap: "linked",
    define: {
      BUILD_REVISION: JSON.stringify(source.revision),
      BUILD_DATE: JSON.stringify(`${source.date.toISOString().slice(0, 19)}Z`),
    },
    compile: {
      outfile,
      // The runtime for this machine is the one that runs now: nothing is fetched.
      ...(isForThisMachine ? {} : { target: `bun-${target}` as const }),
      // Servers are trusted that this machine trusts, not only those that the runtime came with.
      execArgv: ["--use-system-ca"],
      // A binary must not read settings, preload scripts among them, from whatever folder it is started in.
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
  });
  for (const message of result.logs) console.error(String(message));
  if (!result.success) throw new Error(`cannot compile "${outfile}"`);
  const made = await targetOf(outfile);
  if (made !== target) throw new Error(`cannot compile for ${target}: the result is for ${made}`);
}
