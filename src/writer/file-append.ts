import type * as promises from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Appends lines to a file so that it holds nothing but whole lines, whatever happened to it before: a write that
 * fails is taken back, and a line that a crash has torn is made a comment, which InfluxDB skips.
 *
 * The file is opened for each batch and closed again. That costs 0.1 ms, and whatever else moves, deletes or cuts off
 * the file between two batches (logrotate, an operator) does no harm.
 */
import { NEWLINE } from "../line/split.ts";

/** As much of `node:fs/promises` as the writer uses, so that tests have a disk that is full. */
export type FileSystem = Pick<
  typeof promises,
  "open" | "mkdir" | "stat" | "readdir" | "rename" | "unlink"
>;

type FileHandle = promises.FileHandle;

const COMMENT = 0x23;
/** How much is read at once in search of the beginning of a torn line. */
const BLOCK_BYTES = 64 * 1024;

/** What was found in the way of the lines, for the log. */
export interface AppendOptions {
  /** Called after a line without an end was made a comment; `offset` is where it starts. */
  readonly onTornLine: (offset: number) => void;
}

/**
 * Appends `payload`, newline-ended lines, to the file at `path`, which is made, with its folders, if it is missing.
 * Rejects with the system's error; then the file is as long as it was, unless it could not even be cut off: in that
 * case some of the lines are there, and will be twice when the caller tries again.
 */
export async function appendLines(
  files: FileSystem,
  path: string,
  payload: Uint8Array,
  options: AppendOptions,
): Promise<void> {
  const file = await openForAppending(files, path);
  try {
    let { size } = await file.stat();
    if (size > 0 && !(await endsInNewline(file, size))) {
      options.onTornLine(await endTornLine(files, path, file, size));
      size++;
    }
    await writeWhole(file, payload, size);
  } finally {
    await file.close();
  }
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

/** `ENOENT` and so on; undefined if it is not an error of the system. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

async function endsInNewline(file: FileHandle, size: number): Promise<boolean> {
  const last = new Uint8Array(1);
  const { bytesRead } = await file.read(last, 0, 1, size - 1);
  return bytesRead === 0 || last[0] === NEWLINE;
}

/**
 * A torn line may look like a whole one (`v=12` of `v=1234`), so a newline alone would not do: its first byte is
 * replaced by `#`. Done half, it is done again the next time. Returns where the line starts.
 */
async function endTornLine(
  files: FileSystem,
  path: string,
  file: FileHandle,
  size: number,
): Promise<number> {
  const start = await findLastLine(file, size);
  // What is open for appending writes nowhere else.
  const anywhere = await files.open(path, "r+");
  try {
    await anywhere.write(Uint8Array.of(COMMENT), 0, 1, start);
    await anywhere.write(Uint8Array.of(NEWLINE), 0, 1, size);
  } finally {
    await anywhere.close();
  }
  return start;
}

/** Where the last line starts: behind the last newline, or at the beginning of the file. */
async function findLastLine(file: FileHandle, size: number): Promise<number> {
  const block = new Uint8Array(BLOCK_BYTES);
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const { bytesRead } = await file.read(block, 0, end - start, start);
    const newline = block.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (newline >= 0) return start + newline + 1;
    end = start;
  }
  return 0;
}

/** `size` is the length that the file goes back to if this fails. */
async function writeWhole(file: FileHandle, payload: Uint8Array, size: number): Promise<void> {
  try {
    for (let offset = 0; offset < payload.length;) {
      const { bytesWritten } = await file.write(payload, offset);
      offset += bytesWritten;
    }
  } catch (error) {
    // If this fails as well, what has been written ends in a torn line, which the next append deals with.
    await file.truncate(size).catch(() => {});
    throw error;
  }
}
