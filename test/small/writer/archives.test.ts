/**
 * Goal: rotated files are never overwritten and never lost: each is there, whole, compressed or not, or was deleted
 * because more than enough newer ones are kept. Method: real files; where the disk has to fail, it is told to.
 */
import { describe, expect, test } from "bun:test";
import { open, unlink, writeFile } from "node:fs/promises";

import { type ArchiveOptions, createArchiveKeeper, rotate } from "../../../src/writer/archives.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { type TempFolder, tempFolder } from "../../support/temp-folder.ts";
import { FaultyFiles } from "./faulty-files.ts";

const NOON_MS = Date.UTC(2026, 0, 1, 12);

async function setUp(folder: TempFolder, texts: Readonly<Record<string, string>>) {
  for (const [name, text] of Object.entries(texts)) await writeFile(folder.file(name), text);
  const files = new FaultyFiles();
  const log = new RecordingLog();
  const keeperOf = (options: ArchiveOptions) =>
    createArchiveKeeper(options, { files, clock: new ManualClock(), log });
  return { files, log, keeperOf, path: folder.file("all.lp") };
}

describe("rotating", () => {
  test("renames the file after the time, to the millisecond, in UTC", async () => {
    await using folder = await tempFolder();
    const { files, path } = await setUp(folder, { "all.lp": "a v=1\n" });
    await rotate(files, path, NOON_MS + 34.7);
    expect(await folder.texts()).toEqual({ "all.lp.20260101T120000.034Z": "a v=1\n" });
  });

  test("takes the next name that is free, also of compressed files", async () => {
    await using folder = await tempFolder();
    const taken = {
      "all.lp.20260101T120000.000Z": "first\n",
      "all.lp.20260101T120000.002Z": "third\n",
    };
    const { files, path } = await setUp(folder, { ...taken, "all.lp": "a v=1\n" });
    await writeFile(`${path}.20260101T120000.001Z.gz`, Bun.gzipSync("second\n"));
    await rotate(files, path, NOON_MS);
    expect(await folder.texts()).toEqual({
      ...taken,
      "all.lp.20260101T120000.001Z.gz": "second\n",
      "all.lp.20260101T120000.003Z": "a v=1\n",
    });
  });

  test("under a clock that was set back takes a name behind that of the newest, so that the order stays", async () => {
    await using folder = await tempFolder();
    const { files, path } = await setUp(folder, { "all.lp": "newest\n" });
    await writeFile(`${path}.20260102T120000.000Z.gz`, Bun.gzipSync("newer\n"));
    await writeFile(`${path}.20260101T120000.000Z`, "old\n");
    await writeFile(`${path}.20269999T999999.999Z`, "no time\n");
    await rotate(files, path, NOON_MS);
    expect((await folder.texts())["all.lp.20260102T120000.001Z"]).toBe("newest\n");
  });

  test("that fails leaves everything as it was", async () => {
    await using folder = await tempFolder();
    const { files, path } = await setUp(folder, { "all.lp": "a v=1\n" });
    for (const operation of ["readdir", "rename"] as const) {
      files.failures.set(operation, "EACCES");
      await expect(rotate(files, path, NOON_MS)).rejects.toThrow("EACCES");
      files.failures.clear();
      expect(await folder.texts()).toEqual({ "all.lp": "a v=1\n" });
    }
  });
});

const FIRST = "all.lp.20260101T120000.000Z";
const SECOND = "all.lp.20260102T120000.000Z";
const THIRD = "all.lp.20260103T120000.000Z";

