/** Goal: files that cannot be written are noticed before anything comes in; and the check leaves nothing behind. */
import { describe, expect, test } from "bun:test";
import { link, mkdir, open, writeFile } from "node:fs/promises";

import type { FileOptions } from "../../../src/config/config.ts";
import { checkWritable } from "../../../src/writer/file-check.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { fileOptions } from "../../support/writer-config.ts";
import { FaultyFiles } from "./faulty-files.ts";

const NOON_MS = Date.UTC(2026, 0, 31, 12);

describe("a path that can be written", () => {
  test("has its folders made, and the file of today, where it is the only one", async () => {
    await using folder = await tempFolder();
    const check = (...names: readonly string[]) =>
      checkWritable(fileOptions(folder.file(...names)), new FaultyFiles(), NOON_MS);
    await check("a", "all.lp");
    await check("b", "{date}.lp");
    await check("c", "d", "{subject}", "{date}.lp");
    expect(await folder.names()).toEqual(["a/all.lp", "b/2026-01-31.lp"]);
  });

  test("may be in a folder that others are looking at", async () => {
    await using folder = await tempFolder();
    const check = (name: string) =>
      checkWritable(
        fileOptions(folder.file(name), { sizeMaxBytes: 1 }),
        new FaultyFiles(),
        NOON_MS,
      );
    await Promise.all(["a", "b", "c", "d", "e"].map(check));
    expect(await folder.names()).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("keeps what is in it", async () => {
    await using folder = await tempFolder();
    await writeFile(folder.file("all.lp"), "a v=1\n");
    await checkWritable(fileOptions(folder.file("all.lp")), new FaultyFiles(), NOON_MS);
    expect(await folder.texts()).toEqual({ "all.lp": "a v=1\n" });
  });

  test("may be a device, in a folder where nothing can be made", async () => {
    const files = new FaultyFiles();
    await checkWritable(fileOptions("/dev/null"), files, NOON_MS);
    expect(files.calls).toEqual(new Map([["open", 1]]));
  });
});

describe("the file system", () => {
  test("is asked whether it takes small and capital letters for one, where subjects give names", async () => {
    await using folder = await tempFolder();
    const files = new FaultyFiles();
    const options = fileOptions(folder.file("{subject}.lp"));
    expect(await checkWritable(options, files, NOON_MS)).toEqual({ foldsCase: false });
    const { stat } = files;
    // What it has under a name in small letters it finds by capital ones.
    Object.assign(files, {
      stat: (path: string) => stat(path.replace(/[^/]+$/, (name) => name.toLowerCase())),
    });
    expect(await checkWritable(options, files, NOON_MS)).toEqual({ foldsCase: true });
    expect(await folder.names()).toEqual([]);
  });
});

describe("a path that cannot be written", () => {
  const problemOf = (options: FileOptions, files = new FaultyFiles()) =>
    checkWritable(options, files, NOON_MS).then(
      () => "none",
      (error: Error) => `${error.name}: ${error.message}`,
    );

  test("is named with the reason: one below a file, or a folder", async () => {
    await using folder = await tempFolder();
    await writeFile(folder.file("file"), "");
    const below = folder.file("file", "all.lp");
    expect(await problemOf(fileOptions(below))).toStartWith(
      `SpoutError: cannot write to "${below}" (file_path): ENOTDIR: not a directory`,
    );
    const subjects = folder.file("file", "{subject}.lp");
    expect(await problemOf(fileOptions(subjects))).toStartWith(
      `SpoutError: cannot write to "${subjects}" (file_path): E`,
    );
    await mkdir(folder.file("folder"));
    expect(await problemOf(fileOptions(folder.file("folder")))).toContain("EISDIR");
  });

  test("is one that another writer has, by whatever path", async () => {
    await using folder = await tempFolder();
    await writeFile(folder.file("all.lp"), "");
    await link(folder.file("all.lp"), folder.file("link"));
    await using theirs = await open(folder.file("all.lp"), "a");
    const files = new FaultyFiles();
    expect(files.tryLock(theirs.fd)).toBe(true);
    for (const name of ["all.lp", "link"]) {
      expect(await problemOf(fileOptions(folder.file(name)))).toBe(
        `SpoutError: cannot write to "${folder.file(name)}" (file_path): another writer appends to it; each needs files of its own`,
      );
    }
    // It was let go of at once.
    await writeFile(folder.file("free"), "");
    expect(await problemOf(fileOptions(folder.file("free")))).toBe("none");
    expect(await problemOf(fileOptions(folder.file("free")))).toBe("none");
  });

  test("is one in a folder in which no file can be made when it is needed", async () => {
    await using folder = await tempFolder();
    await writeFile(folder.file("all.lp"), "");
    const files = new FaultyFiles();
    const { open } = files;
    // As a read-only folder: what is there can be opened.
    Object.assign(files, {
      open: (path: string, flags: string) =>
        path.endsWith("all.lp") ? open(path, flags) : Promise.reject(new Error("EROFS")),
    });
    expect(await problemOf(fileOptions(folder.file("all.lp")), files)).toBe("none");
    for (const options of [
      fileOptions(folder.file("{subject}.lp")),
      fileOptions(folder.file("all.lp"), { sizeMaxBytes: 1 }),
      fileOptions(folder.file("all.lp"), { ageMaxMs: 1 }),
    ]) {
      expect(await problemOf(options, files)).toEndWith("(file_path): EROFS");
    }
  });
});
