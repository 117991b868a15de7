/**
 * Signals that come by accident cost no line: the program logs them, goes on, and stops when it is asked to. Method: the real
 * program, which holds lines of a batch that is neither full nor old, is sent every signal that there is.
 */
import { expect, test } from "bun:test";
import { join } from "node:path";

import { buildBinary, startSpout } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/server-process.ts";
import { tempFolder } from "../support/temp-folder.ts";

const siteConfig = (port: number) => `mode = "standalone"
[[component]]
mode = "listener_http"
port = ${port}
batch_max_age = "10ms"
[[component]]
mode = "filter"
[[component.rule]]
type = "basic"
match = "cpu"
subject = "hosts"
[[component]]
mode = "writer"
nats_subject = ["hosts"]
batch_max_age = "10m"
output = "file"
file_path = "hosts.lp"
`;

async function post(port: number, line: string): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/write`, { method: "POST", body: line });
  expect(answer.status).toBe(204);
}

const LOGGED = [
  ...["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGXCPU"],
] as const;

/**
 * By number, of Linux (`signal(7)`), all but those that are told to stop (2, 3, 15), cannot be caught (9, 19), stop a process until it is told
 * to go on (20, 21, 22), mean a fault (4 to 8, 11, 31), or are the C library's and the runtime's own (30, 32, 33).
 */
const HARMLESS = [
  ...[1, 10, 12, 13, 14, 16, 17, 18, 23, 24, 25, 26, 27, 28, 29],
  ...Array.from({ length: 31 }, (_, index) => 34 + index),
];

test("no signal but those to stop changes anything, and what is held is written after them", async () => {
  const port = freePort();
  await using spout = await startSpout("site", siteConfig(port));
  await spout.logged("ready");
  await post(port, "cpu seq=1");
  for (const number of HARMLESS) process.kill(spout.pid, number);
  for (const name of LOGGED) await spout.logged(`WARN ${name} changes nothing here`);
  for (let times = 0; times < 100; times++) spout.signal("SIGHUP");
  await post(port, "cpu seq=2");
  expect(await spout.stop()).toBe(0);
  expect(spout.log()).toContain("nothing lost");
  expect(spout.log().match(/SIGHUP changes nothing/g)).toHaveLength(1);
  expect(await Bun.file(join(spout.folder, "hosts.lp")).text()).toBe("cpu seq=1\ncpu seq=2\n");
}, 30_000);

test("SIGQUIT stops as SIGTERM does", async () => {
  const port = freePort();
  await using spout = await startSpout("site", siteConfig(port));
  await spout.logged("ready");
  await post(port, "cpu seq=1");
  spout.signal("SIGQUIT");
  expect(await spout.exited).toBe(0);
  expect(spout.log()).toMatch(/INFO SIGQUIT: stopping standalone "site"\n(.*\n)*.*nothing lost/);
  expect(await Bun.file(join(spout.folder, "hosts.lp")).text()).toBe("cpu seq=1\n");
}, 30_000);

test("a terminal that is closed under it takes nothing along, although nobody sees the log any more", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  await Bun.write(folder.file("site.toml"), siteConfig(port));
  let screen = "";
  const child = Bun.spawn([await buildBinary(), "site.toml"], {
    cwd: folder.path,
    terminal: {
      cols: 100,
      rows: 24,
      data: (_terminal, bytes) => void (screen += bytes.toString()),
    },
  });
  try {
    await eventually("it is ready", () => screen.includes("ready"));
    await post(port, "cpu seq=1");
    child.terminal?.close();
    // The system sends the signal to the leader of the terminal's session; not every test runs in one that is.
    child.kill("SIGHUP");
    child.kill("SIGHUP");
    await post(port, "cpu seq=2");
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    expect(await Bun.file(folder.file("hosts.lp")).text()).toBe("cpu seq=1\ncpu seq=2\n");
  } finally {
    child.kill("SIGKILL");
  }
}, 30_000);
