/** tap against a real nats-server, as a process whose standard output is a pipe, a file or nothing that takes anything. */
import { expect, test } from "bun:test";
import { open } from "node:fs/promises";
import { join } from "node:path";

import { connect, type NatsConnection } from "nats";

import { eventually } from "../../support/eventually.ts";
import { type NatsServer, startNatsServer } from "../../support/nats-server.ts";
import { freePort } from "../../support/server-process.ts";
import { startTap, startTapTo } from "../../support/tap.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const COMMAND = [process.execPath, join(import.meta.dir, "../../../src/main.ts")];

interface Publisher extends AsyncDisposable {
  /** A character of `text` is a byte. Resolves when the server has it. */
  publish(subject: string, text: string): Promise<void>;
  readonly connection: NatsConnection;
}

async function openPublisher(nats: NatsServer): Promise<Publisher> {
  const connection = await connect({ servers: nats.address });
  return {
    connection,
    async publish(subject, text) {
      connection.publish(subject, Buffer.from(text, "latin1"));
      await connection.flush();
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

const tapOf = (nats: { readonly address: string }, ...args: string[]) =>
  startTap({ command: COMMAND, args: ["--server", `nats://${nats.address}`, ...args] });

/** The numbers of the last rate line: `{ passed: 5, shown: 5, dropped: 0 }`. */
function lastCounts(messages: string): Record<string, number> {
  const last = messages.trimEnd().split("\n").at(-1) ?? "";
  return Object.fromEntries(
    Array.from(last.matchAll(/(passed|shown|dropped|missed) (\d+)/g), ([, name = "", count]) => [
      name,
      Number(count),
    ]),
  );
}

async function slowConsumers(nats: NatsServer): Promise<unknown> {
  const answer = await fetch(`${nats.monitorUrl}/varz`);
  return ((await answer.json()) as Record<string, unknown>)["slow_consumers"];
}

test("prints what passes on the subjects of a pattern and on others, byte for byte, and nothing else", async () => {
  await using nats = await startNatsServer();
  await using publisher = await openPublisher(nats);
  await using tap = tapOf(nats, "hosts.>", "junk");
  await tap.said(`tap subscribed to [hosts.> junk] at ${nats.address}\n`);
  await publisher.publish(
    "hosts.a",
    'cpu,host=a v=1 1\r\n\n\r\nmem,host=\xff\xc3\xa9 v="\x1b[31m"\n',
  );
  await publisher.publish("hosts", "not=this\n");
  await publisher.publish("hosts.b.c", "broken \x00\x80\n# note\r\ncpu v=2");
  await publisher.publish("junk", "junk v=3\n");
  const expected =
    'cpu,host=a v=1 1\nmem,host=\xff\xc3\xa9 v="\x1b[31m"\nbroken \x00\x80\n# note\ncpu v=2\njunk v=3\n';
  await eventually("it has printed all of it", () => tap.output().length >= expected.length);
  tap.signal("SIGINT");
  expect(await tap.exited).toBe(0);
  expect(tap.output()).toBe(expected);
  expect(tap.messages()).toMatch(
    /^\S+ \S+ INFO connected to NATS at .*\n.* INFO tap subscribed .*\n.* INFO \d+ lines\/s {2}\S+ \w+\/s {2}passed 6 {2}shown 6 {2}dropped 0 {2}in \d+\.\d s\n$/,
  );
});

test("prints the lines that match, and of those every Nth", async () => {
  await using nats = await startNatsServer();
  await using publisher = await openPublisher(nats);
  await using tap = tapOf(nats, "--sample=3", "hosts", "--match", "(?i)^CPU, 1");
  await tap.said("tap subscribed");
  for (let i = 1; i <= 7; i++) await publisher.publish("hosts", `mem v=${i}\ncpu\\,\\ 1 v=${i}\n`);
  // SIGTERM as well: what has been received is still looked at.
  tap.signal("SIGTERM");
  expect(await tap.exited).toBe(0);
  expect(tap.output()).toBe("cpu\\,\\ 1 v=3\ncpu\\,\\ 1 v=6\n");
  expect(lastCounts(tap.messages())).toEqual({ passed: 14, shown: 2, dropped: 0 });
});

test("takes nothing from those who share the lines, and is alone in no queue group", async () => {
  await using nats = await startNatsServer();
  await using publisher = await openPublisher(nats);
  let received = 0;
  publisher.connection.subscribe("hosts", { queue: "filter", callback: () => void received++ });
  await using one = tapOf(nats, "hosts");
  await using other = tapOf(nats, "*");
  await Promise.all([one.said("tap subscribed"), other.said("tap subscribed")]);
  for (let i = 0; i < 20; i++) await publisher.publish("hosts", `cpu v=${i}\n`);
  await eventually("all have all lines", () =>
    [one, other].every((tap) => tap.output().endsWith("cpu v=19\n")),
  );
  expect({ received, one: one.output().length }).toEqual({ received: 20, one: 170 });
  expect(other.output()).toBe(one.output());
});

test("when standard output is not read, it drops what finds no room, counts it, and NATS does not notice", async () => {
  await using nats = await startNatsServer();
  await using publisher = await openPublisher(nats);
  await using folder = await tempFolder();
  Bun.spawnSync(["mkfifo", folder.file("pipe")]);
  await using pipe = await open(folder.file("pipe"), "r+");
  await using tap = startTapTo(pipe.fd, {
    command: COMMAND,
    args: ["hosts", `--server=${nats.address}`],
  });
  await tap.said("tap subscribed");
  const line = `cpu v="${"x".repeat(1000)}"\n`;
  const linesEach = 500;
  const messages = 120;
  for (let i = 0; i < messages; i++) await publisher.publish("hosts", line.repeat(linesEach));
  expect(await slowConsumers(nats)).toBe(0);
  tap.signal("SIGINT");
  expect(await tap.exited).toBe(0);
  const { passed = 0, shown = 0, dropped = 0 } = lastCounts(tap.messages());
  // Nothing was read, and so nothing counts as shown but what the last complete write took: there was none.
  expect({ passed, shown, dropped }).toEqual({
    passed: messages * linesEach,
    shown: 0,
    dropped: messages * linesEach,
  });
  expect(tap.messages()).toContain("(output is read too slowly)");
  expect(tap.messages()).not.toContain("lost the connection");
});

test("what is read late is there, up to the limit, in whole lines", async () => {
  await using nats = await startNatsServer();
  await using publisher = await openPublisher(nats);
  await using folder = await tempFolder();
  Bun.spawnSync(["mkfifo", folder.file("pipe")]);
  await using pipe = await open(folder.file("pipe"), "r+");
  await using tap = startTapTo(pipe.fd, {
    command: COMMAND,
    args: ["hosts", `--server=${nats.address}`],
  });
  await tap.said("tap subscribed");
  const line = (index: number) => `cpu v="${"x".repeat(990)}" ${String(index).padStart(9, "0")}\n`;
  for (let i = 0; i < 40; i++) {
    const lines = Array.from({ length: 1000 }, (_, index) => line(i * 1000 + index));
    await publisher.publish("hosts", lines.join(""));
  }
  const reader = Bun.spawn(["cat", folder.file("pipe")], { stdout: "pipe" });
  let read = "";
  const collected = (async () => {
    for await (const chunk of reader.stdout) read += Buffer.from(chunk).toString("latin1");
  })();
  await eventually("there is room again, and what waited is out", async () => {
    await publisher.publish("hosts", "last v=1\n");
    return read.endsWith("last v=1\n");
  });
  tap.signal("SIGINT");
  expect(await tap.exited).toBe(0);
  await pipe.close();
  await collected;
  const { passed = 0, shown = 0, dropped = 0 } = lastCounts(tap.messages());
  const lines = read.trimEnd().split("\n");
  const [early, late] = [lines.filter((text) => text !== "last v=1"), "last v=1"];
  expect(early.every((text) => text.length === line(0).length - 1)).toBe(true);
  expect(early[0]).toEndWith(" 000000000");
  expect(lines.slice(early.length).every((text) => text === late)).toBe(true);
  // Two times 16 MiB at most: what is under way, and what waits.
  expect(early.length).toBeWithin(16 * 1024, 33 * 1024 + 1);
  expect({ read: lines.length, passed }).toEqual({ read: shown, passed: shown + dropped });
});

test("when the reader has seen enough, it ends at once with status 0 and without a word", async () => {
  await using nats = await startNatsServer();
  await using publisher = await openPublisher(nats);
  await using tap = tapOf(nats, "hosts");
  await tap.said("tap subscribed");
  await publisher.publish("hosts", "cpu v=1\n");
  await eventually("it prints", () => tap.output() === "cpu v=1\n");
  const said = tap.messages();
  await tap.closeOutput();
  await publisher.publish("hosts", "cpu v=2\n");
  expect(await tap.exited).toBe(0);
  expect(tap.messages()).toBe(said);
});

test("when standard output takes nothing, it ends with status 1 and says why", async () => {
  await using nats = await startNatsServer();
  await using publisher = await openPublisher(nats);
  await using full = await open("/dev/full", "w");
  await using tap = startTapTo(full.fd, {
    command: COMMAND,
    args: ["hosts", `--server=${nats.address}`],
  });
  await tap.said("tap subscribed");
  await publisher.publish("hosts", "cpu v=1\n");
  expect(await tap.exited).toBe(1);
  expect(tap.messages()).toMatch(/ERROR cannot write to standard output: ENOSPC.*\n$/);
});

test("while NATS is away it says so and goes on trying; a signal ends it all the same", async () => {
  const port = freePort();
  await using tap = tapOf({ address: `127.0.0.1:${port}` }, "hosts");
  await tap.said("cannot connect to NATS, trying on: ");
  {
    await using nats = await startNatsServer({ port });
    await using publisher = await openPublisher(nats);
    await tap.said("tap subscribed");
    await publisher.publish("hosts", "cpu v=1\n");
    await eventually("it prints", () => tap.output() === "cpu v=1\n");
  }
  await tap.said("lost the connection to NATS");
  tap.signal("SIGINT");
  expect(await tap.exited).toBe(0);
  expect(lastCounts(tap.messages())).toEqual({ passed: 1, shown: 1, dropped: 0 });

  await using early = tapOf({ address: `127.0.0.1:${port}` }, "hosts");
  await early.said("cannot connect to NATS, trying on: ");
  early.signal("SIGTERM");
  expect(await early.exited).toBe(0);
  expect(lastCounts(early.messages())).toEqual({ passed: 0, shown: 0, dropped: 0 });
});

test("the login is the one in --server, and the log does not show it", async () => {
  await using nats = await startNatsServer({ user: "me", password: "hush" });
  await using wrong = tapOf({ address: `me:wrong@${nats.address}` }, "hosts");
  await wrong.said("credentials refused");
  await using right = tapOf({ address: `me:hush@${nats.address}` }, "hosts");
  await right.said(`tap subscribed to [hosts] at ${nats.address}\n`);
  expect(right.messages() + wrong.messages()).not.toMatch(/hush|wrong/);
});

test("ends well when its terminal is closed or it is told to quit, and not by signals that come by accident", async () => {
  await using nats = await startNatsServer();
  await using publisher = await openPublisher(nats);
  for (const last of ["SIGHUP", "SIGQUIT"] as const) {
    await using tap = tapOf(nats, "hosts");
    await tap.said("tap subscribed");
    for (const stray of ["SIGUSR1", "SIGUSR2", "SIGALRM", "SIGIO"] as const) tap.signal(stray);
    await publisher.publish("hosts", "cpu v=1\n");
    await eventually("it has printed the line", () => tap.output() === "cpu v=1\n");
    tap.signal(last);
    expect(await tap.exited).toBe(0);
    expect(lastCounts(tap.messages())).toMatchObject({ passed: 1, shown: 1 });
  }
});
