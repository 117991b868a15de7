/** Before anything comes in: can the files of a writer be written at all? */
import { randomUUID } from "node:crypto";
import { join } from "node:path";

import type { FileOptions } from "../config/config.ts";
import { messageOf, SpoutError } from "../platform/errors.ts";
import { type FileSystem, openForAppending } from "./file-append.ts";
import { commonFolder, holdsSubject, pathOfDay } from "./file-path.ts";

/**
 * Makes the folder that all files are in, and today's file unless its name depends on a subject. Rejects with a
 * {@link SpoutError} that names the path if that, or making files in the folder where it will be needed, is impossible.
 */
export async function checkWritable(
  options: FileOptions,
  files: FileSystem,
  nowMs: number,
): Promise<void> {
  try {
    if (makesFiles(options)) await checkFolder(commonFolder(options.path), files);
    if (holdsSubject(options.path)) return;
    const file = await openForAppending(files, pathOfDay(options.path, nowMs));
    await file.close();
  } catch (error) {
    const path = JSON.stringify(options.path);
    throw new SpoutError(`cannot write to ${path} (file_path): ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** False for a file that stays the same for ever, which may be a device in a folder of the system's. */
function makesFiles({ path, sizeMaxBytes, ageMaxMs }: FileOptions): boolean {
  return holdsSubject(path) || path.includes("{date}") || sizeMaxBytes > 0 || ageMaxMs > 0;
}

/** What the permissions say is not all: the file system may be read-only, or the user one who may do everything. */
async function checkFolder(folder: string, files: FileSystem): Promise<void> {
  await files.mkdir(folder, { recursive: true });
  // Writers of one process look at one folder at the same time.
  const probePath = join(folder, `.influx-spout-${randomUUID()}`);
  const probe = await files.open(probePath, "wx");
  await probe.close();
  await files.unlink(probePath);
}
