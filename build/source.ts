/** What is built: the program's version, and the state of the sources that it is built from. */
import { join } from "node:path";

import packageJson from "../package.json" with { type: "json" };

export const PROGRAM = packageJson.name;
export const VERSION: string = packageJson.version;

/** The folder of the repository. */
export const ROOT = join(import.meta.dir, "..");

export interface Source {
  /** The commit, with `-dirty` behind it if a tracked file has been changed since; "unknown" without git. */
  readonly revision: string;
  /**
   * When it was built, to the second, but the same for any two builds of one revision: SOURCE_DATE_EPOCH if that is
   * set, else the time of the commit. What no commit describes was built now.
   */
  readonly date: Date;
}

/** Throws if SOURCE_DATE_EPOCH is no number of seconds. */
export function readSource(env: Readonly<Record<string, string | undefined>>): Source {
  const commit = git("rev-parse", "--short=12", "HEAD");
  const isClean = git("status", "--porcelain", "--untracked-files=no") === "";
  return {
    revision: commit === undefined ? "unknown" : isClean ? commit : `${commit}-dirty`,
    date: new Date(
      (givenSeconds(env) ?? (isClean ? commitSeconds() : undefined) ?? nowSeconds()) * 1000,
    ),
  };
}

/** What git says in the repository, trimmed; undefined if it fails or is not there. */
export function git(...command: string[]): string | undefined {
  if (Bun.which("git") === null) return undefined;
  const { success, stdout } = Bun.spawnSync(["git", ...command], { cwd: ROOT, stderr: "ignore" });
  return success ? stdout.toString().trim() : undefined;
}

function givenSeconds(env: Readonly<Record<string, string | undefined>>): number | undefined {
  const text = env["SOURCE_DATE_EPOCH"];
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,11}$/.test(text)) {
    throw new Error(`SOURCE_DATE_EPOCH: expected seconds since 1970, got "${text}"`);
  }
  return Number(text);
}

function commitSeconds(): number | undefined {
  const text = git("show", "--no-patch", "--format=%ct", "HEAD");
  return text === undefined ? undefined : Number(text);
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
