/** Archives, as the system's own tar and gzip read them. */
import { expect, test } from "bun:test";

import { gzip, tar, type TarEntry } from "../../../build/tar.ts";
import { run } from "../../support/command.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const DATE = new Date("2026-02-03T04:05:06Z");
const text = (name: string, mode: number, content: string): TarEntry => ({
  name,
  mode,
  content: new TextEncoder().encode(content),
});
const ENTRIES = [
  text("top/b", 0o644, "second\n"),
  text("top/", 0o755, ""),
  text("top/run", 0o755, "x".repeat(512)),
  text("top/tmp/", 0o1777, ""),
  text("top/a", 0o600, ""),
  text(`top/${"n".repeat(96)}`, 0o644, "y".repeat(513)),
];

test("tar lists names in order, modes, sizes and the one time, all of root", async () => {
  await using folder = await tempFolder();
  await Bun.write(folder.file("t.tar"), tar(ENTRIES, DATE));
  const listing = await run(
    ["tar", "tvf", folder.file("t.tar"), "--numeric-owner", "--full-time"],
    {
      env: { TZ: "UTC" },
    },
  );
  expect(listing.replaceAll(/ +/g, " ").trim().split("\n")).toEqual(
    [
      "drwxr-xr-x 0/0 0 TIME top/",
      "-rw------- 0/0 0 TIME top/a",
      "-rw-r--r-- 0/0 7 TIME top/b",
      `-rw-r--r-- 0/0 513 TIME top/${"n".repeat(96)}`,
      "-rwxr-xr-x 0/0 512 TIME top/run",
      "drwxrwxrwt 0/0 0 TIME top/tmp/",
    ].map((line) => line.replace("TIME", "2026-02-03 04:05:06")),
  );
});

test("tar takes out what was put in", async () => {
  await using folder = await tempFolder();
  await Bun.write(folder.file("t.tgz"), gzip(tar(ENTRIES, DATE)));
  await run(["tar", "xzf", folder.file("t.tgz"), "-C", folder.path]);
  expect(await Bun.file(folder.file("top/b")).text()).toBe("second\n");
  expect(await Bun.file(folder.file("top/run")).text()).toBe("x".repeat(512));
  expect(await Bun.file(folder.file("top", "n".repeat(96))).text()).toBe("y".repeat(513));
});

test("the same contents are the same bytes, in whatever order they come", () => {
  const forwards = gzip(tar(ENTRIES, DATE));
  expect(gzip(tar(ENTRIES.toReversed(), DATE))).toEqual(forwards);
});

test("a name that the format has no room for is refused", () => {
  expect(() => tar([text("n".repeat(101), 0o644, "")], DATE)).toThrow("name too long");
});
