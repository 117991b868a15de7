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
  /** There are rotated files of it, compressed or not or halfway. */
  readonly isRotated: boolean;
}

interface Known {
  readonly subjectName?: string;
  readonly date?: string;
}

/** What is missing, or is no folder, holds no files; other errors of the system are the caller's. */
export async function findFiles(files: FileSystem, template: string): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  const segments = template.split("/");
  await search("", segments, {});
  return found;

  /** `parent` is empty, or ends in a slash. */
  async function search(parent: string, [segment = "", ...rest]: readonly string[], known: Known) {
    if (rest.length === 0) {
      found.push(...filesIn(parent, await namesIn(files, parent), segment, known));
      return;
    }
    const matches = matcher(segment, known);
    const fixed = isFixed(segment) ? [segment] : await namesIn(files, parent);
    for (const name of fixed) {
      const more = matches(name);
      if (more !== undefined) await search(`${parent}${name}/`, rest, { ...known, ...more });
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
  const there = new Set(names.filter((name) => nameBeforeRotation(name) === undefined));
  const rotated = new Set(names.flatMap((name) => nameBeforeRotation(name) ?? []));
  return [...there.union(rotated)].flatMap((name) => {
    const more = matches(name);
    if (more === undefined) return [];
    const { subjectName = "", date = "" } = { ...known, ...more };
    const isThere = there.has(name);
    return [{ path: parent + name, subjectName, date, isThere, isRotated: rotated.has(name) }];
  });
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
