/**
 * Goal: lines go to the file of their day, and a file makes way for the next when it is large or old enough.
 * Method: real files in a temporary folder, on a clock that starts now, as files are born now, and that the test moves.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdir, rename, stat, symlink, truncate, utimes, writeFile } from "node:fs/promises";

import type { FileOptions } from "../../../src/config/config.ts";
import { createArchiveKeeper } from "../../../src/writer/archives.ts";
import { createFileOutput, type FileOutput } from "../../../src/writer/file-output.ts";
import { HeldFiles } from "../../../src/writer/held-file.ts";
import type { Output } from "../../../src/writer/output.ts";
import { eventually } from "../../support/eventually.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { type TempFolder, tempFolder } from "../../support/temp-folder.ts";
import { fileOptions } from "../../support/writer-config.ts";
import { FaultyFiles } from "./faulty-files.ts";

const HOUR_MS = 3_600_000;
const ROTATED = /\.\d{8}T\d{6}\.\d{3}Z/;

const opened: FileOutput[] = [];

/** Each holds its file open until it is closed. */
afterEach(async () => {
  for (const output of opened.splice(0)) await output.close();
});

function setUp(
  folder: TempFolder,
  changes: Partial<FileOptions> = {},
  { startMs = Date.now(), subject = "cpu" } = {},
) {
  const options = fileOptions(folder.file("all.lp"), changes);
  const files = new FaultyFiles();
  const log = new RecordingLog();
  const clock = new ManualClock(startMs);
  const open = () => {
    const output = createFileOutput(options, subject, {
      files,
      held: new HeldFiles(files),
      keeper: createArchiveKeeper(options, { files, clock, log }),
      clock,
      logTornLine: (text) => log.warn(text),
      logFailure: (_reason, text) => log.error(text),
    });
    opened.push(output);
    return output;
  };
  /** The texts of the files, the oldest first, that are or were all.lp. */
  const history = async () =>
    Object.entries(await folder.texts())
      .sort(byTime)
      .map(([, text]) => text);
  return { files, log, clock, open, output: open(), history };
}

/** Rotated files by their names, the one that is written to last. */
function byTime([one]: [string, string], [other]: [string, string]): number {
  const [isOld, isOtherOld] = [ROTATED.test(one), ROTATED.test(other)];
  if (isOld !== isOtherOld) return isOld ? -1 : 1;
  return one < other ? -1 : 1;
}

async function write(output: Output, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    expect(await output.write(new TextEncoder().encode(text))).toEqual({ kind: "written" });
  }
}

describe("a file", () => {
  test("grows without end where nothing else is asked for, and across restarts", async () => {
    await using folder = await tempFolder();
    const { clock, open, output } = setUp(folder);
    await write(output, "a v=1\n", "a v=2\n");
    await output.close();
    clock.advance(1000 * 24 * HOUR_MS);
    await write(open(), "a v=3\n");
    expect(await folder.texts()).toEqual({ "all.lp": "a v=1\na v=2\na v=3\n" });
    expect(clock.timerCount).toBe(0);
  });

  test("is the subject's and the day's, in UTC, at the time of writing", async () => {
    await using folder = await tempFolder();
    const path = folder.file("{date}", "{subject}.lp");
    const { clock, output } = setUp(
      folder,
      { path },
      { startMs: Date.UTC(2026, 0, 31, 23, 59, 59), subject: "hosts.a" },
    );
    expect(output.target).toBe(folder.file("{date}", "hosts.a.lp"));
    await write(output, "a v=1\n");
    clock.advance(999);
    await write(output, "a v=2\n");
    clock.advance(1);
    await write(output, "a v=3\n");
    expect(await folder.texts()).toEqual({
      "2026-01-31/hosts.a.lp": "a v=1\na v=2\n",
      "2026-02-01/hosts.a.lp": "a v=3\n",
    });
  });

  test("with a line that a crash has torn is mended, and the log says where", async () => {
    await using folder = await tempFolder();
    const { log, output } = setUp(folder);
    await writeFile(folder.file("all.lp"), "a v=1\nb v=12");
    await write(output, "c v=3\n");
    expect(await folder.texts()).toEqual({ "all.lp": "a v=1\n# v=12\nc v=3\n" });
    expect(log.lines).toEqual([
      `WARN the last line of "${folder.file("all.lp")}", at byte 6, was torn: now it is a comment`,
    ]);
  });

  test("that cannot be written is worth another try", async () => {
    await using folder = await tempFolder();
    const { files, output } = setUp(folder, { sizeMaxBytes: 10 });
    for (const [operation, code] of [
      ["write", "ENOSPC"],
      ["write", "EDQUOT"],
      ["write", "EIO"],
      ["open", "EACCES"],
      ["stat", "EIO"],
    ] as const) {
      files.failures.set(operation, code);
      const reason = `${code}: as the test wants it`;
      expect(await output.write(new TextEncoder().encode("a v=1\n"))).toEqual({
        kind: "retry",
        reason,
      });
      files.failures.clear();
    }
    await write(output, "a v=1\n");
    expect(await folder.texts()).toEqual({ "all.lp": "a v=1\n" });
  });

  test("gets the lines in their order, although the disk takes its time", async () => {
    await using folder = await tempFolder();
    const { files, output } = setUp(folder);
    const hung = Promise.withResolvers<void>();
    files.hang = hung.promise;
    const writes = [write(output, "a v=1\n"), write(output, "a v=2\n"), write(output, "a v=3\n")];
    hung.resolve();
    await Promise.all(writes);
    expect(await folder.texts()).toEqual({ "all.lp": "a v=1\na v=2\na v=3\n" });
  });
});

