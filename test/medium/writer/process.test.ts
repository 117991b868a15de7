/** A writer as a process of its own: what is on its standard output, what in its log, and how it ends. */
import { expect, test } from "bun:test";
import { open } from "node:fs/promises";

import { eventually } from "../../support/eventually.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { openTestBus } from "./rig.ts";
import { startProcess } from "./writer-process.ts";

const SUBJECT = "influx-spout";

test("standard output holds the lines and nothing else; the log is on standard error", async () => {
  await using nats = await startNatsServer();
  await using bus = await openTestBus(nats);
  await using folder = await tempFolder();
  const toml = `output = "stdout"\nnats_address = "nats://${nats.address}"`;
  await using writer = await startProcess(folder, toml, "pipe");
  const output = new Response(writer.child.stdout).text();
  await writer.subscribed();
  let expected = "";
  for (let i = 0; i < 100; i++) {
    await bus.publish(SUBJECT, `cpu v=${i}`);
    expected += `cpu v=${i}\n`;
  }
  await eventually("all is written", () => bus.stats()["written_lines"] === 100);
  writer.child.kill("SIGTERM");
  expect(await writer.exited).toBe(0);
  expect(await output).toBe(expected);
  expect(writer.log()).toContain("INFO writer subscribed to [influx-spout] at ");
  expect(writer.log()).toContain(", writing to standard output\n");
  expect(writer.log()).toContain("nothing lost");
});

test("while nobody reads standard output, what comes waits; and then all of it is there", async () => {
  await using nats = await startNatsServer();
  await using bus = await openTestBus(nats);
  await using folder = await tempFolder();
  // A pipe that is read when the test wants: Bun.spawn would read its own at once.
  Bun.spawnSync(["mkfifo", folder.file("pipe")]);
  await using pipe = await open(folder.file("pipe"), "r+");
  const toml = `output = "stdout"\nnats_address = "nats://${nats.address}"`;
  await using writer = await startProcess(folder, toml, pipe.fd);
  await writer.subscribed();
  // One line is more than the pipe takes.
  const text = `cpu v="${"x".repeat(100_000)}"\n`;
  for (let i = 0; i < 10; i++) await bus.publish(SUBJECT, text);
  await eventually("it is being written", () => bus.stats()["write_requests"] === 1);
  // One is in the lane, one in the batch, one held back; the others wait where they are bounded.
  await eventually("all lanes are busy", () => bus.stats()["received"] === 3);
  expect(bus.stats()).toMatchObject({ write_requests: 1, written_lines: 0, failed_writes: 0 });
  const length = text.length * 10;
  const reader = Bun.spawn(["head", "-c", String(length), folder.file("pipe")]);
  expect(await new Response(reader.stdout).text()).toBe(text.repeat(10));
  writer.child.kill("SIGTERM");
  expect(await writer.exited).toBe(0);
});

test("when the reader of standard output is gone, it ends with status 1 and says why", async () => {
  await using nats = await startNatsServer();
  await using bus = await openTestBus(nats);
  await using folder = await tempFolder();
  const toml = `output = "stdout"\nnats_address = "nats://${nats.address}"`;
  await using writer = await startProcess(folder, toml, "pipe");
  await writer.subscribed();
  await writer.child.stdout.cancel();
  await bus.publish(SUBJECT, "cpu v=1\n");
  expect(await writer.exited).toBe(1);
  expect(writer.log()).toContain(
    'ERROR writer "store" cannot go on: cannot write to standard output: EPIPE: broken pipe, write\n',
  );
});

test("a folder that cannot be made ends it with status 1, and the path in the log", async () => {
  await using folder = await tempFolder();
  await Bun.write(folder.file("taken"), "");
  // Nobody listens there: the files are looked at first.
  const toml =
    'output = "file"\nfile_path = "taken/{subject}.lp"\nnats_address = "nats://127.0.0.1:1"';
  await using writer = await startProcess(folder, toml, "pipe");
  expect(await writer.exited).toBe(1);
  expect(writer.log()).toMatch(
    /ERROR cannot start writer.*: cannot write to "taken\/\{subject\}\.lp" \(file_path\): E/,
  );
});
