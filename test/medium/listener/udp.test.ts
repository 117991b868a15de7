/**
 * The UDP listener with real sockets and a real nats-server: what is sent to it is published, framed and batched as
 * configured, and accounted for.
 */
import { dlopen } from "bun:ffi";
import { expect, spyOn, test } from "bun:test";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

import type { UdpListener } from "../../../src/listener/udp.ts";
import { startMode } from "../../../src/modes.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { DatagramReader } from "../../../src/platform/datagram-reader.ts";
import { STARTED_MS } from "../../../src/platform/host.ts";
import { deadlineIn } from "../../../src/platform/lifecycle.ts";
import { eventually } from "../../support/eventually.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { openUdpSender, type UdpSender } from "../../support/udp-sender.ts";
import { collect, startTestUdpListener, udpConfig } from "./harness.ts";

test("five datagrams and a count of five are one message, and the counters say so", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestUdpListener(nats.address, { batch: { countMax: 5 } });
  using sender = await openUdpSender(listener.port);
  for (const line of ["a v=1", "b v=2", "c v=3", "d v=4", "e v=5"]) await sender.send(`${line}\n`);
  expect(await collector.received(1)).toEqual(["a v=1\nb v=2\nc v=3\nd v=4\ne v=5\n"]);

  await eventually("the message is counted", () => collector.metric("sent") === 1);
  expect(collector.monitored.at(-1)).toBe(
    `spout_stat_listener,listener=door,mode=listener,host=${hostname()} received=5,sent=1,read_errors=0,received_bytes=30,` +
      "received_lines=5,sent_lines=5,failed_nats_publish=0,dropped_nats_lines=0,lost_nats_lines=0,refused_nats_lines=0," +
      `dropped_long_lines=0,truncated=0,dropped_truncated_lines=0,dropped_datagrams=0,started_ms=${STARTED_MS}\n`,
  );
  expect(collector.texts).toHaveLength(1);
});

test("a count of one is a message for each datagram, in order", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestUdpListener(nats.address);
  using sender = await openUdpSender(listener.port);
  const sent = Array.from({ length: 100 }, (_, number) => `cpu,n=${number} v=1\n`);
  for (const text of sent) await sender.send(text);
  expect(await collector.received(100)).toEqual(sent);
});

test("datagrams with and without a final newline are kept apart, and empty ones are nothing", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestUdpListener(nats.address, { batch: { countMax: 3 } });
  using sender = await openUdpSender(listener.port);
  for (const text of ["a v=1\nb v=2", "", "c v=3", "d v=4\n"]) await sender.send(text);
  expect(await collector.received(1)).toEqual(["a v=1\nb v=2\nc v=3\nd v=4\n"]);
  await eventually("all is counted", () => collector.metric("received_lines") === 4);
  expect(collector.metric("received")).toBe(3);
});

test("an incomplete batch goes out at its age", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestUdpListener(nats.address, {
    batch: { countMax: 1000, ageMaxMs: 300 },
  });
  using sender = await openUdpSender(listener.port);
  const startMs = performance.now();
  await sender.send("a v=1\n");
  expect(await collector.received(1)).toEqual(["a v=1\n"]);
  expect(performance.now() - startMs).toBeGreaterThan(295);
});

test("a full batch goes out long before its count, no larger than its size", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestUdpListener(nats.address, {
    batch: { countMax: 1_000_000, sizeMaxBytes: 1024 },
  });
  using sender = await openUdpSender(listener.port);
  for (let count = 0; count < 11; count++) await sender.send("x".repeat(100));
  expect(await collector.received(1)).toEqual([`${"x".repeat(100)}\n`.repeat(10)]);
});

test("one socket takes IPv4 and IPv6", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestUdpListener(nats.address);
  using ipv4 = await openUdpSender(listener.port, "127.0.0.1");
  using ipv6 = await openUdpSender(listener.port, "::1");
  await ipv4.send("four v=1");
  await collector.received(1);
  await ipv6.send("six v=1");
  expect(await collector.received(2)).toEqual(["four v=1\n", "six v=1\n"]);
});

test("the largest datagram passes whole", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestUdpListener(nats.address);
  using sender = await openUdpSender(listener.port);
  await sender.send("x".repeat(65_507));
  expect(await collector.received(1)).toEqual([`${"x".repeat(65_507)}\n`]);
  await eventually("it is counted", () => collector.metric("received") === 1);
  expect(collector.metric("truncated")).toBe(0);
});

