/** A whole site in one process, by its configuration file: what comes in is in one file, and its averages in another. */
import { expect, test } from "bun:test";
import { join } from "node:path";

import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/server-process.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const MAIN = join(import.meta.dir, "../../../src/main.ts");

const site = (port: number) => `
mode = "standalone"
batch_max_age = "50ms"

[[component]]
mode = "listener_http"
port = ${port}

[[component]]
mode = "filter"

[[component.rule]]
type = "basic"
match = "cpu"
subject = "hosts"

[[component]]
mode = "downsampler"
nats_subject = ["hosts"]
downsample_period = "8760h"
downsample_functions = ["max"]

[[component]]
mode = "writer"
nats_subject = ["hosts", "hosts-archive"]
output = "file"
file_path = "{subject}.lp"
`;

test("SIGTERM lets the averages reach their writer before it ends", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  await Bun.write(folder.file("site.toml"), site(port));
  await using child = Bun.spawn([process.execPath, MAIN, folder.file("site.toml")], {
    cwd: folder.path,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const log = new Response(child.stderr).text();
  const send = (body: string) =>
    fetch(`http://127.0.0.1:${port}/write`, { method: "POST", body }).catch(() => undefined);
  const lines = "cpu,host=b,dc=x load=1\ncpu,dc=x,host=b load=4\ncpu,host=a load=7i\n";
  await eventually("it takes lines", async () => (await send(lines))?.status === 204);
  // Without waiting for anything: what was taken is on its way through all of them.
  child.kill("SIGTERM");
  expect([await child.exited, await log]).toEqual([0, expect.stringContaining("nothing lost")]);
  expect(await Bun.file(folder.file("hosts.lp")).text()).toBe(lines);
  const averages = await Bun.file(folder.file("hosts-archive.lp")).text();
  expect(averages.split("\n").map((line) => line.replace(/ \d+$/, ""))).toEqual([
    "cpu,dc=x,host=b load=2.5,load_max=4",
    "cpu,host=a load=7i,load_max=7i",
    "",
  ]);
});
