/**
 * Files that two writers of one process would both append to: each mends and rotates a file as if it were its own alone.
 * What cannot be seen here (links to files, other processes) is noticed when the files are opened.
 */
import { realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

import { patternsOverlap } from "../bus/subject.ts";
import type { LoadedComponent } from "./build.ts";
import { holdsSubject, pathOfSubject, subjectFileName, subjectPatternOf } from "./file-path.ts";
import { type Problems, show } from "./problems.ts";

interface FileWriter {
  readonly component: LoadedComponent;
  readonly written: string;
  /** The same for every spelling of the path. */
  readonly path: string;
  readonly subjects: readonly string[];
  /** As written in the configuration, with the subject in it where it is known, and the same in one spelling. */
  readonly known: readonly { readonly shown: string; readonly path: string }[];
}

export function checkFiles(components: readonly LoadedComponent[], problems: Problems): void {
  const writers = components.flatMap(fileWriter);
  for (const [index, writer] of writers.entries()) {
    for (const rival of writers.slice(0, index)) {
      const shared = sharedPath(writer, rival);
      if (shared === undefined) continue;
      const { settings } = writer.component;
      const got = `${show(shared)}, which component ${show(rival.component.config.name)} has too`;
      problems.add(settings.place("file_path"), "a file of its own", got);
      break;
    }
  }
}

function fileWriter(component: LoadedComponent): FileWriter[] {
  const { config } = component;
  if (config.mode !== "writer" || config.output.kind !== "file" || config.output.path === "") {
    return [];
  }
  const { subjects, output } = config;
  const isKnown = (pattern: string) => !holdsSubject(output.path) || isPlain(pattern);
  const known = subjects.filter(isKnown).map((subject) => {
    const shown = pathOfSubject(output.path, subjectFileName(subject));
    return { shown, path: inOneSpelling(shown) };
  });
  return [{ component, written: output.path, path: inOneSpelling(output.path), subjects, known }];
}

/** A path that both would write to, in the words of the first one; undefined if none is known. */
function sharedPath(one: FileWriter, other: FileWriter): string | undefined {
  const own = one.known.find(({ path }) => writesTo(other, path));
  if (own !== undefined) return own.shown;
  const theirs = other.known.find(({ path }) => writesTo(one, path));
  if (theirs !== undefined) return theirs.shown;
  const haveOnePath = one.path === other.path && holdsSubject(one.path);
  const [shared] = haveOnePath ? one.subjects.filter((subject) => reads(other, subject)) : [];
  return shared && pathOfSubject(one.written, shared);
}

function writesTo(writer: FileWriter, path: string): boolean {
  const match = expressionOf(writer.path).exec(path);
  if (match === null || !holdsSubject(writer.path)) return match !== null;
  const pattern = subjectPatternOf(match.groups?.["subject"] ?? "");
  return pattern !== undefined && reads(writer, pattern);
}

function reads({ subjects }: FileWriter, pattern: string): boolean {
  return subjects.some((subject) => patternsOverlap(subject, pattern));
}

function isPlain(pattern: string): boolean {
  return !pattern.split(".").some((token) => token === "*" || token === ">");
}

/** Matches the paths that the template may become on any day, and those in which the day is still open. */
function expressionOf(template: string): RegExp {
  let seen = false;
  const parts = template.split(/(\{subject\}|\{date\})/).map((part) => {
    if (part === "{date}") return "(?:\\d{4}-\\d\\d-\\d\\d|\\{date\\})";
    if (part !== "{subject}") return RegExp.escape(part);
    if (seen) return "\\k<subject>";
    seen = true;
    return "(?<subject>[^/]+)";
  });
  return new RegExp(`^${parts.join("")}$`, "s");
}

/** Folders that are there are called what they are, without links. */
function inOneSpelling(path: string): string {
  let rest = basename(path);
  for (let folder = resolve(dirname(path)); ; folder = dirname(folder)) {
    try {
      return join(realpathSync(folder), rest);
    } catch {
      if (folder === dirname(folder)) return resolve(path);
      rest = join(basename(folder), rest);
    }
  }
}
