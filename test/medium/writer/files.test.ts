/** The writer to files, between a real NATS and a real InfluxDB: what was written to a file can be sent in again. */
import { expect, test } from "bun:test";
import { appendFile, link, mkdir, readFile, symlink, writeFile } from "node:fs/promises";

import { eventually } from "../../support/eventually.ts";
import { startInfluxd } from "../../support/influxd.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { fileOptions } from "../../support/writer-config.ts";
import { openTestBus, startTestWriter } from "./rig.ts";
import { startProcess } from "./writer-process.ts";

const SUBJECT = "influx-spout";
const NO_PORT = 0;
const batch = { countMax: 3, sizeMaxBytes: 1024 * 1024, ageMaxMs: 300_000 };

test("a file that two runs and a crash in between have written is taken by InfluxDB as it is", async () => {
  await using nats = await startNatsServer();
  await using influxd = await startInfluxd();
  await using bus = await openTestBus(nats);
  await using folder = await tempFolder();
  await influxd.createDatabase("again");
  const path = folder.file("out", "all.lp");

  const first = await startTestWriter(nats, NO_PORT, { output: fileOptions(path), batch });
  for (let i = 1; i <= 4; i++)
    await bus.publish(SUBJECT, `cpu,host=a v=${i}i 150000000000000000${i}`);
  await eventually("all is received", () => bus.stats()["received"] === 4);
  expect(await first.stop()).toEqual({ lostLines: 0 });
  await appendFile(path, "cpu,host=a v=9999i 15000000000000000");

  const second = await startTestWriter(nats, NO_PORT, {
    name: "second",
    output: fileOptions(path),
    batch,
  });
  await bus.publish(
    SUBJECT,
    "cpu,host=a v=5i 1500000000000000005\ncpu,host=a v=6i 1500000000000000006\n",
  );
  await eventually("all is received", () => bus.stats("second")["received"] === 1);
  expect(await second.stop()).toEqual({ lostLines: 0 });
  expect(second.log.lines.filter((line) => /^WARN|^ERROR/.test(line))).toEqual([
    expect.stringMatching(
      /^WARN the last line of ".*all\.lp", at byte 144, was torn: now it is a comment$/,
    ),
  ]);

  const response = await fetch(`http://127.0.0.1:${influxd.port}/write?db=again`, {
    method: "POST",
    body: await readFile(path),
  });
  expect([response.status, await response.text()]).toEqual([204, ""]);
  const stored = await influxd.query("again", "SELECT * FROM cpu");
  expect(stored).toEqual(
    [1, 2, 3, 4, 5, 6].map((v) => ({ time: `2017-07-14T02:40:00.00000000${v}Z`, host: "a", v })),
  );
});

test("under load, with rotation and compression, each line is in one file, once, in its subject's order", async () => {
  await using nats = await startNatsServer();
  await using bus = await openTestBus(nats);
  await using folder = await tempFolder();
  const writer = await startTestWriter(nats, NO_PORT, {
    subjects: ["hosts.*"],
    output: fileOptions(folder.file("{subject}", "lines.lp"), { sizeMaxBytes: 5000, gzip: true }),
    batch: { ...batch, countMax: 10 },
  });
  const expected: Record<string, string> = { "hosts.a": "", "hosts.b": "" };
  for (let message = 0; message < 2000; message++) {
    const subject = message % 3 === 0 ? "hosts.b" : "hosts.a";
    const text = `cpu v=${message}\ncpu v=${message}.5\n`;
    expected[subject] += text;
    await bus.publish(subject, text);
  }
  await eventually("all is received", () => bus.stats()["received"] === 2000);
  expect(await writer.stop()).toEqual({ lostLines: 0 });

  const texts = Object.entries(await folder.texts());
  for (const subject of ["hosts.a", "hosts.b"]) {
    const own = texts.filter(([name]) => name.startsWith(`${subject}/`));
    // The names of rotated files sort by time; the one that is written to has the shortest.
    const [current, ...rotated] = own.map(([name, text]) => ({ name, text }));
    expect(rotated.length).toBeGreaterThan(0);
    for (const { name } of rotated) expect(name).toMatch(/lines\.lp\.\d{8}T\d{6}\.\d{3}Z\.gz$/);
    const inOrder = [...rotated, current].map((file) => file?.text).join("");
    expect(inOrder).toBe(expected[subject] ?? "");
  }
  await eventually("the last metrics", () => bus.stats()["written_lines"] === 4000);
  expect(writer.log.lines.filter((line) => /^WARN|^ERROR/.test(line))).toEqual([]);
});