describe("the keeper", () => {
  const OTHERS = {
    "all.lp": "now\n",
    "all.lp.bak": "theirs\n",
    [`x${FIRST}`]: "theirs\n",
  };

  test("compresses what is rotated, and nothing else", async () => {
    await using folder = await tempFolder();
    const { keeperOf, path } = await setUp(folder, { ...OTHERS, [FIRST]: "1\n", [SECOND]: "2\n" });
    const keeper = keeperOf({ gzip: true, archivesMax: 0 });
    keeper.tidy(path);
    await keeper.idle();
    const expected = { ...OTHERS, [`${FIRST}.gz`]: "1\n", [`${SECOND}.gz`]: "2\n" };
    expect(await folder.texts()).toEqual(expected);
    // Again, and what came in between
    await writeFile(folder.file(THIRD), "3\n");
    keeper.tidy(path);
    await keeper.idle();
    expect(await folder.texts()).toEqual({ ...expected, [`${THIRD}.gz`]: "3\n" });
  });

  test("deletes the oldest above the limit, compressed or not, and nothing else", async () => {
    await using folder = await tempFolder();
    const archives = { [FIRST]: "1\n", [SECOND]: "2\n", [THIRD]: "3\n" };
    const { keeperOf, path } = await setUp(folder, { ...OTHERS, ...archives });
    const tidy = async (options: ArchiveOptions) => {
      const keeper = keeperOf(options);
      keeper.tidy(path);
      await keeper.idle();
    };
    await tidy({ gzip: false, archivesMax: 3 });
    expect(await folder.texts()).toEqual({ ...OTHERS, ...archives });
    await tidy({ gzip: true, archivesMax: 2 });
    expect(await folder.texts()).toEqual({
      ...OTHERS,
      [`${SECOND}.gz`]: "2\n",
      [`${THIRD}.gz`]: "3\n",
    });
    await tidy({ gzip: false, archivesMax: 1 });
    expect(await folder.texts()).toEqual({ ...OTHERS, [`${THIRD}.gz`]: "3\n" });
  });

  test("without limit and compression does nothing", async () => {
    await using folder = await tempFolder();
    const { keeperOf, path, files } = await setUp(folder, { [FIRST]: "1\n" });
    const keeper = keeperOf({ gzip: false, archivesMax: 0 });
    keeper.tidy(path);
    await keeper.idle();
    expect(files.calls).toEqual(new Map());
  });

  test("finishes what a crash left half-done", async () => {
    await using folder = await tempFolder();
    // Torn while it was compressed; and compressed, but not yet deleted
    const { keeperOf, path } = await setUp(folder, {
      [FIRST]: "1\n",
      [`${FIRST}.gz.unfinished`]: "torn",
      [SECOND]: "2\n",
    });
    await writeFile(folder.file(`${SECOND}.gz`), Bun.gzipSync("2\n"));
    const keeper = keeperOf({ gzip: true, archivesMax: 0 });
    keeper.tidy(path);
    await keeper.idle();
    expect(await folder.texts()).toEqual({ [`${FIRST}.gz`]: "1\n", [`${SECOND}.gz`]: "2\n" });
  });

  test("deletes what a crash left of a file that is not compressed any more, or is not there", async () => {
    await using folder = await tempFolder();
    const theirs = {
      ...OTHERS,
      [`x${FIRST}.gz.unfinished`]: "theirs",
      "all.lp.gz.unfinished": "theirs",
    };
    const { keeperOf, path } = await setUp(folder, {
      ...theirs,
      [FIRST]: "1\n",
      [`${FIRST}.gz.unfinished`]: "torn",
      [`${SECOND}.gz.unfinished`]: "torn",
    });
    const keeper = keeperOf({ gzip: false, archivesMax: 5 });
    keeper.tidy(path);
    await keeper.idle();
    expect(await folder.texts()).toEqual({ ...theirs, [FIRST]: "1\n" });
  });

  test("leaves a file that another writer is compressing", async () => {
    await using folder = await tempFolder();
    const { keeperOf, path, files } = await setUp(folder, { [FIRST]: "1\n", [SECOND]: "2\n" });
    const theirs = await open(folder.file(FIRST), "r");
    expect(files.tryLock(theirs.fd)).toBe(true);
    const keeper = keeperOf({ gzip: true, archivesMax: 0 });
    keeper.tidy(path);
    await keeper.idle();
    expect(await folder.names()).toEqual([FIRST, `${SECOND}.gz`]);
    await theirs.close();
    keeper.tidy(path);
    await keeper.idle();
    expect(await folder.names()).toEqual([`${FIRST}.gz`, `${SECOND}.gz`]);
  });

  test("never deletes a file that took a name while it was compressing", async () => {
    await using folder = await tempFolder();
    const { keeperOf, path, files } = await setUp(folder, {});
    const keeper = keeperOf({ gzip: true, archivesMax: 0 });
    const expected: string[] = [];
    for (let i = 0; i < 100; i++) {
      await writeFile(path, `a v=${i}\n`);
      expected.push(`a v=${i}\n`);
      await rotate(files, path, NOON_MS + i);
      keeper.tidy(path);
    }
    await keeper.idle();
    keeper.tidy(path);
    await keeper.idle();
    expect(Object.values(await folder.texts())).toEqual(expected);
  });

  test("retires a file: it is rotated, and compressed if rotated files are", async () => {
    await using folder = await tempFolder();
    for (const gzip of [true, false]) {
      const { keeperOf, path } = await setUp(folder, { "all.lp": "1\n" });
      const keeper = keeperOf({ gzip, archivesMax: 0 });
      keeper.retire(path);
      keeper.tidy(path);
      await keeper.idle();
      const [name = "", ...others] = await folder.names();
      expect(others).toEqual([]);
      expect(name.replace(/\d{8}T\d{6}\.\d{3}Z/, "TIME")).toBe(
        gzip ? "all.lp.TIME.gz" : "all.lp.TIME",
      );
      await unlink(folder.file(name));
    }
  });

  test("retires no file that is written to, is empty, or is none", async () => {
    await using folder = await tempFolder();
    const { keeperOf, path, files, log } = await setUp(folder, { "all.lp": "1\n", empty: "" });
    const writer = await open(path, "a");
    expect(files.tryLock(writer.fd)).toBe(true);
    const keeper = keeperOf({ gzip: true, archivesMax: 0 });
    for (const name of ["all.lp", "empty", "missing", "."]) keeper.retire(folder.file(name));
    await keeper.idle();
    expect(await folder.texts()).toEqual({ "all.lp": "1\n", empty: "" });
    expect(log.lines).toEqual([]);
    await writer.close();
  });

  test("keeps the file, warns, and tries again when it is asked again, if the disk fails", async () => {
    await using folder = await tempFolder();
    const { keeperOf, path, files, log } = await setUp(folder, { [FIRST]: "1\n" });
    const keeper = keeperOf({ gzip: true, archivesMax: 0 });
    files.failures.set("rename", "EIO");
    for (let attempt = 0; attempt < 2; attempt++) {
      keeper.tidy(path);
      await keeper.idle();
      expect(await folder.texts()).toEqual({ [FIRST]: "1\n" });
    }
    expect(log.lines).toEqual([
      `WARN cannot tidy up the rotated files of "${path}": EIO: as the test wants it`,
    ]);
    files.failures.clear();
    keeper.tidy(path);
    await keeper.idle();
    expect(await folder.texts()).toEqual({ [`${FIRST}.gz`]: "1\n" });
  });

  test("does not mind if there is no folder", async () => {
    await using folder = await tempFolder();
    const { keeperOf, log } = await setUp(folder, {});
    const keeper = keeperOf({ gzip: true, archivesMax: 1 });
    keeper.tidy(folder.file("later", "all.lp"));
    await keeper.idle();
    expect(log.lines).toEqual([]);
  });

  test("that is aborted leaves the file as it was, and nothing beside it", async () => {
    await using folder = await tempFolder();
    const text = "cpu v=1\n".repeat(5_000_000);
    const { keeperOf, path, log } = await setUp(folder, { [FIRST]: text });
    const keeper = keeperOf({ gzip: true, archivesMax: 0 });
    keeper.tidy(path);
    while (!(await folder.names()).includes(`${FIRST}.gz.unfinished`)) await Bun.sleep(1);
    keeper.abort();
    await keeper.idle();
    keeper.tidy(path);
    await keeper.idle();
    expect(await folder.names()).toEqual([FIRST]);
    expect(log.lines).toEqual([]);
  });
});