describe("rotation by size", () => {
  test("comes before a file would be larger, and not before it", async () => {
    await using folder = await tempFolder();
    const { output, history } = setUp(folder, { sizeMaxBytes: 12 });
    await write(output, "a v=1\n", "a v=2\n");
    expect(await history()).toEqual(["a v=1\na v=2\n"]);
    await write(output, "a v=3\n", "a v=10\n", "a v=100000000\n", "a v=4\n");
    const expected = ["a v=1\na v=2\n", "a v=3\n", "a v=10\n", "a v=100000000\n", "a v=4\n"];
    expect(await history()).toEqual(expected);
  });

  test("counts what an earlier run has written, and what others have", async () => {
    await using folder = await tempFolder();
    await writeFile(folder.file("all.lp"), "a v=0\n");
    const { output, history } = setUp(folder, { sizeMaxBytes: 12 });
    await write(output, "a v=1\n", "a v=2\n");
    expect(await history()).toEqual(["a v=0\na v=1\n", "a v=2\n"]);
    await truncate(folder.file("all.lp"), 0);
    await write(output, "a v=3\n", "a v=4\n");
    expect(await history()).toEqual(["a v=0\na v=1\n", "a v=3\na v=4\n"]);
  });

  test("that fails loses nothing", async () => {
    await using folder = await tempFolder();
    const { files, output, history } = setUp(folder, { sizeMaxBytes: 6 });
    await write(output, "a v=1\n");
    files.failures.set("rename", "EACCES");
    expect(await output.write(new TextEncoder().encode("a v=2\n"))).toMatchObject({
      kind: "retry",
    });
    files.failures.clear();
    await write(output, "a v=2\n");
    expect(await history()).toEqual(["a v=1\n", "a v=2\n"]);
  });

  test("compresses, and keeps as many as it should", async () => {
    await using folder = await tempFolder();
    const { clock, output } = setUp(folder, { sizeMaxBytes: 6, gzip: true, archivesMax: 2 });
    for (let i = 1; i <= 5; i++) {
      await write(output, `a v=${i}\n`);
      clock.advance(1000);
    }
    await output.close();
    const texts = await folder.texts();
    const names = Object.keys(texts);
    expect(Object.values(texts)).toEqual(["a v=5\n", "a v=3\n", "a v=4\n"]);
    expect(names.map((name) => name.replace(ROTATED, ".TIME"))).toEqual([
      "all.lp",
      "all.lp.TIME.gz",
      "all.lp.TIME.gz",
    ]);
  });
});

