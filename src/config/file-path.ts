/** The paths of files: what `file_path` becomes for one subject on one day, and the names of rotated files. */
import { createHash } from "node:crypto";
import { dirname } from "node:path";

/** True if each subject has a file of its own. */
export function holdsSubject(template: string): boolean {
  return template.includes("{subject}");
}

export function holdsDate(template: string): boolean {
  return template.includes("{date}");
}

/**
 * `template` with `{subject}` replaced by `subjectName`, which must be a {@link subjectFileName}, and `{date}` by `date`;
 * nothing that these bring in is replaced again.
 *
 * No file of a subject is called like a rotated one: `s.20260131T235959.999Z` would be taken for what was rotated of `s`,
 * and compressed, or deleted as too old. The dots of such an ending become `%2E`, which no other subject's name has there.
 */
export function pathOf(template: string, subjectName: string, date: string): string {
  const path = fill(template, subjectName, date);
  if (!LIKE_ARCHIVE.test(path)) return path;
  return fill(template, subjectName.replace(ENDING, escapeDots), date);
}

/** `template` with the subject alone put in. */
export function pathOfSubject(template: string, subjectName: string): string {
  return pathOf(template, subjectName, "{date}");
}

function fill(template: string, subjectName: string, date: string): string {
  return template.replaceAll(/\{subject\}|\{date\}/g, (placeholder) =>
    placeholder === "{date}" ? date : subjectName,
  );
}

/** As many dots as the ending of a rotated file has, and what is between and behind them. */
const ENDING = /(?:\.[^.]*){1,4}$/;

function escapeDots(ending: string): string {
  return ending.replaceAll(".", "%2E");
}

/** The day of `timeMs` in UTC, `YYYY-MM-DD`. */
export function dateOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

/** The folder that all files of `template` are in or below. */
export function commonFolder(template: string): string {
  const [fixed = ""] = template.split(/\{subject\}|\{date\}/);
  // What stands before a placeholder may be the beginning of a name: the x stands for the rest of it.
  return dirname(fixed === template ? template : `${fixed}x`);
}

/** What a file system takes as one name, and as a path. */
const FILE_NAME_MAX_BYTES = 255;
const PATH_MAX_BYTES = 4095;
/** The name of a subject is no longer than this, whatever room there is. */
const NAME_MAX_BYTES = 150;
/** A shorter one would be nothing but its hash. */
const NAME_MIN_BYTES = 64;
/** `.20260131T235959.999Z.gz.unfinished`, and what four dots become longer by being escaped. */
const ARCHIVE_ROOM_BYTES = 35 + 8;
const DATE = "2026-01-31";

/** How long the name of a subject may be in the files of `template`, in bytes: at most 150. */
export function subjectRoom(template: string): number {
  const rooms = segmentsOf(template).map(({ subjects, bytes }) =>
    subjects === 0 ? Infinity : (FILE_NAME_MAX_BYTES - ARCHIVE_ROOM_BYTES - bytes) / subjects,
  );
  return Math.floor(Math.min(NAME_MAX_BYTES, ...rooms));
}

/** True if all names that `template` may become are such as a file system takes, those of rotated files among them. */
export function fitsFileSystem(template: string, isRotated: boolean): boolean {
  const segments = segmentsOf(template);
  const room = subjectRoom(template);
  const pathBytes = segments.reduce((sum, { subjects, bytes }) => sum + bytes + subjects * room, 0);
  if (room < NAME_MIN_BYTES || pathBytes + ARCHIVE_ROOM_BYTES > PATH_MAX_BYTES) return false;
  const last = segments.at(-1)?.bytes ?? 0;
  return (
    segments.every(({ bytes }) => bytes <= FILE_NAME_MAX_BYTES) &&
    (!isRotated || last + ARCHIVE_ROOM_BYTES <= FILE_NAME_MAX_BYTES)
  );
}

/** Each name in the path: how often the subject stands in it, and how long the rest of it is. */
function segmentsOf(template: string): { readonly subjects: number; readonly bytes: number }[] {
  return template.split("/").map((segment) => ({
    subjects: segment.split("{subject}").length - 1,
    bytes: Buffer.byteLength(fill(segment, "", DATE)),
  }));
}

export interface NameOptions {
  /** A {@link subjectRoom}. */
  readonly maxBytes?: number;
  /** The file system takes `A` and `a` for one name, and perhaps two ways to write one letter as well, or `a.` and `a`. */
  readonly foldsCase?: boolean;
}