test("read past the event loop, while they follow one another, datagrams are what they were", async () => {
  using read = spyOn(DatagramReader.prototype, "read");
  await using nats = await startNatsServer({ payloadMaxBytes: 20_000 });
  await using collector = await collect(nats.address);
  await using listener = await startTestUdpListener(
    nats.address,
    { batch: { countMax: 7, ageMaxMs: 100 } },
    { isAlone: true },
  );
  using sender = await openUdpSender(listener.port);
  const lines: string[] = [];
  for (let turn = 0; turn < 100; turn++) {
    const text = (number: number) => `cpu,turn=${turn},n=${number} v=1`;
    // Ended and not, of several lines, none, and with more than a message may have.
    const long = Array.from({ length: 1500 }, (_, number) => text(number + 10));
    const datagrams = [[text(0)], [text(1), text(2), ""], [], turn % 10 === 0 ? long : [text(3)]];
    await Promise.all(datagrams.map((part) => sender.send(part.join("\n"))));
    lines.push(...datagrams.flat().filter((line) => line !== ""));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await collector.receivedLines(lines);
  expect(collector.texts.join("").split("\n").slice(0, -1)).toEqual(lines);
  await eventually("all is counted", () => collector.metric("sent_lines") === lines.length);
  expect(collector.metric("received")).toBe(300);
  const readPast = read.mock.results.reduce((sum, { value }) => sum + Number(value), 0);
  expect(readPast).toBeGreaterThan(100);
});

/**
 * No sender can bring it about: Bun reads into 65,536 bytes, and the largest datagram, by IPv6, has 65,527. So the
 * socket is real, but says of each datagram that it was cut off.
 */
test("of a datagram that is cut off the whole lines are published, the torn one is counted", async () => {
  const { udpSocket } = Bun;
  using _ = spyOn(Bun, "udpSocket").mockImplementation(((options: Bun.udp.SocketOptions<never>) =>
    udpSocket({
      ...options,
      socket: {
        ...options.socket,
        data: (socket, datagram, port, address, flags) =>
          options.socket?.data?.(socket, datagram, port, address, { ...flags, truncated: true }),
      },
    })) as typeof udpSocket);
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestUdpListener(nats.address);
  using sender = await openUdpSender(listener.port);
  await sender.send("a v=1\nb v=2\nc v");
  expect(await collector.received(1)).toEqual(["a v=1\nb v=2\n"]);
  await eventually("it is counted", () => collector.metric("truncated") === 1);
  expect(collector.metric("received_lines")).toBe(3);
  expect(collector.metric("dropped_truncated_lines")).toBe(1);
});

test("a batch above the server's max_payload is cut at line ends", async () => {
  await using nats = await startNatsServer({ payloadMaxBytes: 5000 });
  await using collector = await collect(nats.address);
  await using listener = await startTestUdpListener(nats.address);
  using sender = await openUdpSender(listener.port);
  const lines = Array.from({ length: 1000 }, (_, number) => `cpu,n=${number} v=1`);
  await sender.send(`${lines.join("\n")}\n${"x".repeat(6000)}\nlast v=1`);
  await collector.receivedLines([...lines, "last v=1"]);
  for (const text of collector.texts) expect(text.length).toBeLessThanOrEqual(5000);
  await eventually("all is counted", () => collector.metric("sent_lines") === 1001);
  expect(collector.metric("dropped_long_lines")).toBe(1);
  expect(listener.log.lines.at(-1)).toStartWith(
    "ERROR dropped 1 line for [lines]: longer than the 5000 bytes that can be published at once, such as ",
  );
});

test("a receive buffer that is no whole number of pages is rounded up", async () => {
  await using nats = await startNatsServer();
  await using listener = await startTestUdpListener(nats.address, { readBufferBytes: 100_000 });
  expect(listener.log.lines.join("\n")).toContain(
    "rounding up receive buffer to nearest page size (now 102400 bytes)",
  );
});

test("what the kernel drops for want of room is counted each second, and told in the log at once", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestUdpListener(nats.address, { readBufferBytes: 4096 });
  using sender = await openUdpSender(listener.port);
  const accounted = () =>
    (collector.metric("received") ?? 0) + (collector.metric("dropped_datagrams") ?? 0);
  flood(sender);
  await eventually("all is counted", () => accounted() === 100);
  const dropped = collector.metric("dropped_datagrams") ?? 0;
  expect(dropped).toBeGreaterThan(50);
  const told = () => listener.log.lines.filter((line) => line.includes("kernel"));
  const [first = ""] = told();
  expect(first).toMatch(
    /^ERROR dropped \d+ datagrams: by the kernel, mostly because the receive buffer was full: raise read_buffer_size, or spread the senders over more listeners$/,
  );
  expect(Number(/\d+/.exec(first)?.[0])).toBeLessThanOrEqual(dropped);
  flood(sender);
  await eventually("all is counted", () => accounted() === 200);
  expect(told()).toHaveLength(1);
});

