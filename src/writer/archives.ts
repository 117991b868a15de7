/**
 * Rotated files: a file is renamed, and from then on it is an archive, which is compressed and, when there are more
 * than are to be kept, deleted. Compressing goes on beside the writes, one file at a time for the whole writer.
 *
 * The folder is all the state there is: what a crash or a full disk left undone is found and done at the next chance.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

import type { Clock } from "../platform/clock.ts";
import { messageOf } from "../platform/errors.ts";
import { type Log, throttled } from "../platform/log.ts";
import { codeOf, type FileSystem } from "./file-append.ts";
import { archivePath, archiveTime, isArchiveName } from "./file-path.ts";

/** Renames the file at `path` to the name of an archive that no file has; nothing is ever overwritten. */
export async function rotate(files: FileSystem, path: string, nowMs: number): Promise<void> {
  const archive = await reserveName(files, path, nowMs);
  try {
    await files.rename(path, archive);
  } catch (error) {
    await files.unlink(archive).catch(() => {});
    throw error;
  }
}

export interface ArchiveOptions {
  readonly gzip: boolean;
  /** How many archives of one file are kept; 0: all. */
  readonly archivesMax: number;
}

export interface ArchiveKeeper {
  /** Compresses and deletes, in the background, what is due among the archives of the file at `path`. */
  tidy(path: string): void;
  /** Resolves once nothing is going on. Never rejects. */
  idle(): Promise<void>;
  /** Leaves what is going on undone, and starts nothing more. */
  abort(): void;
}

export function createArchiveKeeper(
  options: ArchiveOptions,
  deps: { readonly files: FileSystem; readonly clock: Clock; readonly log: Log },
): ArchiveKeeper {
  const logFailure = throttled((text) => deps.log.warn(text), deps.clock);
  const stop = new AbortController();
  const due = new Set<string>();
  let working: Promise<void> | undefined;

  async function work(): Promise<void> {
    for (const path of due) {
      due.delete(path);
      try {
        await tidyArchives(deps.files, path, options, stop.signal);
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

  return {
    tidy(path) {
      if ((!options.gzip && options.archivesMax === 0) || stop.signal.aborted) return;
      due.add(path);
      working ??= work();
    },
    async idle() {
      await working;
    },
    abort() {
      stop.abort();
    },
  };
}

/**
 * An empty file takes the name, so that nobody else does before the rename puts the real one in its place. The name is that of
 * the newest archive, also where the clock was set back: by their names they are kept or deleted.
 */
async function reserveName(files: FileSystem, path: string, nowMs: number): Promise<string> {
  const names = await files.readdir(dirname(path));
  const times = names.flatMap((name) => archiveTime(name, basename(path)) ?? []);
  const firstMs = times.reduce((latest, timeMs) => Math.max(latest, timeMs + 1), nowMs);
  for (let timeMs = firstMs; ; timeMs++) {
    const archive = archivePath(path, timeMs);
    if (await exists(files, `${archive}.gz`)) continue;
    try {
      const placeholder = await files.open(archive, "wx");
      await placeholder.close();
      return archive;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
  }
}

async function exists(files: FileSystem, path: string): Promise<boolean> {
  try {
    await files.stat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
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
  if (!gzip) return;
  for (const name of archives) {
    if (!name.endsWith(".gz")) await compress(files, join(folder, name), signal);
  }
}

/** Replaces the file at `path` by `<path>.gz`, which has that name only once it is whole. */
async function compress(files: FileSystem, path: string, signal: AbortSignal): Promise<void> {
  const unfinished = `${path}.gz.unfinished`;
  try {
    // Streams of paths close what they opened, however this ends.
    const [source, target] = [createReadStream(path), createWriteStream(unfinished)];
    await pipeline(source, createGzip(), target, { signal });
    await files.rename(unfinished, `${path}.gz`);
  } catch (error) {
    await files.unlink(unfinished).catch(() => {});
    throw error;
  }
  await files.unlink(path);
}
