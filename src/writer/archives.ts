/**
 * Rotated files: a file is renamed, and from then on it is an archive, which is compressed and, when there are more
 * than are to be kept, deleted. Compressing goes on beside the writes, one file at a time for the whole writer.
 *
 * The folder is all the state there is: what a crash or a full disk left undone is found and done at the next chance.
 */
import { createWriteStream } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

import {
  archivePath,
  archiveTime,
  isArchiveName,
  nameBeforeRotation,
  unfinishedPath,
} from "../config/file-path.ts";
import type { Clock } from "../platform/clock.ts";
import { messageOf } from "../platform/errors.ts";
import { type Log, throttled } from "../platform/log.ts";
import { codeOf, type FileSystem } from "./file-system.ts";

/**
 * Renames the file at `path`, which nobody else may write to, to the name of an archive that no file has; nothing is ever
 * overwritten.
 */
export async function rotate(files: FileSystem, path: string, nowMs: number): Promise<void> {
  await files.rename(path, await freeArchivePath(files, path, nowMs));
}

export interface ArchiveOptions {
  readonly gzip: boolean;
  /** How many archives of one file are kept; 0: all. */
  readonly archivesMax: number;
}

export interface ArchiveKeeper {
  /** Compresses and deletes, in the background, what is due among the archives of the file at `path`. */
  tidy(path: string): void;
  /** The same, after the file itself was made an archive, unless it is not there, is empty, or somebody writes to it. */
  retire(path: string): void;
  /** Resolves once nothing is going on. Never rejects. */
  idle(): Promise<void>;
  /** Leaves what is going on undone, and starts nothing more. */
  abort(): void;
}

export function createArchiveKeeper(
  options: ArchiveOptions,
  deps: { readonly files: FileSystem; readonly clock: Clock; readonly log: Log },
): ArchiveKeeper {
  const { files, clock, log } = deps;
  const logFailure = throttled((text) => log.warn(text), clock);
  const stop = new AbortController();
  /** Paths, and whether the file itself is to become an archive. */
  const due = new Map<string, boolean>();
  let working: Promise<void> | undefined;

  async function work(): Promise<void> {
    for (const [path, isRetired] of due) {
      due.delete(path);
      try {
        if (isRetired) await retire(files, path, clock.nowMs());
        await tidyArchives(files, path, options, stop.signal);
      } catch (error) {
        if (stop.signal.aborted) break;
        // No folder yet, or somebody else has cleared up: what may be left waits for the next time.
        if (codeOf(error) === "ENOENT") continue;
        logFailure(
          `cannot tidy up the rotated files of ${JSON.stringify(path)}: ${messageOf(error)}`,
        );
      }
    }
    working = undefined;
  }

  function add(path: string, isRetired: boolean): void {
    if (stop.signal.aborted) return;
    due.set(path, isRetired || due.get(path) === true);
    working ??= work();
  }

  return {
    tidy(path) {
      if (options.gzip || options.archivesMax > 0) add(path, false);
    },
    retire: (path) => add(path, true),
    async idle() {
      await working;
    },
    abort() {
      stop.abort();
    },
  };
}

/** The lock tells whether somebody writes to it, and keeps others away while it is renamed. */
async function retire(files: FileSystem, path: string, nowMs: number): Promise<void> {
  const file = await files.open(path, "r");
  try {
    const opened = await file.stat();
    if (!opened.isFile() || opened.size === 0 || !files.tryLock(file.fd)) return;
    const found = await files.stat(path);
    // Another one, which somebody has made in between.
    if (found.dev !== opened.dev || found.ino !== opened.ino) return;
    await rotate(files, path, nowMs);
  } finally {
    await file.close();
  }
}

/** The name is that of the newest archive, also where the clock was set back: by their names they are kept or deleted. */
async function freeArchivePath(files: FileSystem, path: string, nowMs: number): Promise<string> {
  const names = await files.readdir(dirname(path));
  const times = names.flatMap((name) => archiveTime(name, basename(path)) ?? []);
  const taken = new Set(names);
  for (let timeMs = times.reduce((latest, ms) => Math.max(latest, ms + 1), nowMs); ; timeMs++) {
    const archive = archivePath(path, timeMs);
    const name = basename(archive);
    if (!taken.has(name) && !taken.has(`${name}.gz`)) return archive;
  }
}

async function tidyArchives(
  files: FileSystem,
  path: string,
  { gzip, archivesMax }: ArchiveOptions,
  signal: AbortSignal,
): Promise<void> {
  const folder = dirname(path);
  const names = await files.readdir(folder);
  const archives = names.filter((name) => isArchiveName(name, basename(path))).sort();
  const outdated = archivesMax === 0 ? [] : archives.splice(0, archives.length - archivesMax);
  for (const name of outdated) await files.unlink(join(folder, name));
  const rotated = archives.filter((name) => !name.endsWith(".gz"));
  await deleteUnfinished(files, path, names, gzip ? rotated : []);
  if (!gzip) return;
  for (const name of rotated) await compress(files, join(folder, name), signal);
}

/** What a crash left of files that are not compressed any more; of `rotated` ones it is written over. */
async function deleteUnfinished(
  files: FileSystem,
  path: string,
  names: readonly string[],
  rotated: readonly string[],
): Promise<void> {
  const overwritten = new Set(rotated.map(unfinishedPath));
  for (const name of names) {
    const isUnfinished = name.endsWith(".unfinished") && !overwritten.has(name);
    if (isUnfinished && nameBeforeRotation(name) === basename(path)) {
      await files.unlink(join(dirname(path), name));
    }
  }
}

/**
 * Replaces the file at `path` by `<path>.gz`, which has that name only once it is whole, on the disk and not only on its
 * way there. Leaves it to whoever is about it already.
 */
async function compress(files: FileSystem, path: string, signal: AbortSignal): Promise<void> {
  const unfinished = unfinishedPath(path);
  const source = await files.open(path, "r");
  try {
    if (!files.tryLock(source.fd)) return;
    try {
      const target = createWriteStream(unfinished, { flush: true });
      const from = source.createReadStream({ autoClose: false });
      await pipeline(from, createGzip(), target, { signal });
      await files.rename(unfinished, `${path}.gz`);
    } catch (error) {
      await files.unlink(unfinished).catch(() => {});
      throw error;
    }
    await syncFolder(files, dirname(path));
    await files.unlink(path);
  } finally {
    await source.close();
  }
}

/** The new name must be on the disk before the old one goes. Not every file system can be asked. */
async function syncFolder(files: FileSystem, path: string): Promise<void> {
  const folder = await files.open(path, "r");
  await folder.sync().catch(() => {});
  await folder.close();
}
