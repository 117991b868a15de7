/**
 * The file that a writer appends to, locked against every other writer, in this process or another, by whatever path that
 * one reaches it. What one of two would take back after a failed write, or rotate, would be the other's too.
 *
 * Whatever is done to the file from outside between two batches (logrotate, an operator) does no harm: each time the file
 * is asked for, it is looked up by its path.
 */
import { dirname } from "node:path";

import { codeOf, type FileHandle, type FileSystem } from "./file-system.ts";

/** Its lock lasts as long as it is open. */
interface OpenFile {
  readonly path: string;
  readonly handle: FileHandle;
}

/** So often a file may be moved away between being opened and being locked. */
const ATTEMPTS_MAX = 10;

/** All files that one writer holds. A process may have a thousand open, so those that were not asked for lately are let go. */
export class HeldFiles {
  readonly #files: FileSystem;
  readonly #heldMax: number;
  readonly #lately = new Set<HeldFile>();

  constructor(files: FileSystem, heldMax = 512) {
    this.#files = files;
    this.#heldMax = heldMax;
  }

  /** For one file at a time, which is not held yet. */
  add(): HeldFile {
    return new HeldFile(this.#files, (held) => this.#noteUse(held));
  }

  #noteUse(held: HeldFile): void {
    this.#lately.delete(held);
    this.#lately.add(held);
    if (this.#lately.size <= this.#heldMax) return;
    const [oldest] = this.#lately;
    if (oldest === undefined) return;
    this.#lately.delete(oldest);
    void oldest.release();
  }
}

export class HeldFile {
  readonly #files: FileSystem;
  readonly #onUse: (held: HeldFile) => void;
  #open: OpenFile | undefined;

  constructor(files: FileSystem, onUse: (held: HeldFile) => void) {
    this.#files = files;
    this.#onUse = onUse;
  }

  /**
   * Holds the file at `path`, which is made, with its folders, if it is missing, and lets go of any other one. Rejects with
   * the system's error, or if another writer has it.
   */
  async hold(path: string): Promise<void> {
    this.#onUse(this);
    const open = this.#open;
    // What cannot even be looked up is opened anew: a file system that went away and came back knows the old one no more.
    const isInPlace = open?.path === path && (await this.#isInPlace(open).catch(() => false));
    if (isInPlace) return;
    await this.release();
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const opened = { path, handle: await openForAppending(this.#files, path) };
      if (await this.#lock(opened)) {
        this.#open = opened;
        return;
      }
      await opened.handle.close();
    }
    throw new Error("it is moved away again and again");
  }

  /** Lets go of the file, if there is one: others may have it. */
  async release(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    // Nothing was written by this handle that its closing could fail to keep.
    await open?.handle.close().catch(() => {});
  }

  /** False if the file is not at its path any more. */
  async #lock(opened: OpenFile): Promise<boolean> {
    try {
      lockFile(this.#files, opened.handle, await opened.handle.stat());
      return await this.#isInPlace(opened);
    } catch (error) {
      await opened.handle.close();
      throw error;
    }
  }

  async #isInPlace({ path, handle }: OpenFile): Promise<boolean> {
    const [opened, found] = [await handle.stat(), await statIfThere(this.#files, path)];
    return found !== undefined && found.dev === opened.dev && found.ino === opened.ino;
  }
}

/** Devices and pipes are for everybody. */
export function lockFile(files: FileSystem, handle: FileHandle, stat: { isFile(): boolean }): void {
  if (!stat.isFile() || files.tryLock(handle.fd)) return;
  throw new Error("another writer appends to it; each needs files of its own");
}

/** Opens the file at `path` for reading and appending; makes it, with its folders, if it is missing. */
export async function openForAppending(files: FileSystem, path: string): Promise<FileHandle> {
  try {
    return await files.open(path, "a+");
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
  await files.mkdir(dirname(path), { recursive: true });
  return files.open(path, "a+");
}

/** Undefined if there is nothing at `path`. */
export async function statIfThere(files: FileSystem, path: string) {
  try {
    return await files.stat(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
