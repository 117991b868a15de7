/** As much of a file system as the writer uses, so that tests have a disk that is full. */
import * as promises from "node:fs/promises";

import { openTryLock, type TryLock } from "../platform/file-lock.ts";

export type FileHandle = promises.FileHandle;

export interface FileSystem extends Pick<
  typeof promises,
  "open" | "mkdir" | "stat" | "readdir" | "rename" | "unlink"
> {
  readonly tryLock: TryLock;
}

/** The real one. */
export function openFileSystem(): FileSystem {
  const { open, mkdir, stat, readdir, rename, unlink } = promises;
  return { open, mkdir, stat, readdir, rename, unlink, tryLock: openTryLock() };
}

/** `ENOENT` and so on; undefined if it is not an error of the system. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
