/** The archives that are downloaded: the binary with what one reads and edits, and their checksums. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { type Target, TARGETS } from "./executable.ts";
import { PROGRAM, ROOT, type Source, VERSION } from "./source.ts";
import { gzip, tar, type TarEntry } from "./tar.ts";

const EXECUTABLE_MODE = 0o755;
const FILE_MODE = 0o644;
/** The container image, which `oci.ts` writes. */
export const IMAGE_NAME = `${PROGRAM}-${VERSION}-oci.tar`;
const DOCUMENTS = ["CHANGELOG.md", "LICENSE", "README.md"];
const FOLDERS = ["configs", "docs"];

/** Writes `<folder>/influx-spout-<version>-<target>.tar.gz` and resolves with its path. */
export async function writeArchive(
  folder: string,
  target: Target,
  binary: string,
  source: Source,
): Promise<string> {
  const name = `${PROGRAM}-${VERSION}-${target}`;
  const files = (await Promise.all(FOLDERS.map(filesBelow))).flat();
  const folders = new Set(["", ...files.map((file) => file.slice(0, file.lastIndexOf("/") + 1))]);

  const entries: TarEntry[] = [
    { name: `${name}/${PROGRAM}`, mode: EXECUTABLE_MODE, content: await Bun.file(binary).bytes() },
  ];
  for (const path of folders) {
    entries.push({ name: `${name}/${path}`, mode: EXECUTABLE_MODE, content: new Uint8Array() });
  }
  for (const file of [...DOCUMENTS, ...files]) {
    const content = await Bun.file(join(ROOT, file)).bytes();
    entries.push({ name: `${name}/${file}`, mode: FILE_MODE, content });
  }
  const path = join(folder, archiveName(target));
  await Bun.write(path, gzip(tar(entries, source.date)));
  return path;
}

/** Paths from the root. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1));
}

/** Writes `<folder>/SHA256SUMS`, for `sha256sum -c`, over what there is to download of this version. */
export async function writeChecksums(folder: string): Promise<string> {
  let lines = "";
  for (const name of [...TARGETS.map(archiveName), IMAGE_NAME].toSorted()) {
    const file = Bun.file(join(folder, name));
    if (!(await file.exists())) continue;
    const sum = new Bun.CryptoHasher("sha256").update(await file.bytes()).digest("hex");
    lines += `${sum}  ${name}\n`;
  }
  const path = join(folder, "SHA256SUMS");
  await Bun.write(path, lines);
  return path;
}

function archiveName(target: Target): string {
  return `${PROGRAM}-${VERSION}-${target}.tar.gz`;
}
