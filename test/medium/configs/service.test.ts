/** The systemd unit, judged by systemd itself. */
import { expect, test } from "bun:test";
import { chmod } from "node:fs/promises";
import { join } from "node:path";

import { run, tryRun } from "../../support/command.ts";
import { type TempFolder, tempFolder } from "../../support/temp-folder.ts";

const UNIT = join(import.meta.dir, "../../../configs/influx-spout@.service");
/** Of ten; systemd calls what is below 2 "OK". Without any hardening the unit has 9.6. */
const EXPOSURE_MAX = 1.5;

test("systemd finds nothing wrong with the unit", async () => {
  await using folder = await tempFolder();
  expect(await verify(folder, (unit) => unit)).toEqual({ exitCode: 0, complaints: "" });
});

test("systemd would find something wrong", async () => {
  await using folder = await tempFolder();
  const broken = await verify(folder, (unit) => unit.replace("ProtectHome=", "ProtectHomes="));
  expect(broken.complaints).toContain("ProtectHomes");
});

test("the unit leaves the process next to nothing to attack", async () => {
  await run([
    ...["systemd-analyze", "security", "--offline=true", `--threshold=${EXPOSURE_MAX * 10}`],
    UNIT,
  ]);
});

/** The unit as it is, but for the path of the program, which is not installed. */
async function verify(folder: TempFolder, change: (unit: string) => string) {
  const program = folder.file("influx-spout");
  await Bun.write(program, "#!/bin/sh\n");
  await chmod(program, 0o755);
  const text = await Bun.file(UNIT).text();
  const path = folder.file("influx-spout@.service");
  await Bun.write(path, change(text.replace("/usr/local/bin/influx-spout", program)));
  const { exitCode, stdout, stderr } = await tryRun(["systemd-analyze", "verify", path]);
  return { exitCode, complaints: stdout + stderr };
}
