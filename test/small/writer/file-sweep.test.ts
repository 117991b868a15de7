/**
 * Goal: what earlier runs have left, and subjects that fell silent before the start, is rotated, compressed and deleted as
 * if it had just been written. Method: real files, the outputs of a whole writer on them, and a clock that the test moves.
 */
import { describe, expect, test } from "bun:test";
import { mkdir, open, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

import type { FileOptions } from "../../../src/config/config.ts";
import { openFileOutputs } from "../../../src/writer/file-outputs.ts";
import { eventually } from "../../support/eventually.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { type TempFolder, tempFolder } from "../../support/temp-folder.ts";
import { fileOptions } from "../../support/writer-config.ts";
import { FaultyFiles } from "./faulty-files.ts";

const HOUR_MS = 3_600_000;
const TODAY_MS = Date.UTC(2026, 1, 1, 12);
const ROTATED = ".20260101T120000.000Z";
const NOW = ".20260201T120000.000Z";

interface Run {
  readonly template: string;
  readonly subjects?: readonly string[];
  readonly changes?: Partial<FileOptions>;
  readonly startMs?: number;
}

async function fill(folder: TempFolder, texts: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(texts)) {
    await mkdir(dirname(folder.file(name)), { recursive: true });
    await writeFile(folder.file(name), text);
  }
}

async function start(folder: TempFolder, run: Run) {
  const { template, subjects = [">"], changes = { gzip: true }, startMs = TODAY_MS } = run;
  const [files, clock, log] = [new FaultyFiles(), new ManualClock(startMs), new RecordingLog()];
  const options = fileOptions(folder.file(template), changes);
  const logFailure = (_reason: string, text: string) => log.error(text);
  const deps = { files, clock, log, logFailure };
  const outputs = await openFileOutputs("store", subjects, options, deps);
  const write = async (subject: string, text: string) => {
    const output = outputs.open(outputs.nameOf(subject));
    expect(await output.write(new TextEncoder().encode(text))).toEqual({ kind: "written" });
    return output;
  };
  return { files, clock, log, outputs, write };
}

const settles = (folder: TempFolder, expected: Readonly<Record<string, string>>) =>
  eventually(`there are ${Object.keys(expected).join(" ")}`, async () =>
    Bun.deepEquals(await folder.texts().catch(() => ({})), expected),
  );

describe("at the start", () => {
  test("the files of days that are over are compressed, those of today and of tomorrow are not", async () => {
    await using folder = await tempFolder();
    const others = {
      "2026-02-01/a.lp": "today\n",
      "2026-02-02/a.lp": "tomorrow\n",
      "2026-01-31/a.txt": "theirs\n",
    };
    const old = { "2026-01-31/a.lp": "1\n", "2026-01-31/b.lp": "2\n", "2025-12-01/a.lp": "3\n" };
    await fill(folder, { ...others, ...old });
    const { outputs, clock } = await start(folder, { template: "{date}/{subject}.lp" });
    await settles(folder, {
      ...others,
      [`2026-01-31/a.lp${NOW}.gz`]: "1\n",
      [`2026-01-31/b.lp${NOW}.gz`]: "2\n",
      [`2025-12-01/a.lp${NOW}.gz`]: "3\n",
    });
    await outputs.close();
    expect(clock.timerCount).toBe(0);
  });

  test("what a crash has interrupted is finished, of any day, and for files without a day", async () => {
    await using folder = await tempFolder();
    await fill(folder, {
      "2026-02-01.lp": "today\n",
      // Torn while it was compressed, twice; not begun
      [`2026-01-31.lp${ROTATED}`]: "1\n",
      [`2026-01-31.lp${ROTATED}.gz.unfinished`]: "torn",
      [`2026-01-30.lp${ROTATED}.gz.unfinished`]: "torn",
      [`2026-02-01.lp${ROTATED}`]: "2\n",
    });
    // Compressed, but not deleted; and half a file of that name
    await fill(folder, { [`2026-01-29.lp${ROTATED}`]: "3\n", [`2026-01-28.lp${ROTATED}`]: "4\n" });
    await writeFile(folder.file(`2026-01-29.lp${ROTATED}.gz`), Bun.gzipSync("3\n"));
    await writeFile(folder.file(`2026-01-28.lp${ROTATED}.gz`), "torn");
    const { outputs } = await start(folder, { template: "{date}.lp" });
    await settles(folder, {
      "2026-02-01.lp": "today\n",
      [`2026-01-31.lp${ROTATED}.gz`]: "1\n",
      [`2026-02-01.lp${ROTATED}.gz`]: "2\n",
      [`2026-01-29.lp${ROTATED}.gz`]: "3\n",
      [`2026-01-28.lp${ROTATED}.gz`]: "4\n",
    });
    await outputs.close();
    await using second = await tempFolder();
    await fill(second, { "all.lp": "now\n", [`all.lp${ROTATED}`]: "1\n" });
    const one = await start(second, { template: "all.lp" });
    await settles(second, { "all.lp": "now\n", [`all.lp${ROTATED}.gz`]: "1\n" });
    await one.outputs.close();
  });

  test("the files of other writers are left alone: of other subjects, and those that are written to", async () => {
    await using folder = await tempFolder();
    const long = `hosts.${"x".repeat(30)}.${"y".repeat(300)}`;
    const { outputs: names } = await start(folder, { template: "{date}/{subject}" });
    const [mine, theirs] = [names.nameOf(long), names.nameOf(`apps.${long}`)];
    await names.close();
    const others = {
      "2026-01-31/apps.a": "theirs\n",
      "2026-01-31/hosts": "theirs\n",
      "2026-01-31/hosts.written": "theirs\n",
      "2026-01-31/%other-subjects-another": "theirs\n",
      [`2026-01-31/${theirs}`]: "theirs\n",
    };
    const own = ["hosts.a", "hosts.%2Fb", mine, "%other-subjects-store"].map(
      (name) => [`2026-01-31/${name}`, "mine\n"] as const,
    );
    await fill(folder, { ...others, ...Object.fromEntries(own) });
    const writer = await open(folder.file("2026-01-31/hosts.written"), "a");
    expect(new FaultyFiles().tryLock(writer.fd)).toBe(true);
    const run = { template: "{date}/{subject}", subjects: ["hosts.*", "hosts.*.>"] };
    const { outputs } = await start(folder, run);
    await settles(folder, {
      ...others,
      ...Object.fromEntries(own.map(([name, text]) => [`${name}${NOW}.gz`, text])),
    });
    await outputs.close();
    await writer.close();
  });

  test("a disk that fails is told, and tried again after an hour", async () => {
    await using folder = await tempFolder();
    await fill(folder, { "2026-01-31.lp": "1\n" });
    const { files, clock, log, outputs } = await start(folder, { template: "{date}.lp" });
    files.failures.set("rename", "EACCES");
    await eventually("it is told", () => log.lines.length > 0);
    expect(log.lines).toEqual([
      `WARN cannot tidy up the rotated files of "${folder.file("2026-01-31.lp")}": EACCES: as the test wants it`,
    ]);
    files.failures.clear();
    await eventually("the next sweep is due", () => clock.timerCount > 0);
    clock.advance(HOUR_MS);
    await eventually("it is done", async () => (await folder.names())[0]?.endsWith(".gz"));
    await outputs.close();
  });
});

