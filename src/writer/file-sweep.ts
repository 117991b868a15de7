/**
 * Looks after the files of a writer that no output has open: what earlier runs left, and subjects that fell silent before
 * this one began. Their day ends and they grow old as well, and a crash may have left their archives half-done.
 */
import type { FileOptions } from "../config/config.ts";
import { dateOf, holdsDate } from "../config/file-path.ts";
import type { Cancel, Clock } from "../platform/clock.ts";
import { messageOf } from "../platform/errors.ts";
import { type Log, throttledByReason } from "../platform/log.ts";
import type { ArchiveKeeper } from "./archives.ts";
import { findFiles, type FoundFile, type RotatedCounts } from "./file-search.ts";
import type { FileSystem } from "./file-system.ts";
import { statIfThere } from "./held-file.ts";

export interface FileSweepDeps {
  readonly files: FileSystem;
  /** What it is given is skipped while an output has the file open. */
  readonly keeper: ArchiveKeeper;
  readonly clock: Clock;
  readonly log: Log;
  /** True if this writer has a subject of that name, as it stands in paths. Other writers may have files beside its own. */
  readonly isOurs: (subjectName: string) => boolean;
}

export interface FileSweep {
  /** Begins with nothing more. Resolves when what was begun is left. */
  stop(): Promise<void>;
}

const DAY_MS = 24 * 3_600_000;
/** What failed is tried again, and a clock that was set is noticed, so often; and nothing more often than a second. */
const INTERVAL_MAX_MS = 3_600_000;
const INTERVAL_MIN_MS = 1000;

/** Sweeps at once, and then whenever the day has ended or a file has become old. */
export function startFileSweep(options: FileOptions, deps: FileSweepDeps): FileSweep {
  const { keeper, clock, log } = deps;
  const { gzip, ageMaxMs, archivesMax, path: template } = options;
  const logFailure = throttledByReason((text) => log.warn(text), clock);
  let isStopped = !gzip && ageMaxMs === 0 && archivesMax === 0;
  let cancelNext: Cancel = () => {};
  let sweeping: Promise<void> = isStopped ? Promise.resolve() : sweep();

  async function sweep(): Promise<void> {
    let nextMs = untilDayEnds(options, clock);
    try {
      for await (const found of findFiles(deps.files, template)) {
        if (isStopped) return;
        if (!deps.isOurs(found.subjectName)) continue;
        const leftMs = await timeLeft(found, options, deps);
        if (leftMs <= 0) keeper.retire(found.path);
        else if (isUntidy(found.rotated, options)) keeper.tidy(found.path);
        if (leftMs > 0) nextMs = Math.min(nextMs, leftMs);
        // One at a time, so that a stop need not wait for all of them.
        await keeper.idle();
      }
    } catch (error) {
      const why = messageOf(error);
      logFailure(why, `cannot look for files of ${JSON.stringify(template)}: ${why}`);
    }
    if (isStopped) return;
    const delayMs = Math.min(Math.max(nextMs, INTERVAL_MIN_MS), INTERVAL_MAX_MS);
    cancelNext = clock.after(delayMs, () => {
      sweeping = sweep();
    });
  }

  return {
    async stop() {
      isStopped = true;
      cancelNext();
      await sweeping;
    },
  };
}

/** The outputs let go of yesterday's files at midnight, and this is after it. */
function untilDayEnds({ gzip, path }: FileOptions, clock: Clock): number {
  if (!gzip || !holdsDate(path)) return Infinity;
  return DAY_MS - (clock.nowMs() % DAY_MS) + INTERVAL_MIN_MS;
}

/** How long until the file has to become an archive. */
async function timeLeft(
  { path, date, isThere }: FoundFile,
  { gzip, ageMaxMs }: FileOptions,
  { files, clock }: FileSweepDeps,
): Promise<number> {
  if (!isThere) return Infinity;
  const nowMs = clock.nowMs();
  if (gzip && date !== "" && date < dateOf(nowMs)) return 0;
  if (ageMaxMs === 0) return Infinity;
  const found = await statIfThere(files, path);
  const isWritten = found?.isFile() === true && found.size > 0;
  if (!isWritten || found.birthtimeMs === 0) return Infinity;
  return ageMaxMs - (nowMs - found.birthtimeMs);
}

function isUntidy(
  { plain, compressed, unfinished }: RotatedCounts,
  { gzip, archivesMax }: FileOptions,
): boolean {
  if (unfinished > 0 || (gzip && plain > 0)) return true;
  return archivesMax > 0 && plain + compressed > archivesMax;
}