test("what the kernel dropped last is counted at a stop", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestUdpListener(nats.address, { readBufferBytes: 4096 });
  using sender = await openUdpSender(listener.port);
  flood(sender);
  await listener.stop();
  await eventually("it is told", () => (collector.metric("dropped_datagrams") ?? 0) > 50);
  expect(collector.metric("received")).toBe(100 - (collector.metric("dropped_datagrams") ?? 0));
});

test("a listener with a process of its own reads past the event loop", async () => {
  using read = spyOn(DatagramReader.prototype, "read");
  await using nats = await startNatsServer();
  const log = new RecordingLog();
  // Its threads, if it had any, would not start.
  const workerUrl = new URL("file:///dev/null");
  const listener = await startMode(udpConfig(nats.address), { clock: systemClock, log, workerUrl });
  const { port } = listener as UdpListener;
  using sender = await openUdpSender(port);
  await eventually("datagrams that follow one another to be read so", async () => {
    await sendFollowing(sender);
    return read.mock.calls.length > 0;
  });
  await listener.stop(deadlineIn(systemClock, 1000));
});

test("once it has stopped, nothing touches the socket that was read past the event loop", async () => {
  await using nats = await startNatsServer();
  await using listener = await startTestUdpListener(nats.address, {}, { isAlone: true });
  using sender = await openUdpSender(listener.port);
  // Each reading finds some, and so is followed by another.
  let readings = 0;
  using _ = aroundReadings(() => {
    readings++;
    for (let count = 0; count < 3; count++) void sender.send("a v=1");
  });
  await eventually("a reading", async () => {
    await sendFollowing(sender);
    return readings > 10;
  });
  await listener.stop();
  const readingsUntilStop = readings;
  await new Promise((resolve) => setImmediate(resolve));
  expect(readings).toBe(readingsUntilStop);
  expect(listener.log.lines.filter((line) => !line.startsWith("INFO"))).toEqual([]);
});

test("what waits for NATS is not written over by what is read past the event loop", async () => {
  using read = spyOn(DatagramReader.prototype, "read");
  const away = await startNatsServer();
  const { port } = away;
  await away[Symbol.asyncDispose]();
  await using listener = await startTestUdpListener(
    away.address,
    { batch: { sizeMaxBytes: 2000 } },
    { isReadyExpected: false, isAlone: true },
  );
  using sender = await openUdpSender(listener.port);
  const lines: string[] = [];
  for (let turn = 0; turn < 40; turn++) {
    // Too much for a batch, so it goes out as it is.
    const text = Array.from({ length: 200 }, (_, number) => `cpu,turn=${turn},n=${number} v=1`);
    await sender.send(`${text.join("\n")}\n`);
    lines.push(...text);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(read.mock.calls.length).toBeGreaterThan(0);
  await using nats = await startNatsServer({ port });
  await using collector = await collect(nats.address);
  await collector.receivedLines(lines);
});

test("takes datagrams before NATS is there, and publishes them when it comes", async () => {
  const away = await startNatsServer();
  const { port } = away;
  await away[Symbol.asyncDispose]();
  await using listener = await startTestUdpListener(away.address, {}, { isReadyExpected: false });
  using sender = await openUdpSender(listener.port);
  await sender.send("early v=1");
  expect(listener.running.ready()).toBe(false);

  await using nats = await startNatsServer({ port });
  await using collector = await collect(nats.address);
  // What was held goes out as soon as the listener connects, perhaps before the collector has.
  await eventually("a line arrives", async () => {
    await sender.send("late v=1");
    return collector.texts.length > 0;
  });
  await eventually("all is counted", () => {
    const sentLines = collector.metric("sent_lines") ?? 0;
    return sentLines >= 2 && sentLines === collector.metric("received_lines");
  });
  expect(collector.metric("dropped_nats_lines")).toBe(0);
  expect(listener.running.ready()).toBe(true);
});

test("with no room left for NATS it drops, counts, and logs once", async () => {
  const away = await startNatsServer();
  const { port } = away;
  await away[Symbol.asyncDispose]();
  await using listener = await startTestUdpListener(
    away.address,
    { outboundMaxBytes: 20_000, batch: { sizeMaxBytes: 10_000 } },
    { isReadyExpected: false },
  );
  using sender = await openUdpSender(listener.port);
  for (let count = 0; count < 100; count++) await sender.send("x".repeat(999));
  await eventually("the log tells it", () =>
    listener.log.lines.some((line) =>
      line.startsWith("ERROR dropped 1 line for [lines]: NATS takes them too slowly"),
    ),
  );
  await using nats = await startNatsServer({ port });
  await using collector = await collect(nats.address);
  await eventually("all is counted", () => collector.metric("received") === 100);
  const sent = collector.metric("sent_lines") ?? 0;
  expect(sent).toBeGreaterThan(0);
  expect(collector.metric("dropped_nats_lines")).toBe(100 - sent);
  expect(collector.metric("failed_nats_publish")).toBe(100 - sent);
  expect(listener.log.lines.filter((line) => line.includes("too slowly"))).toHaveLength(1);
});

test("stopping in mid-flow loses nothing that the system had taken for it", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestUdpListener(nats.address, { batch: { countMax: 1000 } });
  using sender = await openUdpSender(listener.port);
  const lines = Array.from({ length: 500 }, (_, number) => `cpu,n=${number} v=1`);
  for (const line of lines) await sender.send(line);
  expect(await listener.stop()).toEqual({ lostLines: 0 });
  await collector.receivedLines(lines);
  expect(collector.metric("received_lines")).toBe(500);
  expect(collector.metric("sent_lines")).toBe(500);
});

