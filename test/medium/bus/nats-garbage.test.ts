/**
 * Bytes that no NATS server sends end the connection, with a reason in the log, and reach no console.
 * Method: processes of their own, for what they write on their standard streams.
 */
import { expect, test } from "bun:test";

import { eventually } from "../../support/eventually.ts";
import { startFakeNats } from "./fake-nats.ts";

const ESCAPE = "\u001b[31mred\u009b31m\u202e";

const CASES: Readonly<Record<string, string>> = {
  "another protocol": `HTTP/1.1 400 ${ESCAPE}\r\n\r\n`,
  "a word unknown": `MSGX ${ESCAPE}\r\n`,
  "a message without a number": `MSG a x${ESCAPE} y\r\n`,
  "a message of a size below zero": "MSG a 1 -5\r\n",
  "headers longer than their message": "HMSG a 1 50 5\r\nhello\r\n",
  "an INFO that is no JSON": `INFO {${ESCAPE}}\r\n`,
  "an INFO of nothing": "INFO null\r\n",
};

for (const [what, bytes] of Object.entries(CASES)) {
  test(`${what}: the connection ends, the log says so once for each, the console stays clean`, async () => {
    await using fake = await startFakeNats();
    const child = Bun.spawn(
      [process.execPath, `${import.meta.dir}/process-fixture.ts`, "log", fake.address],
      { stdout: "pipe", stderr: "pipe", timeout: 8_000, killSignal: "SIGKILL" },
    );
    const client = await eventually("the client", () => fake.clients[0]);
    await eventually("the subscription", () => client.received.includes("SUB a "));
    client.socket.write(bytes, "utf8");
    // It comes again.
    await eventually("another connection", () => fake.clients.length > 1);
    child.kill("SIGTERM");
    const [complaint, log] = await Promise.all([
      new Response(child.stderr).text(),
      new Response(child.stdout).text(),
    ]);
    expect(complaint).toBe("");
    const [, lost = "", ...more] = log.trimEnd().split("\n");
    expect(lost).toStartWith(
      `WARN lost the connection to NATS at ${fake.address}: the server sent what NATS servers do not: "`,
    );
    expect(lost).not.toMatch(/[^\x20-\x7e]/);
    expect(more).toEqual([`WARN connected to NATS again, at ${fake.address}`]);
  });
}
