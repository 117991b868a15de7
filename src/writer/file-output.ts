/**
 * Appends to the file of one subject, or of all, and rotates it: before it would grow too large, when it is old, and
 * (if rotated files are compressed) when the day in its name is over. One write a call; `keep-trying.ts` repeats it.
 */
import type { FileOptions } from "../config/config.ts";
import type { Cancel, Clock } from "../platform/clock.ts";
import { messageOf } from "../platform/errors.ts";
import { type ArchiveKeeper, rotate } from "./archives.ts";
import { appendLines, codeOf, type FileSystem } from "./file-append.ts";
import { pathOfDay, pathOfSubject } from "./file-path.ts";
import type { Output, WriteAnswer } from "./output.ts";

export interface FileOutputDeps {
  readonly files: FileSystem;
  readonly keeper: ArchiveKeeper;
  readonly clock: Clock;
  /** Both throttled. */
  readonly logTornLine: (text: string) => void;
  readonly logFailure: (text: string) => void;
}

/** A file that could not be rotated is not tried again sooner than this, unless there is something to write to it. */
const AGE_CHECK_MIN_MS = 1000;

/** `subjectName` is a subject as part of a path; not used if the path holds no subject. */
export function createFileOutput(
  options: FileOptions,
  subjectName: string,
  deps: FileOutputDeps,
): Output {
  return new FileOutput(options, subjectName, deps);
}

class FileOutput implements Output {
  /** The path without a day put in. */
  readonly target: string;
  readonly #options: FileOptions;
  readonly #deps: FileOutputDeps;
  /** Where the last write went; empty before the first. */
  #path = "";
  /** When the file got its first line, by the monotonic clock; undefined if that is not known yet, or there is none. */
  #beganMs: number | undefined;
  #cancelAgeCheck: Cancel | undefined;
  #isClosed = false;
  /** Resolves when whatever is being done to the file is done. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: FileOptions, subjectName: string, deps: FileOutputDeps) {
    this.target = pathOfSubject(options.path, subjectName);
    this.#options = options;
    this.#deps = deps;
  }

  write(payload: Uint8Array): Promise<WriteAnswer> {
    return this.#inTurn(async () => {
      try {
        await this.#append(payload);
        return { kind: "written" };
      } catch (error) {
        return { kind: "retry", reason: messageOf(error) };
      }
    });
  }

  abort(): void {
    this.#deps.keeper.abort();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelAgeCheck?.();
    await this.#turn;
    await this.#deps.keeper.idle();
  }

  /** Nothing happens to a file at the same time as something else. A task must not reject. */
  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(task);
    this.#turn = result;
    return result;
  }

  async #append(payload: Uint8Array): Promise<void> {
    const { files, clock } = this.#deps;
    const path = pathOfDay(this.target, clock.nowMs());
    if (path !== this.#path) await this.#startFile(path);
    if (await this.#isDue(payload.length)) await this.#rotate();
    await appendLines(files, path, payload, {
      onTornLine: (offset) =>
        this.#deps.logTornLine(
          `the last line of ${JSON.stringify(path)}, at byte ${offset}, was torn: now it is a comment`,
        ),
    });
    this.#beganMs ??= clock.monotonicMs();
    this.#checkAgeLater();
  }

  async #startFile(path: string): Promise<void> {
    const hasEnded = this.#path !== "" && this.#options.gzip;
    if (hasEnded && (await this.#look()) > 0) await this.#rotate();
    this.#beginAnew();
    this.#path = path;
    this.#deps.keeper.tidy(path);
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
    const found = await this.#deps.files.stat(this.#path).catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    });
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
      if ((await this.#look()) === 0) return;
      if (this.#ageMs() >= this.#options.ageMaxMs) return await this.#rotate();
    } catch (error) {
      this.#deps.logFailure(
        `cannot rotate ${JSON.stringify(this.#path)}, will try again: ${messageOf(error)}`,
      );
    }
    this.#checkAgeLater();
  }
}