test("stopping without NATS tells how many lines are lost, in the time it is given", async () => {
  const away = await startNatsServer();
  await away[Symbol.asyncDispose]();
  await using listener = await startTestUdpListener(
    away.address,
    { batch: { countMax: 2 } },
    { isReadyExpected: false },
  );
  using sender = await openUdpSender(listener.port);
  for (const text of ["a v=1\nb v=2", "c v=3", "d v=4"]) await sender.send(text);
  const startMs = performance.now();
  expect(await listener.stop(300)).toEqual({ lostLines: 4 });
  expect(performance.now() - startMs).toBeLessThan(2000);
});

test("an error of the socket is counted and logged, and the next datagram is taken", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestUdpListener(nats.address);
  using sender = await openUdpSender(listener.port);
  // The answer to a datagram that nobody takes is an error on the socket that it was sent from.
  sendToNobodyFrom(socketOfPort(listener.port));
  await eventually("it is counted", () => (collector.metric("read_errors") ?? 0) > 0);
  expect(listener.log.lines.at(-1)).toMatch(/^WARN cannot read from UDP port \d+: .*refused/);
  await sender.send("a v=1");
  expect(await collector.received(1)).toEqual(["a v=1\n"]);
  expect(listener.running.ready()).toBe(true);
});

test("an error of the socket is counted and logged in mid-flow, too", async () => {
  await using nats = await startNatsServer();
  await using collector = await collect(nats.address);
  await using listener = await startTestUdpListener(nats.address, {}, { isAlone: true });
  const socket = socketOfPort(listener.port);
  using _ = aroundReadings(() => sendToNobodyFrom(socket));
  using sender = await openUdpSender(listener.port);
  await eventually("it is counted", async () => {
    await sendFollowing(sender);
    return (collector.metric("read_errors") ?? 0) > 0;
  });
  expect(listener.log.lines.at(-1)).toMatch(
    /^WARN cannot read from UDP port \d+: ECONNREFUSED: connection refused/,
  );
});

/** Datagrams that follow one another, each read in a turn of the event loop of its own. */
async function sendFollowing(sender: UdpSender): Promise<void> {
  for (let count = 0; count < 5; count++) {
    await sender.send("a v=1");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Calls `before` in front of each reading past the event loop. */
function aroundReadings(before: () => void): Disposable {
  const { read } = DatagramReader.prototype;
  const around = function (this: DatagramReader, ...args: Parameters<typeof read>) {
    before();
    return read.apply(this, args);
  };
  return spyOn(DatagramReader.prototype, "read").mockImplementation(around);
}

/** More than a small receive buffer holds, in one turn of the event loop, so that nobody reads it meanwhile. */
function flood(sender: UdpSender): void {
  for (let count = 0; count < 100; count++) void sender.send("x".repeat(1000));
}

/** The descriptor of this process's IPv6 UDP socket that is bound to `port`. */
function socketOfPort(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  const row = readFileSync("/proc/self/net/udp6", "latin1")
    .split("\n")
    .find((text) => text.includes(local));
  const inode = row?.trim().split(/\s+/)[9];
  const descriptor = readdirSync("/proc/self/fd").find((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === `socket:[${inode}]`;
    } catch {
      return false;
    }
  });
  if (descriptor === undefined) throw new Error(`no socket is bound to port ${port}`);
  return Number(descriptor);
}

/** Sends a byte to port 9 of ::1, where nobody listens. */
function sendToNobodyFrom(descriptor: number): void {
  const AF_INET6 = 10;
  const address = new Uint8Array(28);
  address.set([AF_INET6, 0, 0, 9]);
  address[23] = 1;
  const { symbols } = dlopen("libc.so.6", {
    sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
  });
  const sent = symbols.sendto(descriptor, Uint8Array.of(1), 1, 0, address, address.length);
  if (Number(sent) !== 1) throw new Error("sendto failed");
}
