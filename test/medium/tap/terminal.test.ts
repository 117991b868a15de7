/** tap on a terminal: what it shows there, and that a terminal which is stopped holds up nothing. */
import { expect, test } from "bun:test";
import { join } from "node:path";

import { connect } from "nats";

import { eventually } from "../../support/eventually.ts";
import { type NatsServer, startNatsServer } from "../../support/nats-server.ts";
import { CONTROL_C, CONTROL_Q, CONTROL_S, startTapOnTerminal } from "../../support/tap.ts";

const COMMAND = [process.execPath, join(import.meta.dir, "../../../src/main.ts")];

const tapOf = (nats: NatsServer, args: string[], env: Record<string, string> = {}) =>
  startTapOnTerminal({ command: COMMAND, args: [...args, "--server", nats.address], env });

/** A character of `text` is a byte. */
async function publish(nats: NatsServer, subject: string, text: string): Promise<void> {
  const connection = await connect({ servers: nats.address });
  connection.publish(subject, Buffer.from(text, "latin1"));
  await connection.drain();
}

const STATUS = /\d+ lines\/s {2}\S+ \w+\/s {2}passed \d+ {2}shown \d+ {2}dropped \d+/;

test("shows lines in colours with their subject, broken ones marked, control characters harmless, and a status", async () => {
  await using nats = await startNatsServer();
  await using tap = tapOf(nats, ["hosts.*"], { NO_COLOR: "" });
  await tap.shows("tap subscribed");
  await tap.shows(STATUS);
  await publish(nats, "hosts.a", "cpu,host=a v=1 5\ncpu,host=\x1b]0;pwned\x07\n");
  await tap.shows(
    "\u001b[2mhosts.a\u001b[0m \u001b[1mcpu\u001b[0m,\u001b[2;36mhost\u001b[0m=\u001b[36ma\u001b[0m " +
      "\u001b[2;32mv\u001b[0m=\u001b[32m1\u001b[0m \u001b[2m5\u001b[0m\r\n",
  );
  await tap.shows("<- missing fields");
  expect(tap.screen()).not.toContain("\u001b]");
  await tap.shows(/\r\u001b\[K\d+ lines\/s {2}\S+ \w+\/s {2}passed 2 {2}shown 2 {2}dropped 0/);
  tap.type(CONTROL_C);
  expect(await tap.exited).toBe(0);
  await tap.shows(
    /\r\u001b\[K\d+ lines\/s {2}\S+ \w+\/s {2}passed 2 {2}shown 2 {2}dropped 0 {2}in \d+\.\d s\r\n$/,
  );
  // Nothing was ever written behind a status but what takes it away, and by the terminal the key that was typed.
  expect(tap.screen()).not.toMatch(/dropped \d+(?!\d|\^C|\r\u001b\[K| {2}in )/);
});

test("shows a single subject without its name, and no colours to whoever wants none", async () => {
  await using nats = await startNatsServer();
  await using tap = tapOf(nats, ["hosts"], { NO_COLOR: "1" });
  await tap.shows("tap subscribed");
  await publish(nats, "hosts", "cpu,host=a v=1 5\n\x1bbroken\n");
  await tap.shows("\\x1bbroken <- missing fields\r\n");
  expect(tap.screen()).toMatch(/(?:\n|\u001b\[K)cpu,host=a v=1 5\r\n/);
  await tap.shows(STATUS);
  expect(tap.screen().replaceAll("\r\u001b[K", "")).not.toContain("\u001b");
});

test("sends a dumb terminal neither colours nor a line rewritten in place", async () => {
  await using nats = await startNatsServer();
  await using tap = tapOf(nats, ["hosts"], { TERM: "dumb" });
  await tap.shows("tap subscribed");
  await publish(nats, "hosts", "cpu,host=a v=1 5\n\x1bbroken\n");
  await tap.shows("cpu,host=a v=1 5\r\n\\x1bbroken <- missing fields\r\n");
  tap.type(CONTROL_C);
  expect(await tap.exited).toBe(0);
  await tap.shows(/ INFO .*passed 2 {2}shown 2 {2}dropped 0 {2}in /);
  expect(tap.screen()).not.toContain("\u001b");
});

test("a terminal that is stopped holds up nothing: what finds no room is dropped, and Ctrl-C ends it", async () => {
  await using nats = await startNatsServer();
  await using tap = tapOf(nats, ["hosts"]);
  await tap.shows("tap subscribed");
  tap.type(CONTROL_S);
  const pendingBytes = async () => {
    const answer = await fetch(`${nats.monitorUrl}/connz`);
    const { connections } = (await answer.json()) as {
      connections: { name: string; pending_bytes: number; out_msgs: number }[];
    };
    return connections.find(({ name }) => name === "tap");
  };
  const connection = await connect({ servers: nats.address });
  const payload = Buffer.from(`cpu v="${"x".repeat(90)}"\n`.repeat(1000));
  for (let i = 0; i < 100; i++) {
    connection.publish("hosts", payload);
    await connection.flush();
  }
  await connection.close();
  await eventually("all of it has been read from NATS", async () => {
    const tapped = await pendingBytes();
    return tapped?.out_msgs === 100 && tapped.pending_bytes === 0;
  });
  tap.type(CONTROL_Q);
  await tap.shows(/passed 100000 {2}shown \d+ {2}dropped [1-9]\d* \(output is read too slowly\)/);
  tap.type(CONTROL_S);
  tap.type(CONTROL_C);
  expect(await tap.exited).toBe(0);
});