describe("rotation by age", () => {
  test("comes when the first line is that old, with or without another one", async () => {
    await using folder = await tempFolder();
    const { clock, output, history } = setUp(folder, { ageMaxMs: HOUR_MS });
    await write(output, "a v=1\n");
    clock.advance(HOUR_MS - 1);
    await write(output, "a v=2\n");
    clock.advance(1);
    await eventually("it is rotated", async () => !(await folder.names()).includes("all.lp"));
    expect(await history()).toEqual(["a v=1\na v=2\n"]);
    // Nothing comes for a long time: nothing is there to rotate.
    clock.advance(50 * HOUR_MS);
    await write(output, "a v=3\n");
    clock.advance(HOUR_MS);
    await eventually("it is rotated", async () => !(await folder.names()).includes("all.lp"));
    expect(await history()).toEqual(["a v=1\na v=2\n", "a v=3\n"]);
    await output.close();
    expect(clock.timerCount).toBe(0);
  });

  test("counts from when the file was made, by an earlier run too", async () => {
    await using folder = await tempFolder();
    const path = folder.file("all.lp");
    await writeFile(path, "a v=0\n");
    const { birthtimeMs } = await stat(path);
    // When it was last written to does not matter.
    await utimes(path, new Date(0), new Date(0));
    const start = { startMs: birthtimeMs + HOUR_MS - 1 };
    const { clock, output, history } = setUp(folder, { ageMaxMs: HOUR_MS }, start);
    await write(output, "a v=1\n");
    clock.advance(2);
    await write(output, "a v=2\n");
    expect(await history()).toEqual(["a v=0\na v=1\n", "a v=2\n"]);
    await output.close();
  });

  test("takes no notice when somebody sets the clock", async () => {
    await using folder = await tempFolder();
    const { clock, output, history } = setUp(folder, { ageMaxMs: HOUR_MS });
    const startMs = clock.nowMs();
    await write(output, "a v=1\n");
    clock.setWall(startMs + 24 * HOUR_MS);
    await write(output, "a v=2\n");
    clock.setWall(startMs - 24 * HOUR_MS);
    clock.advance(HOUR_MS - 1);
    await write(output, "a v=3\n");
    clock.advance(1);
    await write(output, "a v=4\n");
    expect(await history()).toEqual(["a v=1\na v=2\na v=3\n", "a v=4\n"]);
    await output.close();
  });

  test("of a file that somebody took away begins anew with the next", async () => {
    await using folder = await tempFolder();
    const { clock, output } = setUp(folder, { ageMaxMs: HOUR_MS });
    await write(output, "a v=1\n");
    clock.advance(HOUR_MS / 2);
    await rename(folder.file("all.lp"), folder.file("taken"));
    await write(output, "a v=2\n");
    clock.advance(HOUR_MS / 2 + 1000);
    await write(output, "a v=3\n");
    expect(await folder.texts()).toEqual({ taken: "a v=1\n", "all.lp": "a v=2\na v=3\n" });
    await output.close();
  });

  test("that fails is reported and tried again, although nothing comes", async () => {
    await using folder = await tempFolder();
    const { files, clock, log, output } = setUp(folder, { ageMaxMs: HOUR_MS });
    await write(output, "a v=1\n");
    files.failures.set("rename", "EACCES");
    clock.advance(HOUR_MS);
    await eventually("it is reported", () => log.lines.length > 0);
    expect(log.lines).toEqual([
      `ERROR cannot rotate "${folder.file("all.lp")}", will try again: EACCES: as the test wants it`,
    ]);
    expect(await folder.names()).toEqual(["all.lp"]);
    files.failures.clear();
    await eventually("it is rotated", async () => {
      clock.advance(1000);
      return !(await folder.names()).includes("all.lp");
    });
    await output.close();
  });
});

describe("with a day in its name and compression", () => {
  test("a file is compressed when its day is over", async () => {
    await using folder = await tempFolder();
    const path = folder.file("{date}.lp");
    const startMs = Date.UTC(2026, 0, 31, 12);
    const { clock, output } = setUp(folder, { path, gzip: true }, { startMs });
    await write(output, "a v=1\n");
    clock.advance(12 * HOUR_MS);
    await write(output, "a v=2\n");
    await output.close();
    expect(await folder.texts()).toEqual({
      "2026-01-31.lp.20260201T000000.000Z.gz": "a v=1\n",
      "2026-02-01.lp": "a v=2\n",
    });
  });

  test("a file that somebody took away before is not missed", async () => {
    await using folder = await tempFolder();
    const path = folder.file("{date}.lp");
    const startMs = Date.UTC(2026, 0, 31, 12);
    const { clock, output, files } = setUp(folder, { path, gzip: true }, { startMs });
    await write(output, "a v=1\n");
    await files.unlink(folder.file("2026-01-31.lp"));
    clock.advance(12 * HOUR_MS);
    await write(output, "a v=2\n");
    await output.close();
    expect(await folder.texts()).toEqual({ "2026-02-01.lp": "a v=2\n" });
  });
});

