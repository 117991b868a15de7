/** The paths of files: what `file_path` becomes for one subject on one day, and the names of rotated files. */
import { createHash } from "node:crypto";
import { dirname } from "node:path";

/** True if each subject has a file of its own. */
export function holdsSubject(template: string): boolean {
  return template.includes("{subject}");
}

/** `template` with `{subject}` replaced by `subjectName`, which must be a {@link subjectFileName}. */
export function pathOfSubject(template: string, subjectName: string): string {
  return template.replaceAll("{subject}", () => subjectName);
}

/** `template` with `{date}` replaced by the day of `timeMs` in UTC, `YYYY-MM-DD`. */
export function pathOfDay(template: string, timeMs: number): string {
  return template.replaceAll("{date}", new Date(timeMs).toISOString().slice(0, 10));
}

/** The folder that all files of `template` are in or below. */
export function commonFolder(template: string): string {
  const [fixed = ""] = template.split(/\{subject\}|\{date\}/);
  // What stands before a placeholder may be the beginning of a name: the x stands for the rest of it.
  return dirname(fixed === template ? template : `${fixed}x`);
}

/** Leaves room for the rest of a name, and for what rotation adds to it, within the 255 bytes of most file systems. */
const NAME_MAX_BYTES = 150;

/**
 * The name of a subject as part of a path: itself but for `/`, `%`, spaces, control characters and a leading dot,
 * which become `%` and two digits. So nothing leads out of the folder, and no two subjects have one name. Whoever may
 * publish chooses the subject: one that is too long for a name is cut, and told apart by its hash.
 */
export function subjectFileName(subject: string): string {
  const name = subject.replace(/^\.|[\u0000-\u0020/%\u007f]/g, percentEncode);
  if (Buffer.byteLength(name) <= NAME_MAX_BYTES) return name === "" ? "%" : name;
  const hash = createHash("sha256").update(subject).digest("hex").slice(0, 16);
  const room = NAME_MAX_BYTES - hash.length - 1;
  // A character that the cut goes through decodes to a replacement character, and is left out.
  const kept = Buffer.from(name)
    .subarray(0, room)
    .toString()
    .replace(/\ufffd+$/, "");
  return `${kept}%${hash}`;
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

/** `<path>.20260131T235959.999Z`: what is rotated at `timeMs` is called. The names sort by time. */
export function archivePath(path: string, timeMs: number): string {
  return `${path}.${new Date(timeMs).toISOString().replaceAll(/[-:]/g, "")}`;
}

const ARCHIVE_SUFFIX = /^\.(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\d\.\d{3}Z)(?:\.gz)?$/;

/** True if `name` is that of a rotated file, compressed or not, of the file called `fileName` beside it. */
export function isArchiveName(name: string, fileName: string): boolean {
  return name.startsWith(fileName) && ARCHIVE_SUFFIX.test(name.slice(fileName.length));
}

/** The time in the name of a rotated file of the file called `fileName`; undefined if it is none, or no time. */
export function archiveTime(name: string, fileName: string): number | undefined {
  if (!isArchiveName(name, fileName)) return undefined;
  const [, year, month, day, minute, second] =
    ARCHIVE_SUFFIX.exec(name.slice(fileName.length)) ?? [];
  const timeMs = Date.parse(`${year}-${month}-${day}:${minute}:${second}`);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
