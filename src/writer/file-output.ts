/**
 * Appends to the file of one subject, or of all, and rotates it: before it would grow too large, when it is old, and
 * (if rotated files are compressed) when the day in its name is over. One write a call; `keep-trying.ts` repeats it.
 *
 * Files that no output has open, because nothing has come for them since the start, are `file-sweep.ts`'s.
 */
import type { FileOptions } from "../config/config.ts";
import { dateOf, holdsDate, pathOf, pathOfSubject } from "../config/file-path.ts";
import type { Cancel, Clock } from "../platform/clock.ts";
import { messageOf } from "../platform/errors.ts";
import { type ArchiveKeeper, rotate } from "./archives.ts";
import { appendLines } from "./file-append.ts";
import type { FileSystem } from "./file-system.ts";
import { type HeldFile, type HeldFiles, statIfThere } from "./held-file.ts";
import type { Output, WriteAnswer } from "./output.ts";
import { isUnfitName } from "./unfit-name.ts";

export interface FileOutputDeps {
  readonly files: FileSystem;
  readonly held: HeldFiles;
  readonly keeper: ArchiveKeeper;
  readonly clock: Clock;
  /** Both throttled. */
  readonly logTornLine: (text: string) => void;
  readonly logFailure: (reason: string, text: string) => void;
}

/** A file that could not be rotated is not tried again sooner than this, unless there is something to write to it. */
const AGE_CHECK_MIN_MS = 1000;
const DAY_MS = 24 * 3_600_000;
/** The system's clock may be set: the end of the day is looked for so often. */
const DAY_CHECK_MAX_MS = 3_600_000;

export interface FileOutput extends Output {
  /** Takes today's file, so that nobody else does before the first line comes. Rejects with the system's error, or if somebody has it. */
  hold(): Promise<void>;
}

/** `subjectName` is a subject as part of a path; not used if the path holds no subject. */
export function createFileOutput(
  options: FileOptions,
  subjectName: string,
  deps: FileOutputDeps,
): FileOutput {
  return new RotatedFile(options, subjectName, deps);
}

