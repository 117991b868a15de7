/**
 * Goal: the log never harms the process, whatever standard error is: not read, closed, full, a terminal that is stopped;
 * and it holds nothing that is not of its form. Method: real processes.
 */
import { describe, expect, test } from "bun:test";
import { open } from "node:fs/promises";
import { join } from "node:path";

import { tryRun } from "../../support/command.ts";
import { eventually } from "../../support/eventually.ts";
import { residentBytesOf } from "../../support/resident.ts";
import { freePort } from "../../support/server-process.ts";
import { CONTROL_Q, CONTROL_S } from "../../support/tap.ts";
import { type TempFolder, tempFolder } from "../../support/temp-folder.ts";
import { openUdpSender } from "../../support/udp-sender.ts";

const MAIN = join(import.meta.dir, "../../../src/main.ts");
const FIXTURE = join(import.meta.dir, "runtime-messages-fixture.ts");

const MB = 1024 * 1024;
/** With one line of log for each: some megabytes, more than a pipe and the process hold together. */
const DATAGRAMS = 60_000;

/** A listener that logs each datagram, with nothing to send them to; it answers probes. */
async function listenerIn(folder: TempFolder) {
  const [port, probePort] = [freePort(), freePort()];
  const configPath = folder.file("debug.toml");
  await Bun.write(
    configPath,
    `mode = "listener"
     debug = true
     port = ${port}
     probe_port = ${probePort}
     nats_address = "nats://127.0.0.1:${freePort()}"
     stop_timeout = "1s"`,
  );
  const healthy = async () => (await fetch(`http://127.0.0.1:${probePort}/healthz`)).ok;
  let sentDatagrams = 0;
  return {
    command: [process.execPath, MAIN, configPath],
    isUp: () => eventually("it is up", () => healthy().catch(() => false)),
    /** Resolves, with how many it has read by now, once it has logged, or tried to, that it read them. */
    async sendAll() {
      using sender = await openUdpSender(port);
      for (let sent = 0; sent < DATAGRAMS; sent++) {
        await sender.send(`cpu v=${sent}`);
        if (sent % 100 === 0) await Bun.sleep(1);
      }
      sentDatagrams += DATAGRAMS;
      const page = async () =>
        (
          await fetch(`http://127.0.0.1:${probePort}/metrics`, {
            signal: AbortSignal.timeout(5000),
          })
        ).text();
      return eventually("it has read them", async () => {
        const read = /^received\{.*\} (\d+)$/m.exec(await page())?.[1];
        const lost = /^dropped_datagrams\{.*\} (\d+)$/m.exec(await page())?.[1];
        return Number(read) + Number(lost) === sentDatagrams && Number(read);
      });
    },
  };
}

test("a debug log that nobody reads is bounded, and told how much of it was dropped once it is read", async () => {
  await using folder = await tempFolder();
  const listener = await listenerIn(folder);
  Bun.spawnSync(["mkfifo", folder.file("pipe")]);
  await using pipe = await open(folder.file("pipe"), "r+");
  const child = Bun.spawn(listener.command, { stdio: ["ignore", "ignore", pipe.fd] });
  await listener.isUp();
  await listener.sendAll();
  const before = residentBytesOf(child.pid);
  let read = 0;
  for (let time = 0; time < 3; time++) read = await listener.sendAll();
  expect(residentBytesOf(child.pid) - before).toBeLessThan(40 * MB);

  const reader = Bun.spawn(["cat", folder.file("pipe")]);
  let log = "";
  const collected = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of reader.stdout) log += decoder.decode(chunk, { stream: true });
  })();
  await eventually("it tells", () => / WARN \d+ log lines dropped: /.test(log));
  child.kill("SIGTERM");
  expect(await child.exited).toBe(1);
  await eventually("the end of the log is there", () => log.includes("stopped listener"));
  reader.kill();
  await collected;
  for (const line of log.split("\n").slice(0, -1)) {
    expect(line).toMatch(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d (DEBUG|INFO|WARN|ERROR) /);
  }
  const notices = [...log.matchAll(/WARN (\d+) log lines dropped/g)];
  const dropped = notices.reduce((sum, [, lines]) => sum + Number(lines), 0);
  const told = log.match(/listener read/g)?.length ?? 0;
  // What is told of a broken connection may be among them.
  expect(dropped + told).toBeGreaterThanOrEqual(read);
  expect(dropped + told).toBeLessThan(read + 20);
}, 60_000);

test("a process whose log nobody reads ends in time", async () => {
  await using folder = await tempFolder();
  const listener = await listenerIn(folder);
  Bun.spawnSync(["mkfifo", folder.file("pipe")]);
  await using pipe = await open(folder.file("pipe"), "r+");
  const child = Bun.spawn(listener.command, { stdio: ["ignore", "ignore", pipe.fd] });
  await listener.isUp();
  await listener.sendAll();
  child.kill("SIGTERM");
  expect(await child.exited).toBe(1);
}, 60_000);

