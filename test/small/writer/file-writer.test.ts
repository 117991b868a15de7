/**
 * Goal: a whole writer to files keeps what it cannot write, bounded, and says at the end what it had to drop.
 * Method: a bus that the test holds in its hands, real files, a disk that fails as the test says, a clock that it moves.
 */
import { describe, expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { hostname } from "node:os";

import type { WriterConfig } from "../../../src/config/config.ts";
import { deadlineIn } from "../../../src/platform/lifecycle.ts";
import { startWriter } from "../../../src/writer/writer.ts";
import { eventually } from "../../support/eventually.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { fileOptions, writerConfig } from "../../support/writer-config.ts";
import { FakeBus } from "./fake-bus.ts";
import { settle } from "./fake-influxdb.ts";
import { FaultyFiles } from "./faulty-files.ts";

const batchOf = (countMax: number) => ({ countMax, sizeMaxBytes: 1024 * 1024, ageMaxMs: 1000 });

async function start(changes: Partial<WriterConfig>) {
  const bus = new FakeBus();
  const clock = new ManualClock();
  const log = new RecordingLog();
  const files = new FaultyFiles();
  const writer = await startWriter(writerConfig(changes), {
    clock,
    log,
    openBus: bus.open,
    fetch: () => Promise.reject(new Error("nobody asks InfluxDB")),
    files,
    stdout: process.stdout,
  });
  bus.connect();
  await settle();
  const stats = (): Record<string, number> => {
    const [, fields = ""] = bus.metrics("spout_stat_writer")[0]?.trimEnd().split(" ") ?? [];
    return Object.fromEntries(
      fields.split(",").map((field) => [field.split("=")[0], Number(field.split("=")[1])]),
    );
  };
  return { bus, clock, log, files, writer, stats };
}

describe("a writer to one file", () => {
  test("says where it writes, in the log and in its metrics", async () => {
    await using folder = await tempFolder();
    const path = folder.file("all {date}.lp");
    const { bus, clock, log, writer } = await start({ output: fileOptions(path) });
    expect(log.lines[0]).toBe(
      `INFO writer subscribed to [influx-spout] at 127.0.0.1:4222, appending to "${path}"`,
    );
    clock.advance(100);
    const tagged = path.replaceAll(" ", "\\ ");
    expect(bus.metrics("spout_stat_writer")[0]).toStartWith(
      `spout_stat_writer,writer=store,output=file,file_path=${tagged},host=${hostname()} received=0,`,
    );
    await writer.stop(deadlineIn(clock, 1000));
  });

  test("appends the lines of all its subjects when a batch is full or old, and at the end", async () => {
    await using folder = await tempFolder();
    const { bus, clock, writer, stats } = await start({
      output: fileOptions(folder.file("all.lp")),
      subjects: ["a", "b"],
      batch: batchOf(2),
    });
    const holds = (text: string) =>
      eventually("it is written", async () => (await folder.texts())["all.lp"] === text);
    bus.deliver("a", "a v=1\n");
    bus.deliver("b", "b v=1");
    await holds("a v=1\nb v=1\n");
    bus.deliver("a", "a v=2\n");
    await settle();
    clock.advance(1000);
    await holds("a v=1\nb v=1\na v=2\n");
    bus.deliver("b", "b v=2\nb v=3\n");
    expect(await writer.stop(deadlineIn(clock, 1000))).toEqual({ lostLines: 0 });
    await holds("a v=1\nb v=1\na v=2\nb v=2\nb v=3\n");
    expect(stats()).toMatchObject({
      write_requests: 3,
      failed_writes: 0,
      received_lines: 5,
      written_lines: 5,
      written_bytes: 30,
    });
    expect(clock.timerCount).toBe(0);
  });

  test("never makes a file larger than it may be, however large the batches", async () => {
    await using folder = await tempFolder();
    const { bus, clock, writer } = await start({
      output: fileOptions(folder.file("all.lp"), { sizeMaxBytes: 12 }),
      batch: batchOf(100),
    });
    for (let i = 0; i < 5; i++) bus.deliver("influx-spout", `a v=${i}\n`);
    expect(await writer.stop(deadlineIn(clock, 1000))).toEqual({ lostLines: 0 });
    const sizes = Object.values(await folder.texts()).map((text) => text.length);
    expect(sizes.sort()).toEqual([12, 12, 6].sort());
  });

  test("does not start if the file cannot be written", async () => {
    const path = "/dev/null/all.lp";
    await expect(start({ output: fileOptions(path) })).rejects.toThrow(
      `cannot write to "${path}" (file_path): ENOTDIR`,
    );
  });
});

describe("on a disk that is full", () => {
  const output = (path: string) => ({ output: fileOptions(path), batch: batchOf(1) });

  test("holds back what comes, reports it now and then, and writes everything once there is room", async () => {
    await using folder = await tempFolder();
    const { bus, clock, log, files, writer, stats } = await start({
      ...output(folder.file("all.lp")),
      pendingMaxBytes: 12,
    });
    files.roomBytes = 3;
    // In the lane, in the batch, held back, and two pending; then there is no room left.
    const accepted: boolean[] = [];
    for (let i = 0; i < 7; i++) {
      accepted.push(bus.deliver("influx-spout", `a v=${i}\n`));
      await settle();
    }
    expect(accepted).toEqual([true, true, true, true, true, false, false]);
    // A minute of it: the log says so six times, not at every try.
    for (let i = 0; i < 60; i++) {
      clock.advance(1000);
      await Bun.sleep(2);
    }
    const failures = log.lines.filter((line) => line.includes("will try again"));
    expect(failures[0]).toBe(
      `ERROR cannot write to ${folder.file("all.lp")}, will try again: ENOSPC: as the test wants it`,
    );
    expect(failures.length).toBeGreaterThan(2);
    expect(failures.length).toBeLessThanOrEqual(7);
    expect((await folder.texts())["all.lp"]).toBe("");

    files.roomBytes = Infinity;
    await eventually("it is written", async () => {
      clock.advance(1000);
      return (await folder.texts())["all.lp"] === "a v=0\na v=1\na v=2\na v=3\na v=4\n";
    });
    expect(log.lines.at(-1)).toBe(`INFO writing to ${folder.file("all.lp")} again`);
    expect(await writer.stop(deadlineIn(clock, 1000))).toEqual({ lostLines: 0 });
    const { write_requests = 0, failed_writes = 0, ...counted } = stats();
    expect(counted).toMatchObject({ written_lines: 5, dropped_write_lines: 0, nats_dropped: 2 });
    expect(failed_writes).toBeGreaterThan(5);
    expect(write_requests).toBe(failed_writes + 5);
  });

  test("a stop tries to its deadline, then counts what was not written", async () => {
    await using folder = await tempFolder();
    const { bus, clock, files, writer, stats } = await start(output(folder.file("all.lp")));
    files.failures.set("write", "EDQUOT");
    for (let i = 0; i < 4; i++) bus.deliver("influx-spout", `a v=${i}\nb v=${i}\n`);
    await settle();
    let isStopped = false;
    const stopping = writer.stop(deadlineIn(clock, 10_000)).finally(() => (isStopped = true));
    for (let i = 0; i < 94; i++) {
      clock.advance(100);
      await settle();
    }
    expect(isStopped).toBe(false);
    clock.advance(100);
    expect(await stopping).toEqual({ lostLines: 8 });
    expect(stats()).toMatchObject({
      received_lines: 8,
      written_lines: 0,
      dropped_stop_lines: 8,
      dropped_write_lines: 0,
    });
    expect((await folder.texts())["all.lp"]).toBe("");
    expect(clock.timerCount).toBe(0);
  });

  test("a stop in front of a disk that hangs is as good", async () => {
    await using folder = await tempFolder();
    const { bus, clock, files, writer } = await start(output(folder.file("all.lp")));
    const hung = Promise.withResolvers<void>();
    files.hang = hung.promise;
    bus.deliver("influx-spout", "a v=1\n");
    await settle();
    const stopping = writer.stop(deadlineIn(clock, 10_000));
    await settle();
    clock.advance(9500);
    expect(await stopping).toEqual({ lostLines: 1 });
    hung.resolve();
  });
});

describe("a writer to a file for each subject", () => {
  test("keeps the subjects of a wildcard apart", async () => {
    await using folder = await tempFolder();
    const { bus, clock, writer } = await start({
      output: fileOptions(folder.file("{subject}.lp")),
      subjects: [">"],
      batch: batchOf(10),
    });
    expect(await folder.names()).toEqual([]);
    const deliver = (subject: string, text: string) => {
      const subscription = bus.subscriptions.get(">");
      return subscription?.accept(subject, new TextEncoder().encode(text));
    };
    deliver("hosts.a", "a v=1\n");
    deliver("hosts.b", "b v=1\n");
    deliver("hosts.a", "a v=2\n");
    deliver("../up", "c v=1\n");
    expect(await writer.stop(deadlineIn(clock, 1000))).toEqual({ lostLines: 0 });
    expect(await folder.texts()).toEqual({
      "%2E.%2Fup.lp": "c v=1\n",
      "hosts.a.lp": "a v=1\na v=2\n",
      "hosts.b.lp": "b v=1\n",
    });
  });

  test("never takes one subject's file for what was rotated of another's", async () => {
    await using folder = await tempFolder();
    const { bus, clock, writer } = await start({
      output: fileOptions(folder.file("{subject}"), { sizeMaxBytes: 6, archivesMax: 1 }),
      subjects: ["s.>"],
      batch: batchOf(1),
    });
    const subscription = bus.subscriptions.get("s.>");
    const rival = "s.z.20200101T000000.000Z";
    for (let i = 0; i < 5; i++) {
      for (const subject of ["s.z", rival]) {
        subscription?.accept(subject, new TextEncoder().encode(`a v=${i}\n`));
      }
      await settle();
    }
    expect(await writer.stop(deadlineIn(clock, 1000))).toEqual({ lostLines: 0 });
    const texts = await folder.texts();
    const own = Object.entries(texts).filter(([name]) => name.startsWith("s%2Ez%2E"));
    expect(own.map(([, text]) => text)).toEqual(["a v=4\n", "a v=3\n"]);
    expect(Object.keys(texts).length).toBe(4);
    expect(texts["s.z"]).toBe("a v=4\n");
  });

  test("holds up no subject for another whose name cannot be a file's", async () => {
    await using folder = await tempFolder();
    await mkdir(folder.file("taken"));
    const { bus, clock, log, writer, stats } = await start({
      output: fileOptions(folder.file("{subject}")),
      subjects: [">"],
      batch: batchOf(1),
    });
    const subscription = bus.subscriptions.get(">");
    for (const subject of ["taken", "good", "taken", "good"]) {
      subscription?.accept(subject, new TextEncoder().encode("a v=1\n"));
    }
    await eventually("it is written", async () => (await folder.texts())["good"]?.length === 12);
    expect(await writer.stop(deadlineIn(clock, 1000))).toEqual({ lostLines: 0 });
    expect(stats()).toMatchObject({ written_lines: 2, dropped_write_lines: 2 });
    expect(log.lines).toContainEqual(
      expect.stringMatching(/^ERROR cannot write 1 lines to .*\/taken, dropped: EISDIR/),
    );
  });

  test("puts the lines of further subjects into one file, and says so once", async () => {
    await using folder = await tempFolder();
    const { bus, clock, log, writer } = await start({
      output: fileOptions(folder.file("{subject}.lp"), { subjectsMax: 1 }),
      subjects: ["a", "b", "c"],
    });
    for (const subject of ["a", "b", "c", "b"]) bus.deliver(subject, `${subject} v=1\n`);
    expect(await writer.stop(deadlineIn(clock, 1000))).toEqual({ lostLines: 0 });
    expect(await folder.texts()).toEqual({
      "a.lp": "a v=1\n",
      "%other-subjects-store.lp": "b v=1\nc v=1\nb v=1\n",
    });
    expect(log.lines.filter((line) => line.startsWith("WARN"))).toEqual([
      `WARN more than 1 subjects (file_max_subjects): the lines of the rest go to "${folder.file("%other-subjects-store.lp")}"`,
    ]);
  });
});