describe("with a day in its name, compression, and nothing that comes any more", () => {
  const setUpDay = async (folder: TempFolder) => {
    const path = folder.file("{date}.lp");
    const test = setUp(folder, { path, gzip: true }, { startMs: Date.UTC(2026, 0, 31, 12) });
    await write(test.output, "a v=1\n");
    return test;
  };
  const COMPRESSED = {
    "2026-01-31.lp.20260201T000000.000Z.gz": "a v=1\n",
  };

  test("a file is compressed when its day is over", async () => {
    await using folder = await tempFolder();
    const { clock, output } = await setUpDay(folder);
    clock.advance(12 * HOUR_MS - 1);
    await eventually("nothing", () => true);
    expect(await folder.names()).toEqual(["2026-01-31.lp"]);
    clock.advance(1);
    await eventually("it is compressed", async () => (await folder.names())[0]?.endsWith(".gz"));
    expect(await folder.texts()).toEqual(COMPRESSED);
    await write(output, "a v=2\n");
    expect(await folder.texts()).toEqual({ ...COMPRESSED, "2026-02-01.lp": "a v=2\n" });
    await output.close();
    expect(clock.timerCount).toBe(0);
  });

  test("a file that cannot be rotated holds up no line of the next day", async () => {
    await using folder = await tempFolder();
    const { clock, files, log, output } = await setUpDay(folder);
    files.failures.set("rename", "EACCES");
    clock.advance(12 * HOUR_MS);
    await write(output, "a v=2\n");
    await eventually("it is told", () => log.lines.length > 0);
    expect(await folder.texts()).toEqual({
      "2026-01-31.lp": "a v=1\n",
      "2026-02-01.lp": "a v=2\n",
    });
  });
});

describe("two writers on one file", () => {
  test("are noticed: the second one writes nothing until the first has ended", async () => {
    await using folder = await tempFolder();
    const { output } = setUp(folder);
    await symlink("all.lp", folder.file("link.lp"));
    const { output: rival } = setUp(folder, { path: folder.file("link.lp") });
    await write(output, "a v=1\n");
    expect(await rival.write(new TextEncoder().encode("b v=1\n"))).toEqual({
      kind: "retry",
      reason: "another writer appends to it; each needs files of its own",
    });
    await expect(rival.hold()).rejects.toThrow("another writer");
    await output.close();
    await write(rival, "b v=1\n");
    expect((await folder.texts())["all.lp"]).toBe("a v=1\nb v=1\n");
  });

  test("are noticed before the first line comes, if a file is theirs from the start", async () => {
    await using folder = await tempFolder();
    const { output } = setUp(folder);
    await output.hold();
    expect(await folder.texts()).toEqual({ "all.lp": "" });
    const { output: rival } = setUp(folder);
    await expect(rival.hold()).rejects.toThrow("another writer");
  });
});

describe("the name that a subject gives", () => {
  const answerOf = async (folder: TempFolder, subject: string) => {
    const { output } = setUp(folder, { path: folder.file("{subject}") }, { subject });
    return output.write(new TextEncoder().encode("a v=1\n"));
  };

  test("is given up if it cannot be a file's there, so that it holds up no other subject", async () => {
    await using folder = await tempFolder();
    await mkdir(folder.file("taken"));
    expect(await answerOf(folder, "taken")).toMatchObject({ kind: "rejected" });
    expect(await answerOf(folder, "x".repeat(300))).toMatchObject({ kind: "rejected" });
    expect(await answerOf(folder, "good")).toEqual({ kind: "written" });
  });

  test("is tried again if it is the folder that cannot be had", async () => {
    await using folder = await tempFolder();
    const { output } = setUp(folder, { path: folder.file("sub", "{subject}") });
    await writeFile(folder.file("sub"), "");
    expect(await output.write(new TextEncoder().encode("a v=1\n"))).toMatchObject({
      kind: "retry",
    });
  });

  test("may hold what looks like a placeholder", async () => {
    await using folder = await tempFolder();
    const path = folder.file("{subject}-{date}.lp");
    const startMs = Date.UTC(2026, 0, 31, 12);
    const of = (subject: string) => setUp(folder, { path }, { startMs, subject }).output;
    await write(of("x{date}"), "a v=1\n");
    await write(of("x2026-01-31"), "b v=1\n");
    await write(of("{subject}"), "c v=1\n");
    expect(await folder.texts()).toEqual({
      "x2026-01-31-2026-01-31.lp": "b v=1\n",
      "x{date}-2026-01-31.lp": "a v=1\n",
      "{subject}-2026-01-31.lp": "c v=1\n",
    });
  });
});

test("a device is written to, and never rotated", async () => {
  await using folder = await tempFolder();
  const { clock, output } = setUp(folder, {
    path: "/dev/null",
    sizeMaxBytes: 6,
    ageMaxMs: HOUR_MS,
  });
  for (let i = 0; i < 3; i++) {
    await write(output, "a v=1\n");
    clock.advance(2 * HOUR_MS);
  }
  await output.close();
  expect((await stat("/dev/null")).isCharacterDevice()).toBe(true);
});