/** Leads away, ends a name, or is not to be seen as what it is where names are listed or typed. */
const UNFIT =
  /^[.-]|[\u0000-\u0020/%\u007f-\u00a0\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\ufeff]/gu;
/** The first is what has its place already. */
const FOLDED = /%[0-9A-F]{2}|[A-Z]|[^\u0000-\u007f]|\.$/gu;
/** Between the beginning of a name that was cut and its hash; never in another name. */
const CUT = "%-";
const CUT_NAME = /%-[0-9a-f]{16}$/;

/**
 * The name of a subject as part of a path: itself but for `/`, `%`, blanks, control characters and a leading dot or dash,
 * whose bytes become `%` and two digits. So nothing leads out of the folder, and no two subjects have one name. Whoever may
 * publish chooses the subject: one that is too long for a name is cut, and told apart by its hash.
 */
export function subjectFileName(subject: string, options: NameOptions = {}): string {
  const { maxBytes = NAME_MAX_BYTES, foldsCase = false } = options;
  const fit = subject.replace(UNFIT, percentEncode);
  const name = foldsCase ? fit.replace(FOLDED, encodeFolded) : fit;
  if (Buffer.byteLength(name) <= maxBytes) return name === "" ? "%" : name;
  const hash = createHash("sha256").update(subject).digest("hex").slice(0, 16);
  const room = maxBytes - hash.length - CUT.length;
  // A character that the cut goes through decodes to a replacement character, and is left out.
  const kept = Buffer.from(name)
    .subarray(0, room)
    .toString()
    .replace(/\ufffd+$/, "");
  return `${kept}${CUT}${hash}`;
}

function percentEncode(character: string): string {
  const bytes = Array.from(Buffer.from(character), (byte) => byte.toString(16).padStart(2, "0"));
  return bytes.map((byte) => `%${byte.toUpperCase()}`).join("");
}

function encodeFolded(text: string): string {
  const isEncoded = text.startsWith("%");
  return isEncoded ? text : percentEncode(text);
}

/**
 * A NATS pattern that matches the subject which has this {@link subjectFileName}: the subject itself or, where the name was
 * cut, all that begin like it. Undefined if it is no such name.
 */
export function subjectPatternOf(name: string): string | undefined {
  try {
    if (!CUT_NAME.test(name)) return decodeURIComponent(name);
    const kept = name.replace(CUT_NAME, "");
    const tokensEnd = kept.lastIndexOf(".");
    return tokensEnd === -1 ? ">" : `${decodeURIComponent(kept.slice(0, tokensEnd))}.>`;
  } catch {
    return undefined;
  }
}

const OVERFLOW = "%other-subjects-";

/**
 * What stands for the subject in the name of the file for those that are too many: no subject's name begins so, and another
 * writer of the same folder has a file of its own for them.
 */
export function overflowName(writerName: string, options: NameOptions = {}): string {
  const maxBytes = (options.maxBytes ?? NAME_MAX_BYTES) - OVERFLOW.length;
  return `${OVERFLOW}${subjectFileName(writerName, { ...options, maxBytes })}`;
}

/** `<path>.20260131T235959.999Z`: what is rotated at `timeMs` is called. The names sort by time. */
export function archivePath(path: string, timeMs: number): string {
  return `${path}.${new Date(timeMs).toISOString().replaceAll(/[-:]/g, "")}`;
}

const ARCHIVE_SUFFIX = /^\.(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\d\.\d{3}Z)(?:\.gz)?$/;
/** The same, and what a rotated file is called while it is being compressed, at the end of a name. */
const LIKE_ARCHIVE = /\.\d{8}T\d{6}\.\d{3}Z(?:\.gz(?:\.unfinished)?)?$/;

/** What a rotated file is called until it is compressed. */
export function unfinishedPath(archive: string): string {
  return `${archive}.gz.unfinished`;
}

export function looksRotated(path: string): boolean {
  return LIKE_ARCHIVE.test(path);
}

/** The name that a rotated file had, compressed or not or halfway; undefined if `name` is no such file's. */
export function nameBeforeRotation(name: string): string | undefined {
  return LIKE_ARCHIVE.test(name) ? name.replace(LIKE_ARCHIVE, "") : undefined;
}

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