describe("later", () => {
  test("the day of a file that nothing was written to since the start ends as well", async () => {
    await using folder = await tempFolder();
    await fill(folder, { "silent-2026-02-01.lp": "1\n" });
    const { clock, outputs, write } = await start(folder, { template: "{subject}-{date}.lp" });
    const output = await write("loud", "2\n");
    await eventually("the sweep is over", () => clock.timerCount === 2);
    const stepMs = HOUR_MS;
    for (let passedMs = 0; passedMs < 12 * HOUR_MS; passedMs += stepMs) {
      expect((await folder.names()).filter((name) => name.endsWith(".gz"))).toEqual([]);
      clock.advance(stepMs);
      await Bun.sleep(1);
    }
    await eventually("both are compressed", async () => {
      clock.advance(1000);
      return (await folder.names()).filter((name) => name.endsWith(".gz")).length === 2;
    });
    await output.close();
    await outputs.close();
  });

  test("a file that nothing was written to since the start grows old as well", async () => {
    await using folder = await tempFolder();
    await fill(folder, { "silent.lp": "1\n" });
    const { birthtimeMs } = await stat(folder.file("silent.lp"));
    const changes = { ageMaxMs: 24 * HOUR_MS };
    const startMs = birthtimeMs + 23.5 * HOUR_MS;
    const { clock, outputs } = await start(folder, { template: "{subject}.lp", changes, startMs });
    await eventually("the sweep is over", () => clock.timerCount > 0);
    clock.advance(HOUR_MS / 2 - 1000);
    expect(await folder.names()).toEqual(["silent.lp"]);
    await eventually("it is rotated", async () => {
      clock.advance(1000);
      return !(await folder.names()).includes("silent.lp");
    });
    expect(Object.values(await folder.texts())).toEqual(["1\n"]);
    await outputs.close();
    expect(clock.timerCount).toBe(0);
  });
});

test("without compression, age and limit no folder is looked at", async () => {
  await using folder = await tempFolder();
  await fill(folder, { "2026-01-31.lp": "1\n", [`2026-01-31.lp${ROTATED}.gz.unfinished`]: "" });
  const { files, clock, outputs } = await start(folder, { template: "{date}.lp", changes: {} });
  await outputs.close();
  expect(files.calls.get("readdir") ?? 0).toBe(0);
  expect(clock.timerCount).toBe(0);
});

test("a stop waits for one file, not for all of them", async () => {
  await using folder = await tempFolder();
  const days = Array.from(
    { length: 28 },
    (_, day) => `2026-01-${String(day + 1).padStart(2, "0")}`,
  );
  await fill(
    folder,
    Object.fromEntries(days.map((day) => [`${day}.lp`, "cpu v=1\n".repeat(500_000)])),
  );
  const { outputs } = await start(folder, { template: "{date}.lp" });
  await eventually("it has begun", async () =>
    (await folder.names()).some((name) => name.endsWith(".gz.unfinished")),
  );
  await outputs.close();
  const names = await folder.names();
  expect(names.filter((name) => name.endsWith(".unfinished"))).toEqual([]);
  expect(names.filter((name) => name.endsWith(".lp")).length).toBeGreaterThan(0);
});
