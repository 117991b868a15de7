/**
 * What a release is made of: `bun run release --dry-run` builds all archives, the image and their checksums, and prints
 * the notes, from a commit that is tagged with the version and has nothing uncommitted. It publishes nothing.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { git, ROOT, VERSION } from "./source.ts";

const EXIT_REFUSED = 1;
const EXIT_USAGE = 2;

const { values } = parseArgs({
  options: { "dry-run": { type: "boolean", default: false }, name: { type: "string" } },
});
if (!values["dry-run"]) {
  console.error(
    "usage: bun run release --dry-run [--name IMAGE]; uploading what it makes is for you to do",
  );
  process.exit(EXIT_USAGE);
}

const notes = notesOf(VERSION, await Bun.file(join(ROOT, "CHANGELOG.md")).text());
const refusal = whyNot();
if (refusal !== undefined || notes === undefined) {
  console.error(refusal ?? `cannot release: CHANGELOG.md has no section "## ${VERSION}"`);
  process.exit(EXIT_REFUSED);
}

// Nothing of another revision may lie among what is uploaded.
await rm(join(ROOT, "dist"), { recursive: true, force: true });
const name = values.name === undefined ? [] : ["--name", values.name];
const build = Bun.spawnSync([process.execPath, "build.ts", "--all", "--image", ...name], {
  cwd: ROOT,
  stdout: "inherit",
  stderr: "inherit",
});
if (!build.success) process.exit(EXIT_REFUSED);
console.log(`\n${notes}`);

function whyNot(): string | undefined {
  const changes = git("status", "--porcelain");
  if (changes === undefined) return "cannot release: this is no git repository";
  if (changes !== "") return `cannot release: commit or remove these changes first:\n${changes}`;
  const tag = `v${VERSION}`;
  if (git("tag", "--points-at", "HEAD")?.split("\n").includes(tag)) return undefined;
  return `cannot release: this commit is not tagged ${tag}: git tag ${tag}`;
}

/** The section of the version in the changelog, heading included. */
function notesOf(version: string, changelog: string): string | undefined {
  return changelog
    .split(/^(?=## )/m)
    .find((section) => /^## (\S+)/.exec(section)?.[1] === version)
    ?.trimEnd();
}
