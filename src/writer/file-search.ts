/** Which files of a `file_path` there are already: those of other days, other runs and silent subjects. */
import { nameBeforeRotation } from "../config/file-path.ts";
import { codeOf, type FileSystem } from "./file-system.ts";

export interface FoundFile {
  readonly path: string;
  /** What stands for the placeholders in it; empty where the template has none. */
  readonly subjectName: string;
  readonly date: string;
  /** The file itself is there, and not only what was rotated of it. */
  readonly isThere: boolean;
  /** How many rotated files of it there are: not compressed, compressed, and halfway, which a crash may have left. */
  readonly rotated: RotatedCounts;
}

export interface RotatedCounts {
  readonly plain: number;
  readonly compressed: number;
  readonly unfinished: number;
}

interface Known {
  readonly subjectName?: string;
  readonly date?: string;
}

/** Folder by folder. What is missing, or is no folder, holds no files; other errors of the system are the caller's. */
export function findFiles(files: FileSystem, template: string): AsyncGenerator<FoundFile> {
  return search(files, "", template.split("/"), {});
}

/** `parent` is empty, or ends in a slash. */
async function* search(
  files: FileSystem,
  parent: string,
  [segment = "", ...rest]: readonly string[],
  known: Known,
): AsyncGenerator<FoundFile> {
  if (rest.length === 0)
    return yield* filesIn(parent, await namesIn(files, parent), segment, known);
  const matches = matcher(segment, known);
  const names = isFixed(segment) ? [segment] : await namesIn(files, parent);
  for (const name of names) {
    const more = matches(name);
    if (more !== undefined) {
      yield* search(files, `${parent}${name}/`, rest, { ...known, ...more });
    }
  }
}

function filesIn(
  parent: string,
  names: readonly string[],
  segment: string,
  known: Known,
): FoundFile[] {
  const matches = matcher(segment, known);
  const byName = Map.groupBy(names, (name) => nameBeforeRotation(name) ?? name);
  return Array.from(byName).flatMap(([name, all]) => {
    const more = matches(name);
    if (more === undefined) return [];
    const { subjectName = "", date = "" } = { ...known, ...more };
    const [isThere, rotated] = [all.includes(name), countRotated(name, all)];
    return [{ path: parent + name, subjectName, date, isThere, rotated }];
  });
}

function countRotated(name: string, all: readonly string[]): RotatedCounts {
  const compressed = all.filter((other) => other !== name && other.endsWith(".gz")).length;
  const unfinished = all.filter((other) => other.endsWith(".unfinished") && other !== name).length;
  const itself = all.includes(name) ? 1 : 0;
  return { plain: all.length - compressed - unfinished - itself, compressed, unfinished };
}

async function namesIn(files: FileSystem, parent: string): Promise<string[]> {
  try {
    return await files.readdir(parent === "" ? "." : parent);
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return [];
    throw error;
  }
}

function isFixed(segment: string): boolean {
  return !/\{subject\}|\{date\}/.test(segment);
}

const PLACEHOLDERS = {
  "{subject}": { key: "subjectName", pattern: ".+" },
  "{date}": { key: "date", pattern: "\\d{4}-\\d\\d-\\d\\d" },
} as const;

/** Tells what the placeholders in `segment` that are not known yet stand for in a name; undefined if it is no such name. */
function matcher(segment: string, known: Known): (name: string) => Known | undefined {
  const seen = new Set<string>();
  const parts = segment.split(/(\{subject\}|\{date\})/).map((part) => {
    if (part !== "{subject}" && part !== "{date}") return RegExp.escape(part);
    const { key, pattern } = PLACEHOLDERS[part];
    const value = known[key];
    if (value !== undefined) return RegExp.escape(value);
    if (seen.has(key)) return `\\k<${key}>`;
    seen.add(key);
    return `(?<${key}>${pattern})`;
  });
  const expression = new RegExp(`^${parts.join("")}$`, "s");
  return (name) => {
    const match = expression.exec(name);
    return match === null ? undefined : { ...match.groups };
  };
}
