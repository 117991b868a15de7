/** Goal: of all who open one file, by whatever path, one has the lock, for as long as the file is open or its process lives. */
import { expect, test } from "bun:test";
import { link, open, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { openTryLock } from "../../../src/platform/file-lock.ts";
import { eventually } from "../../support/eventually.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const tryLock = openTryLock();

test("one opening of a file has the lock, until it is closed", async () => {
  await using folder = await tempFolder();
  const path = folder.file("a");
  await using other = await open(path, "a+");
  const first = await open(path, "a+");
  expect(tryLock(first.fd)).toBe(true);
  expect(tryLock(first.fd)).toBe(true);
  expect(tryLock(other.fd)).toBe(false);
  await first.close();
  expect(tryLock(other.fd)).toBe(true);
});

test("a link is the same file, another file is not", async () => {
  await using folder = await tempFolder();
  await writeFile(folder.file("a"), "");
  await symlink("a", folder.file("symbolic"));
  await link(folder.file("a"), folder.file("hard"));
  await using first = await open(folder.file("a"), "a+");
  expect(tryLock(first.fd)).toBe(true);
  for (const name of ["symbolic", "hard", "./a"]) {
    await using other = await open(`${folder.path}/${name}`, "r");
    expect([name, tryLock(other.fd)]).toEqual([name, false]);
  }
  await using another = await open(folder.file("b"), "a+");
  expect(tryLock(another.fd)).toBe(true);
});

test("a process that is killed leaves no lock behind", async () => {
  await using folder = await tempFolder();
  const path = folder.file("a");
  const module = join(import.meta.dir, "../../../src/platform/file-lock.ts");
  const code = `
    import { openSync } from "node:fs";
    import { openTryLock } from ${JSON.stringify(module)};
    console.log(openTryLock()(openSync(${JSON.stringify(path)}, "a+")));
    setInterval(() => {}, 1000);`;
  const child = Bun.spawn([process.execPath, "-e", code], { stdout: "pipe" });
  const { value } = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toBe("true\n");
  await using file = await open(path, "a+");
  expect(tryLock(file.fd)).toBe(false);
  child.kill("SIGKILL");
  await child.exited;
  await eventually("the lock is free", () => tryLock(file.fd));
});
