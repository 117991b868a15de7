/** Writing to a file descriptor: all of it, in order, and while nobody reads without holding up this thread. */
import { expect, test } from "bun:test";
import { constants } from "node:fs";
import { open } from "node:fs/promises";

import { systemClock } from "../../../src/platform/clock.ts";
import { createSink } from "../../../src/platform/sink.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const { O_RDWR, O_NONBLOCK } = constants;

for (const [pipe, flags] of [
  ["a pipe", O_RDWR],
  ["a pipe that somebody made non-blocking", O_RDWR | O_NONBLOCK],
] as const) {
  test(`${pipe} gets all of it, as soon as it is read`, async () => {
    await using folder = await tempFolder();
    Bun.spawnSync(["mkfifo", folder.file("pipe")]);
    await using writer = await open(folder.file("pipe"), flags);
    // More than the pipe takes.
    const bytes = Buffer.from("0123456789".repeat(100_000));
    const written = createSink(writer.fd, systemClock).write(bytes);
    const reader = Bun.spawn(["head", "-c", String(bytes.length), folder.file("pipe")]);
    expect((await new Response(reader.stdout).text()) === bytes.toString()).toBe(true);
    await written;
  });
}

test("what cannot be written to is an error with the code of the system", async () => {
  await using full = await open("/dev/full", "w");
  const error = await createSink(full.fd, systemClock).write(Buffer.from("x")).catch(String);
  expect(error).toContain("ENOSPC");
});
