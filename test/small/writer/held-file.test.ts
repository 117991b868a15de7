/** Goal: a file that one writer holds is no other's, by whatever path; and what is done to it from outside does no harm. */
import { describe, expect, test } from "bun:test";
import { link, rename, stat, symlink, unlink, writeFile } from "node:fs/promises";

import { type HeldFile, HeldFiles } from "../../../src/writer/held-file.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { FaultyFiles } from "./faulty-files.ts";

const TAKEN = "another writer appends to it; each needs files of its own";

/** Two writers, as in two processes: nothing of theirs is shared. */
function setUp() {
  const files = new FaultyFiles();
  const [one, other] = [new HeldFiles(files).add(), new HeldFiles(files).add()];
  return { files, one, other, [Symbol.asyncDispose]: () => releaseAll(one, other) };
}

async function releaseAll(...held: readonly HeldFile[]): Promise<void> {
  for (const file of held) await file.release();
}

describe("a file that is held", () => {
  test("is nobody else's until it is let go, or another one is held", async () => {
    await using folder = await tempFolder();
    await using writers = setUp();
    const { one, other } = writers;
    await one.hold(folder.file("x", "a"));
    await one.hold(folder.file("x", "a"));
    await expect(other.hold(folder.file("x", "a"))).rejects.toThrow(TAKEN);
    await other.hold(folder.file("x", "b"));
    await one.release();
    await other.hold(folder.file("x", "a"));
    await one.hold(folder.file("x", "b"));
    await expect(one.hold(folder.file("x", "a"))).rejects.toThrow(TAKEN);
    expect(await folder.names()).toEqual(["x/a", "x/b"]);
  });

  test("is the same by each of its paths", async () => {
    await using folder = await tempFolder();
    await using writers = setUp();
    const { one, other } = writers;
    await one.hold(folder.file("x", "a"));
    await symlink("x", folder.file("folder"));
    await symlink("x/a", folder.file("symbolic"));
    await link(folder.file("x", "a"), folder.file("hard"));
    for (const path of ["folder/a", "symbolic", "hard", "x/../x/a", "x//a", "./x/./a"]) {
      await expect(other.hold(`${folder.path}/${path}`)).rejects.toThrow(TAKEN);
    }
  });

  test("may be a device or a pipe, which are for everybody", async () => {
    await using writers = setUp();
    await writers.one.hold("/dev/null");
    await writers.other.hold("/dev/null");
  });
});

describe("what is done to the file from outside", () => {
  test("moves the hold to the file that is there now", async () => {
    await using folder = await tempFolder();
    await using writers = setUp();
    const { one, other } = writers;
    const path = folder.file("a");
    await one.hold(path);
    await rename(path, folder.file("moved"));
    await one.hold(path);
    await other.hold(folder.file("moved"));
    await expect(other.hold(path)).rejects.toThrow(TAKEN);
    await unlink(path);
    await one.hold(path);
    expect((await stat(path)).isFile()).toBe(true);
  });

  test("between opening and locking is noticed", async () => {
    await using folder = await tempFolder();
    await using writers = setUp();
    const { files, one, other } = writers;
    const path = folder.file("a");
    const { open } = files;
    let moves = 0;
    Object.assign(files, {
      async open(...args: Parameters<typeof open>) {
        const file = await open(...args);
        if (moves++ === 0) await rename(path, folder.file("moved"));
        return file;
      },
    });
    await one.hold(path);
    await expect(other.hold(path)).rejects.toThrow(TAKEN);
    await other.hold(folder.file("moved"));
    // Again and again
    Object.assign(files, {
      async open(...args: Parameters<typeof open>) {
        const file = await open(...args);
        await rename(path, folder.file("moved"));
        return file;
      },
    });
    await one.release();
    await expect(one.hold(path)).rejects.toThrow("again and again");
  });

  test("that makes it fail is told, and over when it is", async () => {
    await using folder = await tempFolder();
    await using writers = setUp();
    const { files, one } = writers;
    await one.hold(folder.file("a"));
    files.failures.set("stat", "ESTALE");
    await expect(one.hold(folder.file("a"))).rejects.toThrow("ESTALE");
    files.failures.clear();
    await one.hold(folder.file("a"));
  });
});

test("of many files those that were used last are held, so that no process runs out of descriptors", async () => {
  await using folder = await tempFolder();
  await using writers = setUp();
  const held = new HeldFiles(writers.files, 2);
  const three = [held.add(), held.add(), held.add()];
  const paths = ["a", "b", "c"].map((name) => folder.file(name));
  await three[0]?.hold(paths[0] ?? "");
  await three[1]?.hold(paths[1] ?? "");
  await three[0]?.hold(paths[0] ?? "");
  await three[2]?.hold(paths[2] ?? "");
  await expect(writers.other.hold(paths[0] ?? "")).rejects.toThrow(TAKEN);
  await expect(writers.other.hold(paths[2] ?? "")).rejects.toThrow(TAKEN);
  await writers.other.hold(paths[1] ?? "");
  await writeFile(paths[1] ?? "", "");
  await releaseAll(...three);
});
