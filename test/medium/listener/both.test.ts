/** What both listeners promise in the same words: what they say of themselves, and that their port is theirs alone. */
import { describe, expect, test } from "bun:test";

import { eventually } from "../../support/eventually.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { openUdpSender } from "../../support/udp-sender.ts";
import { collect, startTestHttpListener, startTestUdpListener } from "./harness.ts";

const LISTENERS = [
  {
    kind: "UDP",
    protocol: "UDP",
    start: startTestUdpListener,
    async send(port: number, text: string) {
      using sender = await openUdpSender(port);
      await sender.send(text);
    },
  },
  {
    kind: "HTTP",
    protocol: "TCP",
    start: startTestHttpListener,
    async send(port: number, text: string) {
      const url = `http://127.0.0.1:${port}/write`;
      expect((await fetch(url, { method: "POST", body: text })).status).toBe(204);
    },
  },
];

describe.each(LISTENERS)("the $kind listener", ({ kind, protocol, start, send }) => {
  test("says what it is bound to and publishes to, and is quiet afterwards", async () => {
    await using nats = await startNatsServer();
    await using collector = await collect(nats.address);
    await using listener = await start(nats.address);
    await send(listener.port, "a v=1");
    await collector.received(1);
    expect(await listener.stop()).toEqual({ lostLines: 0 });
    expect(listener.log.lines.toSorted()).toEqual(
      [
        `INFO ${kind} listener publishing to [lines] at ${nats.address}`,
        `INFO connected to NATS at ${nats.address}`,
        `INFO listener bound to ${kind} socket: [::]:${listener.port}`,
      ].toSorted(),
    );
    await eventually("its state is told", () => collector.monitored.length >= 2);
    expect(collector.monitored.slice(0, 2)).toEqual([
      `spout_mon type="listener",state="boot",pid=${process.pid}\n`,
      `spout_mon type="listener",state="ready",pid=${process.pid}\n`,
    ]);
  });

  test("with debug it tells the size of what it reads", async () => {
    await using nats = await startNatsServer();
    await using listener = await start(nats.address, { debug: true });
    await send(listener.port, "a v=1");
    await eventually("it is told", () =>
      listener.log.lines.some((line) => /^DEBUG (HTTP )?listener read 5 bytes$/.test(line)),
    );
  });

  test("takes a port that is taken for an error, and names it", async () => {
    await using nats = await startNatsServer();
    await using first = await start(nats.address);
    await expect(start(nats.address, { port: first.port })).rejects.toThrow(
      `cannot bind ${protocol} port ${first.port}: address already in use`,
    );
  });
});
