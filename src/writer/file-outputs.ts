/** All files of one writer: an output for each, what is rotated of them, and what earlier runs have left. */
import { patternsOverlap } from "../bus/subject.ts";
import type { FileOptions } from "../config/config.ts";
import {
  holdsSubject,
  overflowName,
  subjectFileName,
  subjectPatternOf,
  subjectRoom,
} from "../config/file-path.ts";
import type { Clock } from "../platform/clock.ts";
import { type Log, throttled } from "../platform/log.ts";
import { createArchiveKeeper } from "./archives.ts";
import { cannotWrite, checkWritable } from "./file-check.ts";
import { createFileOutput, type FileOutput } from "./file-output.ts";
import { startFileSweep } from "./file-sweep.ts";
import type { FileSystem } from "./file-system.ts";
import { HeldFiles } from "./held-file.ts";

export interface FileOutputsDeps {
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly log: Log;
  /** Throttled. */
  readonly logFailure: (reason: string, text: string) => void;
}

export interface FileOutputs {
  /** The name that the file of a subject has in place of it; one for all where they share a file. Hot: once per message. */
  nameOf(subject: string): string;
  /** The same for the subjects that are too many. */
  readonly overflowName: string;
  /** Called once for each name. */
  open(name: string): FileOutput;
  /** After all outputs are closed: resolves once nothing goes on any more. Never rejects. */
  close(): Promise<void>;
  /** Leaves what goes on undone. */
  abort(): void;
}

/**
 * Rejects with a SpoutError if the files cannot be written, or the one file is another writer's already; that one is
 * taken at once.
 */
export async function openFileOutputs(
  writerName: string,
  subjects: readonly string[],
  options: FileOptions,
  deps: FileOutputsDeps,
): Promise<FileOutputs> {
  const { files, clock, log, logFailure } = deps;
  const { foldsCase } = await checkWritable(options, files, clock.nowMs());
  const keeper = createArchiveKeeper(options, { files, clock, log });
  const logTornLine = throttled((text) => log.warn(text), clock);
  const held = new HeldFiles(files);
  const fileDeps = { files, held, keeper, clock, logTornLine, logFailure };
  const create = (name: string) => createFileOutput(options, name, fileDeps);

  const isOne = !holdsSubject(options.path);
  const only = isOne ? create("") : undefined;
  // Somebody else may have taken it since it was looked at.
  await only?.hold().catch((error: unknown) => {
    throw cannotWrite(options, error);
  });
  let isOpened = false;

  const naming = { maxBytes: subjectRoom(options.path), foldsCase };
  const ofTheRest = isOne ? "" : overflowName(writerName, naming);
  const isOurs = (name: string) => {
    if (name === ofTheRest) return true;
    const pattern = subjectPatternOf(name);
    return pattern !== undefined && subjects.some((subject) => patternsOverlap(subject, pattern));
  };
  const sweep = startFileSweep(options, { files, keeper, clock, log, isOurs });
  return {
    nameOf: isOne ? () => "" : (subject) => subjectFileName(subject, naming),
    overflowName: ofTheRest,
    open(name) {
      isOpened = true;
      return only ?? create(name);
    },
    async close() {
      // The one that was never opened, for nothing has come, nobody else closes.
      await Promise.all([isOpened ? undefined : only?.close(), sweep.stop()]);
      await keeper.idle();
    },
    abort: () => keeper.abort(),
  };
}