class RotatedFile implements FileOutput {
  /** The path without a day put in. */
  readonly target: string;
  readonly #options: FileOptions;
  readonly #subjectName: string;
  readonly #deps: FileOutputDeps;
  readonly #held: HeldFile;
  /** Where the last write went; empty before the first, and when its day is over. */
  #path = "";
  /** When the file got its first line, by the monotonic clock; undefined if that is not known yet, or there is none. */
  #beganMs: number | undefined;
  #cancelAgeCheck: Cancel | undefined;
  #cancelDayCheck: Cancel = () => {};
  #isClosed = false;
  /** Resolves when whatever is being done to the file is done. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: FileOptions, subjectName: string, deps: FileOutputDeps) {
    this.target = pathOfSubject(options.path, subjectName);
    this.#options = options;
    this.#subjectName = subjectName;
    this.#deps = deps;
    this.#held = deps.held.add();
  }

  hold(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#held.hold(await this.#startedPath());
      if ((await this.#look()) > 0) this.#checkAgeLater();
    });
  }

  write(payload: Uint8Array): Promise<WriteAnswer> {
    return this.#inTurn(async () => {
      try {
        await this.#append(payload);
        return { kind: "written" };
      } catch (error) {
        const isForGood = await isUnfitName(error, this.#options.path, this.#deps.files);
        const kind = isForGood ? "rejected" : "retry";
        return { kind, reason: messageOf(error) };
      }
    });
  }

  abort(): void {
    this.#deps.keeper.abort();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelAgeCheck?.();
    this.#cancelDayCheck();
    await this.#inTurn(() => this.#held.release());
    await this.#deps.keeper.idle();
  }

  /** Nothing happens to a file at the same time as something else. */
  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(task);
    this.#turn = result.catch(() => {});
    return result;
  }

  async #append(payload: Uint8Array): Promise<void> {
    const { files, clock } = this.#deps;
    const path = await this.#startedPath();
    // Before anything else, for all of it is the holder's to do.
    await this.#held.hold(path);
    if (await this.#isDue(payload.length)) {
      await this.#rotate();
      await this.#held.hold(path);
    }
    await appendLines(files, path, payload, {
      onTornLine: (offset) =>
        this.#deps.logTornLine(
          `the last line of ${JSON.stringify(path)}, at byte ${offset}, was torn: now it is a comment`,
        ),
    });
    this.#beganMs ??= clock.monotonicMs();
    this.#checkAgeLater();
  }

  #pathNow(): string {
    return pathOf(this.#options.path, this.#subjectName, dateOf(this.#deps.clock.nowMs()));
  }

  /** The path that lines go to now; if that is another one than before, the file of before is done with. */
  async #startedPath(): Promise<string> {
    const path = this.#pathNow();
    if (path === this.#path) return path;
    await this.#endFile();
    this.#path = path;
    this.#deps.keeper.tidy(path);
    this.#checkDayLater();
    return path;
  }

  async #endFile(): Promise<void> {
    const ended = this.#path;
    this.#path = "";
    this.#beginAnew();
    await this.#held.release();
    // It is renamed and compressed beside the writes: what ails it is no reason not to write to the next one.
    if (ended !== "" && this.#options.gzip) this.#deps.keeper.retire(ended);
  }

  /** The day of a file to which nothing more is written ends as well. */
  #checkDayLater(): void {
    this.#cancelDayCheck();
    if (!this.#options.gzip || !holdsDate(this.#options.path) || this.#isClosed) return;
    const { clock } = this.#deps;
    const leftMs = DAY_MS - (clock.nowMs() % DAY_MS);
    this.#cancelDayCheck = clock.after(Math.min(leftMs, DAY_CHECK_MAX_MS), () => {
      void this.#inTurn(async () => {
        if (this.#path === "" || this.#isClosed) return;
        if (this.#pathNow() === this.#path) this.#checkDayLater();
        else await this.#endFile();
      });
    });
  }

  /** True if the file must make way before `moreBytes` are added. */
  async #isDue(moreBytes: number): Promise<boolean> {
    const { sizeMaxBytes, ageMaxMs } = this.#options;
    if (sizeMaxBytes === 0 && ageMaxMs === 0) return false;
    const sizeBytes = await this.#look();
    if (sizeBytes === 0) return false;
    if (sizeMaxBytes > 0 && sizeBytes + moreBytes > sizeMaxBytes) return true;
    return ageMaxMs > 0 && this.#ageMs() >= ageMaxMs;
  }

  /** The size of the file, 0 if there is none or it is no file that could be rotated; learns how old it is. */
  async #look(): Promise<number> {
    const found = await statIfThere(this.#deps.files, this.#path);
    if (found === undefined || !found.isFile() || found.size === 0) {
      this.#beganMs = undefined;
      return 0;
    }
    // Where the file system keeps no time of birth it is 0, or moves with each write: so only the first look counts.
    this.#beganMs ??= this.#began(found.birthtimeMs);
    return found.size;
  }

  /** The wall clock is asked for its age once: from then on the file grows older at the pace of the monotonic one. */
  #began(bornMs: number): number {
    const { clock } = this.#deps;
    const ageMs = bornMs === 0 ? 0 : Math.max(0, clock.nowMs() - bornMs);
    return clock.monotonicMs() - ageMs;
  }

  #ageMs(): number {
    const nowMs = this.#deps.clock.monotonicMs();
    return nowMs - (this.#beganMs ?? nowMs);
  }

  async #rotate(): Promise<void> {
    await rotate(this.#deps.files, this.#path, this.#deps.clock.nowMs());
    await this.#held.release();
    this.#beginAnew();
    this.#deps.keeper.tidy(this.#path);
  }

  #beginAnew(): void {
    this.#beganMs = undefined;
    this.#cancelAgeCheck?.();
    this.#cancelAgeCheck = undefined;
  }

  /** A file that nothing more is written to gets old as well. */
  #checkAgeLater(): void {
    const { ageMaxMs } = this.#options;
    if (ageMaxMs === 0 || this.#isClosed || this.#cancelAgeCheck !== undefined) return;
    const delayMs = Math.max(ageMaxMs - this.#ageMs(), AGE_CHECK_MIN_MS);
    this.#cancelAgeCheck = this.#deps.clock.after(delayMs, () => {
      this.#cancelAgeCheck = undefined;
      void this.#inTurn(() => this.#checkAge());
    });
  }

  async #checkAge(): Promise<void> {
    if (this.#isClosed || this.#cancelAgeCheck !== undefined) return;
    try {
      if (this.#path === "" || (await this.#look()) === 0) return;
      await this.#held.hold(this.#path);
      if (this.#ageMs() >= this.#options.ageMaxMs) return await this.#rotate();
    } catch (error) {
      const why = messageOf(error);
      this.#deps.logFailure(
        why,
        `cannot rotate ${JSON.stringify(this.#path)}, will try again: ${why}`,
      );
    }
    this.#checkAgeLater();
  }
}
