/** Goal: of a template, every file that there is is found with what its placeholders stand for, and no other file. */
import { describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

import { findFiles } from "../../../src/writer/file-search.ts";
import { type TempFolder, tempFolder } from "../../support/temp-folder.ts";
import { FaultyFiles } from "./faulty-files.ts";

const ROTATED = ".20260101T120000.000Z";
const LATER = ".20260102T120000.000Z";

async function fill(folder: TempFolder, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(folder.file(name)), { recursive: true });
    await writeFile(folder.file(name), "");
  }
}

/** `path: subject, date` of each file, with what is there of it. */
async function found(folder: TempFolder, template: string): Promise<string[]> {
  const files = await Array.fromAsync(findFiles(new FaultyFiles(), `${folder.path}/${template}`));
  return files
    .map(({ path, subjectName, date, isThere, rotated }) => {
      const name = path.slice(folder.path.length + 1);
      const counts = Object.entries(rotated).filter(([, count]) => count > 0);
      const parts = counts.map(([kind, count]) => ` ${count} ${kind}`).join("");
      return `${name}: ${subjectName}, ${date}${isThere ? " there" : ""}${parts}`;
    })
    .sort();
}

describe("a file is found", () => {
  test("with its subject and its day, in one name or several", async () => {
    await using folder = await tempFolder();
    await fill(folder, "2026-01-31/a.b.lp", "2026-02-01/a.b.lp", "2026-02-01/c.lp", "other/c.lp");
    expect(await found(folder, "{date}/{subject}.lp")).toEqual([
      "2026-01-31/a.b.lp: a.b, 2026-01-31 there",
      "2026-02-01/a.b.lp: a.b, 2026-02-01 there",
      "2026-02-01/c.lp: c, 2026-02-01 there",
    ]);
    await fill(folder, "x/x-2026-01-31-x", "x/x-2026-01-31-y", "x/y-2026-01-31-y");
    expect(await found(folder, "{subject}/{subject}-{date}-{subject}")).toEqual([
      "x/x-2026-01-31-x: x, 2026-01-31 there",
    ]);
  });

  test("where there is nothing to put in", async () => {
    await using folder = await tempFolder();
    await fill(folder, "sub/all.lp", "sub/all_lp", "all.lp");
    expect(await found(folder, "sub/all.lp")).toEqual(["sub/all.lp: ,  there"]);
  });

  test("by what was rotated of it, compressed or not or halfway, with itself or without", async () => {
    await using folder = await tempFolder();
    const rotated = [`a.lp${ROTATED}`, `b.lp${ROTATED}.gz`, `c.lp${ROTATED}.gz.unfinished`];
    await fill(folder, "a.lp", ...rotated, `a.lp${ROTATED}.bak`, "a.lp.gz", `a.lp${LATER}`);
    expect(await found(folder, "{subject}.lp")).toEqual([
      "a.lp: a,  there 2 plain",
      "b.lp: b,  1 compressed",
      "c.lp: c,  1 unfinished",
    ]);
  });

  test("with characters in it that mean something elsewhere", async () => {
    await using folder = await tempFolder();
    await fill(folder, "a+b(.c", "axb(.c", "a+b(n\n$&.c");
    expect(await found(folder, "a+b({subject}.c")).toEqual(["a+b(n\n$&.c: n\n$&,  there"]);
  });
});

test("where there is no folder, or a file in its place, no file is found", async () => {
  await using folder = await tempFolder();
  await fill(folder, "file");
  expect(await found(folder, "missing/{subject}.lp")).toEqual([]);
  expect(await found(folder, "file/{date}/{subject}.lp")).toEqual([]);
  expect(await found(folder, "{subject}/x/{date}")).toEqual([]);
});

test("a folder that cannot be read is an error", async () => {
  await using folder = await tempFolder();
  const files = new FaultyFiles();
  files.failures.set("readdir", "EACCES");
  await expect(findFiles(files, `${folder.path}/{subject}`).next()).rejects.toThrow("EACCES");
});