test("in front of a disk that is full it ends by the deadline, and says how many lines are lost", async () => {
  await using nats = await startNatsServer();
  await using bus = await openTestBus(nats);
  const writer = await startTestWriter(nats, NO_PORT, { output: fileOptions("/dev/full"), batch });
  for (let i = 0; i < 20; i++) await bus.publish(SUBJECT, `cpu v=${i}\n`);
  await eventually("it is tried again", () => (bus.stats()["failed_writes"] ?? 0) >= 2);
  expect(await writer.stop(1000)).toEqual({ lostLines: 20 });
  await eventually("the last metrics", () => bus.stats()["dropped_stop_lines"] === 20);
  expect(bus.stats()).toMatchObject({ received_lines: 20, written_lines: 0, nats_dropped: 0 });
  expect(writer.log.lines).toContain(
    "ERROR cannot write to /dev/full, will try again: ENOSPC: no space left on device, write",
  );
});

const TOML = (nats: { readonly address: string }, path: string) => `
  nats_address = "nats://${nats.address}"
  output = "file"
  file_path = ${JSON.stringify(path)}`;

test("a second process on one file ends with status 1 and says why, by whatever path; a killed one leaves no lock", async () => {
  await using nats = await startNatsServer();
  await using folder = await tempFolder();
  await mkdir(folder.file("data"));
  await symlink("data", folder.file("link"));
  const first = await startProcess(folder, TOML(nats, folder.file("data", "all.lp")), "pipe");
  await first.subscribed();
  await link(folder.file("data", "all.lp"), folder.file("hard.lp"));
  for (const path of ["data/all.lp", "data/../data/all.lp", "link/all.lp", "hard.lp"]) {
    await using second = await startProcess(folder, TOML(nats, path), "pipe");
    expect(await second.exited).toBe(1);
    expect(second.log()).toContain(
      `: cannot write to "${path}" (file_path): another writer appends to it; each needs files of its own\n`,
    );
  }
  first.child.kill("SIGKILL");
  await first.exited;
  await using third = await startProcess(folder, TOML(nats, "link/all.lp"), "pipe");
  await third.subscribed();
});

test("two processes whose subjects overlap are noticed, and no line of either is cut off", async () => {
  await using nats = await startNatsServer();
  await using bus = await openTestBus(nats);
  await using folder = await tempFolder();
  const output = fileOptions(folder.file("{subject}.lp"), { sizeMaxBytes: 2000, gzip: true });
  const common = { output, batch: { ...batch, countMax: 1 } };
  const one = await startTestWriter(nats, NO_PORT, { ...common, name: "one", subjects: ["a.*"] });
  const toml = `${TOML(nats, folder.file("{subject}.lp"))}
    nats_subject = ["*.b"]
    stop_timeout = "1s"`;
  await bus.publish("a.b", "cpu v=0\n");
  await eventually("it is one's", async () => (await folder.names()).includes("a.b.lp"));
  await using other = await startProcess(folder, toml, "pipe");
  await other.subscribed();
  let expected = "cpu v=0\n";
  for (let i = 1; i <= 500; i++) {
    expected += `cpu v=${i}\n`;
    await bus.publish("a.b", `cpu v=${i}\n`);
  }
  await eventually("it is noticed", () => other.log().includes("will try again"));
  expect(other.log()).toContain(
    `ERROR cannot write to ${folder.file("a.b.lp")}, will try again: another writer appends to it`,
  );
  await eventually("all is written", () => bus.stats("one")["written_lines"] === 501);
  // What it could not write it counts.
  other.child.kill("SIGTERM");
  expect(await other.exited).toBe(1);
  expect(other.log()).toContain("500 lines");
  expect(await one.stop()).toEqual({ lostLines: 0 });
  const texts = Object.entries(await folder.texts()).filter(([name]) => name.startsWith("a.b."));
  const [current = "", ...rotated] = texts.map(([, written]) => written);
  expect(rotated.join("") + current).toBe(expected);
});

test("a process that is killed while it compresses leaves nothing undone: the next one finishes it, of days before too", async () => {
  await using nats = await startNatsServer();
  await using folder = await tempFolder();
  const text = "cpu v=1\n".repeat(4_000_000);
  await writeFile(folder.file("2020-01-31.lp"), text);
  await writeFile(folder.file("2020-02-01.lp"), "cpu v=2\n");
  const toml = `${TOML(nats, folder.file("{date}.lp"))}\nfile_gzip = true`;
  const isCompressing = async () =>
    (await folder.names()).some((name) => name.endsWith(".gz.unfinished"));
  for (let run = 0; run < 2; run++) {
    await using killed = await startProcess(folder, toml, "pipe");
    await eventually("it compresses", isCompressing);
    killed.child.kill("SIGKILL");
    await killed.exited;
    expect(await isCompressing()).toBe(true);
  }
  await using last = await startProcess(folder, toml, "pipe");
  await eventually("both are compressed", async () => {
    const names = await folder.names();
    return names.filter((name) => name.startsWith("2020-")).every((name) => /Z\.gz$/.test(name));
  });
  const texts = await folder.texts();
  const old = Object.entries(texts).filter(([name]) => name.startsWith("2020-"));
  expect(old.map(([, { length }]) => length)).toEqual([text.length, 8]);
  expect(last.log()).not.toMatch(/WARN|ERROR/);
});
