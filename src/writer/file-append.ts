/**
 * Appends lines to a file so that it holds nothing but whole lines, whatever happened to it before: a write that
 * fails is taken back, and a line that a crash has torn is made a comment, which InfluxDB skips.
 *
 * The file is opened for each batch and closed again. That costs 0.1 ms, and it is only then that a file system behind a
 * network says whether it could keep what was written.
 */
import { NEWLINE } from "../line/split.ts";
import type { FileHandle, FileSystem } from "./file-system.ts";
import { openForAppending } from "./held-file.ts";

const COMMENT = 0x23;
/** How much is read at once in search of the beginning of a torn line. */
const BLOCK_BYTES = 64 * 1024;

/** What was found in the way of the lines, for the log. */
export interface AppendOptions {
  /** Called after a line without an end was made a comment; `offset` is where it starts. */
  readonly onTornLine: (offset: number) => void;
}

/**
 * Appends `payload`, newline-ended lines, to the file at `path`, which is made, with its folders, if it is missing; the
 * caller sees to it that no other writer appends at the same time. Rejects with the system's error; then the file is as long as it was, unless it
 * could not even be cut off, or somebody who knows of no lock has added to it meanwhile: in those cases some of the lines
 * are there, and will be twice when the caller tries again.
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
  let offset = 0;
  try {
    while (offset < payload.length) {
      const { bytesWritten } = await file.write(payload, offset);
      offset += bytesWritten;
    }
  } catch (error) {
    // If this fails as well, what has been written ends in a torn line, which the next append deals with.
    await cutOff(file, size, offset).catch(() => {});
    throw error;
  }
}

/** Takes back the last `writtenBytes`, unless the file holds more behind `size` than those: that is not ours to delete. */
async function cutOff(file: FileHandle, size: number, writtenBytes: number): Promise<void> {
  const found = await file.stat();
  if (found.size === size + writtenBytes) await file.truncate(size);
}
