/** Before anything comes in: can the files of a writer be written at all? */
import { randomUUID } from "node:crypto";
import { join } from "node:path";

import type { FileOptions } from "../config/config.ts";
import { commonFolder, dateOf, holdsDate, holdsSubject, pathOf } from "../config/file-path.ts";
import { messageOf, SpoutError } from "../platform/errors.ts";
import type { FileSystem } from "./file-system.ts";
import { lockFile, openForAppending, statIfThere } from "./held-file.ts";

export interface Folder {
  /** Names that differ in case alone are one name there. */
  readonly foldsCase: boolean;
}

/**
 * Makes the folder that all files are in, and today's file unless its name depends on a subject. Rejects with a
 * {@link SpoutError} that names the path if that, or making files in the folder where it will be needed, is impossible, or another writer has the file.
 */
export async function checkWritable(
  options: FileOptions,
  files: FileSystem,
  nowMs: number,
): Promise<Folder> {
  try {
    const foldsCase = makesFiles(options) && (await foldsCaseIn(commonFolder(options.path), files));
    if (!holdsSubject(options.path))
      await checkFile(pathOf(options.path, "", dateOf(nowMs)), files);
    return { foldsCase };
  } catch (error) {
    throw cannotWrite(options, error);
  }
}

export function cannotWrite({ path }: FileOptions, cause: unknown): SpoutError {
  const why = messageOf(cause);
  return new SpoutError(`cannot write to ${JSON.stringify(path)} (file_path): ${why}`, { cause });
}

/** False for a file that stays the same for ever, which may be a device in a folder of the system's. */
function makesFiles({ path, sizeMaxBytes, ageMaxMs }: FileOptions): boolean {
  return holdsSubject(path) || holdsDate(path) || sizeMaxBytes > 0 || ageMaxMs > 0;
}

/** What the permissions say is not all: the file system may be read-only, or the user one who may do everything. */
async function foldsCaseIn(folder: string, files: FileSystem): Promise<boolean> {
  await files.mkdir(folder, { recursive: true });
  // Writers of one process look at one folder at the same time.
  const name = `.influx-spout-${randomUUID()}`;
  const probePath = join(folder, name);
  const probe = await files.open(probePath, "wx");
  await probe.close();
  const upper = await statIfThere(files, join(folder, name.toUpperCase()));
  await files.unlink(probePath);
  return upper !== undefined;
}

async function checkFile(path: string, files: FileSystem): Promise<void> {
  const file = await openForAppending(files, path);
  try {
    lockFile(files, file, await file.stat());
  } finally {
    await file.close();
  }
}
