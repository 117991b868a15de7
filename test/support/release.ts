/** A release of the sources as they are now, made once a test run. */
import { rmSync } from "node:fs";
import { join } from "node:path";

import { atEnd } from "./at-end.ts";
import { type Checkout, checkout, VERSION } from "./checkout.ts";

export interface Release {
  /** Where the archives, the image and the checksums lie. */
  readonly folder: string;
  /** The path of one of them. */
  file(...names: readonly string[]): string;
  readonly sources: Checkout;
  /** What `bun run release --dry-run` printed. */
  readonly output: string;
}

/** Making one takes a minute: that much time is to be given to the test that may be the first. */
export const RELEASE_MAX_MS = 300_000;

export const IMAGE_FILE = `influx-spout-${VERSION}-oci.tar`;

let made: Promise<Release> | undefined;

export function release(): Promise<Release> {
  made ??= make();
  return made;
}

export function archiveFile(target: string): string {
  return `influx-spout-${VERSION}-${target}.tar.gz`;
}

async function make(): Promise<Release> {
  const sources = await checkout();
  atEnd(() => rmSync(sources.path, { recursive: true }));
  await sources.git("tag", `v${VERSION}`);
  const { exitCode, stdout, stderr } = await sources.script("release", "--dry-run");
  if (exitCode !== 0) throw new Error(`the release failed:\n${stdout}${stderr}`);
  const folder = sources.file("dist");
  return {
    folder,
    file: (...names) => join(folder, ...names),
    sources,
    output: stdout,
  };
}