test.each([
  ["is closed by its reader", "2> >(exec true)"],
  ["is not there", "2>&-"],
  ["is a full disk", "2>/dev/full"],
])(
  "a process whose standard error %s goes on, and stops as it should",
  async (_what, redirection) => {
    await using folder = await tempFolder();
    const listener = await listenerIn(folder);
    const command = `exec ${listener.command.join(" ")} ${redirection}`;
    const child = Bun.spawn(["bash", "-c", command], { stdio: ["ignore", "ignore", "ignore"] });
    await listener.isUp();
    await listener.sendAll();
    expect(child.exitCode).toBe(null);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(1);
  },
  60_000,
);

test("a terminal that is stopped holds up nothing", async () => {
  await using folder = await tempFolder();
  const listener = await listenerIn(folder);
  let screen = "";
  const decoder = new TextDecoder();
  const child = Bun.spawn(listener.command, {
    terminal: { data: (_, bytes) => void (screen += decoder.decode(bytes, { stream: true })) },
  });
  await eventually("it says what it is bound to", () => screen.includes("bound to UDP socket"));
  child.terminal?.write(CONTROL_S);
  await listener.sendAll();
  child.terminal?.write(CONTROL_Q);
  await eventually("it tells", () => / WARN \d+ log lines dropped: /.test(screen));
  child.kill("SIGTERM");
  expect(await child.exited).toBe(1);
  child.terminal?.close();
}, 60_000);

describe("what the runtime and packages print by themselves", () => {
  const SHOWN = "\\x1b[31m\\u{9b}2J\\u{202e}\\nsecond";
  /** Each line of the log, without its time. */
  const linesOf = async (what: string) => {
    const { exitCode, stdout, stderr } = await tryRun([process.execPath, FIXTURE, what]);
    const lines = stderr.split("\n").slice(0, -1);
    for (const line of lines) {
      expect(line).toMatch(
        /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d (WARN|ERROR) (?:(?!\p{Cc}|\p{Cf}).)*$/u,
      );
    }
    expect(stdout).toBe("");
    return { exitCode, lines: lines.map((line) => line.slice(20)) };
  };

  test("an error that nobody caught is one line, and the end", async () => {
    for (const [what, text] of [
      ["rejection", `Error: rejected ${SHOWN}`],
      ["exception", `Error: thrown ${SHOWN}`],
      ["thrown text", SHOWN],
    ] as const) {
      const { exitCode, lines } = await linesOf(what);
      expect({ what, exitCode, count: lines.length }).toEqual({ what, exitCode: 1, count: 1 });
      expect(lines[0]).toStartWith(`ERROR ended: ${text}`);
    }
  });

  test("a warning is a line each", async () => {
    const { exitCode, lines } = await linesOf("warning");
    expect(exitCode).toBe(0);
    expect(lines).toEqual([
      `WARN the runtime warns: Warning: of ours ${SHOWN}`,
      expect.stringMatching(/^WARN the runtime warns: MaxListenersExceededWarning: /),
    ]);
  });

  test("what is printed again and again is told once", async () => {
    expect(await linesOf("console")).toEqual({
      exitCode: 0,
      lines: [`WARN printed: bytes ${SHOWN} { a: 1 }`, "WARN printed: to standard output"],
    });
  });
});

describe("the command line", () => {
  const EVIL = "\u001b[31m\u009b2J\u202e";
  const SHOWN = "\\x1b[31m\\u{9b}2J\\u{202e}";
  const shell = (script: string) =>
    tryRun(["bash", "-c", `B="${process.execPath} ${MAIN}"; ${script}`]);

  test("is shown in escapes where it is wrong", async () => {
    for (const args of [
      [`--x${EVIL}`],
      ["tap", `--x${EVIL}`],
      ["tap", `a ${EVIL}`],
      [`/none/${EVIL}`],
    ]) {
      const { exitCode, stderr } = await tryRun([process.execPath, MAIN, ...args]);
      expect(exitCode).toBe(2);
      expect(stderr).not.toMatch(/(?!\n)\p{Cc}|\p{Cf}/u);
      expect(stderr).toMatch(
        args.length === 2 && args[1]?.startsWith("a") ? /\\u001b\[31m/ : /\\x1b\[31m/,
      );
    }
    expect(SHOWN).toContain("31m");
  });

  test("ends well where its reader has seen enough, and not where a disk is full", async () => {
    expect(await shell("$B --help > >(exec true); echo $?")).toMatchObject({
      stdout: "0\n",
      stderr: "",
    });
    const { stdout, stderr } = await shell("$B --help > /dev/full; echo $?");
    expect(stdout).toBe("1\n");
    expect(stderr).toContain("influx-spout: cannot write to standard output: ENOSPC");
  });

  test("has the same status if what it says is not read", async () => {
    expect((await shell("$B --wrong 2> >(exec true); echo $?")).stdout).toBe("2\n");
    expect((await shell("$B /none 2> /dev/full; echo $?")).stdout).toBe("2\n");
    expect((await shell("$B /none 2>&-; echo $?")).stdout).toBe("2\n");
  });
});
