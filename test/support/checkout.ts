/** The sources as they are now, as a repository of their own with everything committed: what a release is made from. */
import { cp, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";

import packageJson from "../../package.json" with { type: "json" };
import { run, tryRun } from "./command.ts";
import { tempFolder } from "./temp-folder.ts";

const ROOT = join(import.meta.dir, "../..");
/** What git ignores, and git's own. */
const LEFT_OUT = [".git", "node_modules", "dist", "coverage", "influx-spout-data"];
/** The runtime is the one that runs the tests; types are for the type checker. */
const TOOLS = /^(bun|bun-types|@oven|@types|undici-types|\..*)$/;

export const VERSION: string = packageJson.version;
/** When its one commit was made: 2026-02-03T04:05:06Z. */
export const COMMIT_SECONDS = 1770091506;

export interface Checkout extends AsyncDisposable {
  readonly path: string;
  file(...names: readonly string[]): string;
  /** The commit's short name, as a build states it. */
  readonly revision: string;
  git(...command: readonly string[]): Promise<string>;
  /** Runs a script of its package.json, as `bun run` does. */
  script(name: string, ...args: readonly string[]): ReturnType<typeof tryRun>;
}

/**
 * With dependencies, without a tag, and with nothing built. The commit is the same each time, as long as the sources
 * are; `from` is where they are taken from.
 */
export async function checkout(from = ROOT): Promise<Checkout> {
  const folder = await tempFolder();
  const copy = async (source: string, target: string, leaveOut: (name: string) => boolean) => {
    await mkdir(target, { recursive: true });
    for (const name of await readdir(source)) {
      if (!leaveOut(name)) await cp(join(source, name), join(target, name), { recursive: true });
    }
  };
  await copy(from, folder.path, (name) => LEFT_OUT.includes(name));
  await copy(join(from, "node_modules"), folder.file("node_modules"), (name) => TOOLS.test(name));
  const git = (...command: readonly string[]) =>
    run(["git", ...command], { cwd: folder.path, env: GIT_ENVIRONMENT });
  await git("init", "--quiet");
  await git("add", "--all");
  await git("commit", "--quiet", "--message", "everything");
  return {
    path: folder.path,
    file: folder.file,
    revision: (await git("rev-parse", "--short=12", "HEAD")).trim(),
    git,
    script: (name, ...args) => runScript(folder.path, name, args),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** No setting of this machine counts, and no two commits differ by when they were made. */
const GIT_ENVIRONMENT = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_AUTHOR_NAME: "Test",
  GIT_AUTHOR_EMAIL: "test@example.org",
  GIT_AUTHOR_DATE: `${COMMIT_SECONDS} +0000`,
  GIT_COMMITTER_NAME: "Test",
  GIT_COMMITTER_EMAIL: "test@example.org",
  GIT_COMMITTER_DATE: `${COMMIT_SECONDS} +0000`,
};

function runScript(cwd: string, name: string, args: readonly string[]) {
  // Without the hook that installs: what there is to install is there.
  const [program = "", ...rest] = packageJson.scripts[name as "build"].split(" ");
  if (program !== "bun") throw new Error(`the script "${name}" does not start with bun`);
  return tryRun([process.execPath, ...rest, ...args], {
    cwd,
    env: { SOURCE_DATE_EPOCH: undefined },
  });
}
