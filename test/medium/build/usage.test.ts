/** What `bun run build` says to options that it cannot follow, before it builds anything. */
import { expect, test } from "bun:test";
import { join } from "node:path";

import { tryRun } from "../../support/command.ts";

const BUILD = join(import.meta.dir, "../../../build.ts");

async function refused(args: readonly string[], complaint: string) {
  const { exitCode, stderr } = await tryRun([process.execPath, BUILD, ...args]);
  expect({ args, exitCode, stderr }).toEqual({
    args,
    exitCode: 2,
    stderr: expect.stringContaining(complaint),
  });
  // The way out of it.
  expect(stderr).toContain("linux-x64, linux-arm64, linux-x64-musl");
}

test("unknown targets, options and names are refused", async () => {
  await refused(["--target", "windows-x64"], '--target: unknown "windows-x64"');
  await refused(["--target", "linux-x64", "--target", "linux"], '--target: unknown "linux"');
  await refused(["--al"], "--al");
  await refused(["dist/elsewhere"], "dist/elsewhere");
  await refused(
    ["--image", "--name", "foo:1.0"],
    "--name: expected a lower-case name without a tag",
  );
});

test("one outfile cannot hold several things", async () => {
  await refused(["--outfile", "x", "--all"], "--outfile: is for one binary");
  await refused(["--outfile", "x", "--image"], "--outfile: is for one binary");
});
