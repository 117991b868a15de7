/**
 * Goal: a file holds whole lines and nothing else, whatever happened to it before or while it was written.
 * Method: real files in a temporary folder; where the disk has to fail, it is told to.
 */
import { describe, expect, test } from "bun:test";
import { appendFile, writeFile } from "node:fs/promises";

import { appendLines } from "../../../src/writer/file-append.ts";
import { type TempFolder, tempFolder } from "../../support/temp-folder.ts";
import { FaultyFiles } from "./faulty-files.ts";

const encode = (text: string) => new TextEncoder().encode(text);

async function setUp(folder: TempFolder, before?: string | Uint8Array) {
  const path = folder.file("all.lp");
  if (before !== undefined) await writeFile(path, before);
  const files = new FaultyFiles();
  const tornAt: number[] = [];
  const append = (text: string) =>
    appendLines(files, path, encode(text), { onTornLine: (offset) => void tornAt.push(offset) });
  const text = async () => (await folder.texts())["all.lp"];
  return { files, tornAt, append, text };
}

describe("appending", () => {
  test("makes the file and its folders, and adds to what is there", async () => {
    await using folder = await tempFolder();
    const path = folder.file("a", "b", "all.lp");
    const append = (text: string) =>
      appendLines(new FaultyFiles(), path, encode(text), { onTornLine: () => {} });
    await append("a v=1\n");
    await append("b v=2\n\nc v=3\r\n");
    expect(await folder.texts()).toEqual({ "a/b/all.lp": "a v=1\nb v=2\n\nc v=3\r\n" });
  });

  test("is one write, of the very bytes", async () => {
    await using folder = await tempFolder();
    const { files, append, text } = await setUp(folder, "a v=1\n");
    await append("b v=1\n".repeat(10_000));
    expect(files.calls.get("write")).toBe(1);
    expect(await text()).toBe(`a v=1\n${"b v=1\n".repeat(10_000)}`);
  });

  test("goes on in a file that was moved away or cut off in between", async () => {
    await using folder = await tempFolder();
    const { files, append, text } = await setUp(folder);
    await append("a v=1\n");
    await files.rename(folder.file("all.lp"), folder.file("moved"));
    await append("b v=1\n");
    expect(await folder.texts()).toEqual({ "all.lp": "b v=1\n", moved: "a v=1\n" });
    await writeFile(folder.file("all.lp"), "");
    await append("c v=1\n");
    expect(await text()).toBe("c v=1\n");
  });
});

describe("a line that a crash has torn", () => {
  // The text before, the text after, and where the torn line starts.
  const cases: readonly (readonly [string, string, number])[] = [
    ["a v=1\nb v=12", "a v=1\n# v=12\nc v=3\n", 6],
    ["b v=12", "# v=12\nc v=3\n", 0],
    ["a v=1\n\nb", "a v=1\n\n#\nc v=3\n", 7],
    ["a v=1\r", "# v=1\r\nc v=3\n", 0],
    // Half done by an earlier attempt
    ["a v=1\n# v=12", "a v=1\n# v=12\nc v=3\n", 6],
  ];
  for (const [before, after, offset] of cases) {
    test(`becomes a comment: ${JSON.stringify(before)}`, async () => {
      await using folder = await tempFolder();
      const { append, text, tornAt } = await setUp(folder, before);
      await append("c v=3\n");
      expect(await text()).toBe(after);
      expect(tornAt).toEqual([offset]);
      await append("d v=4\n");
      expect(await text()).toBe(`${after}d v=4\n`);
      expect(tornAt).toEqual([offset]);
    });
  }

  test("is found however long it is", async () => {
    for (const length of [65_535, 65_536, 65_537, 200_000]) {
      await using folder = await tempFolder();
      const { append, text } = await setUp(folder, `a v=1\n${"x".repeat(length)}`);
      await append("c v=3\n");
      expect(await text()).toBe(`a v=1\n#${"x".repeat(length - 1)}\nc v=3\n`);
    }
  });
});

describe("a write that fails", () => {
  test("half-way, because the disk is full, leaves the file as it was", async () => {
    await using folder = await tempFolder();
    const { files, append, text } = await setUp(folder, "a v=1\n");
    files.roomBytes = 4;
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(append("b v=1\nc v=1\n")).rejects.toThrow("ENOSPC");
      expect(await text()).toBe("a v=1\n");
    }
    files.roomBytes = Infinity;
    await append("b v=1\nc v=1\n");
    expect(await text()).toBe("a v=1\nb v=1\nc v=1\n");
  });

  test("on a disk so broken that nothing can be taken back still leaves no torn line", async () => {
    await using folder = await tempFolder();
    const { files, append, text, tornAt } = await setUp(folder, "a v=1\n");
    files.roomBytes = 8;
    files.failures.set("truncate", "EIO");
    await expect(append("b v=1\nc v=1\n")).rejects.toThrow("ENOSPC");
    expect(await text()).toBe("a v=1\nb v=1\nc ");
    files.roomBytes = Infinity;
    await append("b v=1\nc v=1\n");
    expect(await text()).toBe("a v=1\nb v=1\n# \nb v=1\nc v=1\n");
    expect(tornAt).toEqual([12]);
  });

  test("takes back nothing that somebody else has added meanwhile", async () => {
    await using folder = await tempFolder();
    const { files, append, text } = await setUp(folder, "a v=1\n");
    // Nothing of ours, and a part of it, was written when the other one came.
    for (const [roomBytes, torn] of [
      [0, ""],
      [8, "b v=1\nc "],
    ] as const) {
      await writeFile(folder.file("all.lp"), "a v=1\n");
      files.roomBytes = roomBytes;
      files.beforeFull = () => appendFile(folder.file("all.lp"), "theirs v=1\n");
      await expect(append("b v=1\nc v=1\n")).rejects.toThrow("ENOSPC");
      expect(await text()).toBe(`a v=1\n${torn}theirs v=1\n`);
    }
  });

  test("for want of permission, or on the way to the file, says so", async () => {
    await using folder = await tempFolder();
    const { files, append } = await setUp(folder);
    for (const code of ["EACCES", "EIO", "EDQUOT", "EMFILE"]) {
      files.failures.set("open", code);
      await expect(append("b v=1\n")).rejects.toThrow(code);
    }
    expect(await folder.names()).toEqual([]);
  });

  test("piece by piece is no failure", async () => {
    await using folder = await tempFolder();
    const { files, append, text } = await setUp(folder);
    files.pieceBytes = 5;
    await append("abc v=1\nd v=2\n");
    expect(await text()).toBe("abc v=1\nd v=2\n");
  });
});
