/**
 * The intake: when a batch goes out, what its bytes are, and that each line ends under exactly one counter. On a
 * clock moved by hand and a bus that keeps what it gets.
 */
import { expect, test } from "bun:test";

import type { BatchLimits } from "../../../src/batch/batch.ts";
import { TAKEN } from "../../../src/bus/bus.ts";
import { countLines } from "../../../src/line/split.ts";
import { UDP_COUNTERS, type UdpCounters } from "../../../src/listener/counters.ts";
import { Intake } from "../../../src/listener/intake.ts";
import { acceptTruncated } from "../../../src/listener/udp.ts";
import { Counters } from "../../../src/metrics/counters.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { seededRandom } from "../../support/random.ts";
import { RecordingDrops } from "../../support/recording-drops.ts";
import { MemoryBus } from "./memory-bus.ts";

const MIB = 1024 * 1024;

function setUp(changes: Partial<BatchLimits> = {}) {
  const limits = { countMax: 10, sizeMaxBytes: MIB, ageMaxMs: 1000, ...changes };
  const bus = new MemoryBus();
  const clock = new ManualClock();
  const drops = new RecordingDrops();
  const counters: UdpCounters = new Counters(UDP_COUNTERS);
  const intake = new Intake({ limits, subject: "lines", bus, counters, clock, drops });
  const accept = (text: string) => {
    const payload = new TextEncoder().encode(text);
    const lines = countLines(payload);
    counters.add("received_lines", lines);
    return intake.accept(payload, lines);
  };
  return { bus, clock, drops, dropped: drops.told, counters, intake, accept };
}

/** What the counters say has become of the lines, beside what is still held. */
function accountedLines({ counters, intake }: { counters: UdpCounters; intake: Intake }): number {
  return (
    counters.get("sent_lines") +
    counters.get("dropped_nats_lines") +
    counters.get("dropped_long_lines") +
    counters.get("dropped_truncated_lines") +
    intake.heldLines
  );
}

test("publishes at the count, all payloads in order as one message", () => {
  const { bus, accept } = setUp({ countMax: 3 });
  accept("a v=1\n");
  accept("b v=2\nc v=3\n");
  expect(bus.published).toEqual([]);
  accept("d v=4\n");
  accept("e v=5\n");
  expect(bus.published).toEqual([["lines", "a v=1\nb v=2\nc v=3\nd v=4\n"]]);
});

test("ends each payload with a newline and passes all other bytes as they are", () => {
  const { bus, accept } = setUp({ countMax: 4 });
  for (const text of ["a v=1\nb v=2", "\n", "c v=3\r\n", "\n\nd v=4"]) accept(text);
  expect(bus.texts).toEqual(["a v=1\nb v=2\n\nc v=3\r\n\n\nd v=4\n"]);
});

test("publishes a batch exactly at its age, counted from its first payload", () => {
  const { bus, clock, accept } = setUp({ ageMaxMs: 300 });
  accept("a v=1\n");
  clock.advance(299);
  accept("b v=2\n");
  expect(bus.texts).toEqual([]);
  clock.advance(1);
  expect(bus.texts).toEqual(["a v=1\nb v=2\n"]);
  clock.advance(10_000);
  expect(bus.texts).toHaveLength(1);
  expect(clock.timerCount).toBe(0);
});

test("publishes the batch first when the next payload does not fit, its missing newline included", () => {
  const { bus, accept } = setUp({ sizeMaxBytes: 12 });
  accept("aaaaa\n");
  accept("bbbbbb");
  expect(bus.texts).toEqual(["aaaaa\n"]);
  accept("ccccc");
  expect(bus.texts).toEqual(["aaaaa\n", "bbbbbb\n"]);
});

test("publishes a batch at once when it reaches its size", () => {
  const { bus, accept } = setUp({ sizeMaxBytes: 12 });
  accept("aaaaa\n");
  accept("bbbbb");
  expect(bus.texts).toEqual(["aaaaa\nbbbbb\n"]);
});

test("never publishes more at once than the server takes, even if it tells so later", () => {
  const { bus, accept, intake } = setUp();
  accept("aaaaa\nbbbbb\nccccc\n");
  bus.maxBytes = 12;
  intake.flush();
  expect(bus.texts).toEqual(["aaaaa\nbbbbb\n", "ccccc\n"]);
  accept("ddddd\n");
  accept("eeeeee\n");
  expect(bus.texts).toEqual(["aaaaa\nbbbbb\n", "ccccc\n", "ddddd\n"]);
});

test("publishes a payload larger than a batch at once, cut at line ends, behind what came before it", async () => {
  const { bus, accept, intake, counters } = setUp({ sizeMaxBytes: 12 });
  accept("a\n");
  const publication = accept("bbbb\ncccc\ndddd\neeee\nffff");
  expect(bus.texts).toEqual(["a\n", "bbbb\ncccc\n", "dddd\neeee\n", "ffff\n"]);
  expect(publication.isUnderWay).toBe(true);
  expect(await publication.isTaken).toBe(true);
  await intake.whenSettled();
  expect(counters.snapshot()).toMatchObject({ sent: 2, sent_lines: 6, received_lines: 6 });
});

test("drops a line too long to publish, keeps its neighbours, and tells both counter and log", async () => {
  const { bus, accept, intake, counters, dropped } = setUp();
  bus.maxBytes = 8;
  const publication = accept("a\nbbbbbbbb\nc\n");
  expect(publication.longLines).toBe(1);
  expect(await publication.isTaken).toBe(true);
  accept("x".repeat(100));
  expect(bus.texts).toEqual(["a\n", "c\n"]);
  await intake.whenSettled();
  expect(counters.snapshot()).toMatchObject({ sent_lines: 2, dropped_long_lines: 2, sent: 1 });
  const why = "longer than the 8 bytes that can be published at once";
  expect(dropped).toEqual([
    `1 for [lines]: ${why}: "bbbbbbbb\\n"`,
    `1 for [lines]: ${why}: "${"x".repeat(100)}\\n"`,
  ]);
});

test("a line longer than a batch, which NATS takes, is a message of its own: a batch has a size to send at", async () => {
  const { bus, accept, intake, counters, dropped } = setUp({ sizeMaxBytes: 8 });
  bus.maxBytes = 20;
  const long = "b".repeat(19);
  accept("a\n");
  expect(accept(`${long}\n`).longLines).toBe(0);
  accept(`c\n${long}\nd\n`);
  accept(long);
  expect(bus.texts).toEqual(["a\n", `${long}\n`, "c\n", `${long}\n`, "d\n", `${long}\n`]);
  expect(accept(`${long}b\n`).longLines).toBe(1);
  await intake.whenSettled();
  expect(counters.snapshot()).toMatchObject({ sent_lines: 6, dropped_long_lines: 1 });
  expect(dropped).toEqual([
    `1 for [lines]: longer than the 20 bytes that can be published at once: "${long}b\\n"`,
  ]);
});

test("passes a line that just fits", () => {
  const { bus, accept } = setUp({ sizeMaxBytes: 8 });
  accept("aaaaaaa");
  expect(bus.texts).toEqual(["aaaaaaa\n"]);
});

test("counts what the bus refuses and goes on, and tells why", async () => {
  const { bus, accept, intake, counters, dropped } = setUp({ countMax: 1 });
  bus.takes = 0;
  const publication = accept("a v=1\nb v=2\n");
  expect(await publication.isTaken).toBe(false);
  accept("c v=3\n");
  await intake.whenSettled();
  bus.takes = 1;
  expect(await accept("d v=4\n").isTaken).toBe(true);
  expect(bus.texts).toEqual(["d v=4\n"]);
  expect(counters.snapshot()).toMatchObject({
    sent: 1,
    sent_lines: 1,
    failed_nats_publish: 2,
    dropped_nats_lines: 3,
  });
  const why = "NATS takes them too slowly (nats_max_outbound_size)";
  expect(dropped).toEqual([`2 for [lines]: ${why}`, `1 for [lines]: ${why}`]);
});

test("a batch of which the bus took a part counts as sent and is not all taken", async () => {
  const { bus, accept, intake, counters } = setUp({ sizeMaxBytes: 8 });
  bus.takes = 1;
  expect(await accept("aaaaaa\nbbbbbb\nc\n").isTaken).toBe(false);
  await intake.whenSettled();
  expect(counters.snapshot()).toMatchObject({ sent: 1, sent_lines: 1, dropped_nats_lines: 2 });
});

test("payloads of one batch share its publication, which is under way once the batch is out", async () => {
  const { accept } = setUp({ countMax: 2 });
  const first = accept("a v=1\n");
  expect(first.isUnderWay).toBe(false);
  const second = accept("b v=2\n");
  expect(second).toBe(first);
  expect(first.isUnderWay).toBe(true);
  expect(await first.isTaken).toBe(true);
  expect(accept("c v=3\n")).not.toBe(first);
});

test("flushing an empty intake publishes nothing", () => {
  const { bus, intake } = setUp();
  intake.flush();
  expect(bus.texts).toEqual([]);
});

test("a truncated datagram gives its whole lines; the torn one is dropped and counted", async () => {
  const { bus, intake, drops, dropped, counters } = setUp({ countMax: 1 });
  const outlet = { intake, drops };
  const truncated = (text: string) => acceptTruncated(Buffer.from(text), outlet, counters);
  truncated("a v=1\nb v=2\nc v");
  truncated("no whole line");
  truncated("d v=4\n");
  await intake.whenSettled();
  expect(bus.texts).toEqual(["a v=1\nb v=2\n", "d v=4\n"]);
  expect(counters.snapshot()).toMatchObject({
    received: 3,
    truncated: 3,
    received_lines: 5,
    sent_lines: 3,
    dropped_truncated_lines: 2,
  });
  const why = "the kernel cut their datagram off";
  expect(dropped.slice(0, 2)).toEqual([
    `1 of UDP datagrams: ${why}: "c v"`,
    `1 of UDP datagrams: ${why}: "no whole line"`,
  ]);
});

test("each line received is sent, dropped under a reason or still held, whatever happens", async () => {
  const random = seededRandom("intake");
  const rig = setUp({ countMax: 7, sizeMaxBytes: 200 });
  for (let step = 0; step < 3000; step++) {
    rig.bus.takes = random.oneIn(4) ? 0 : random.int(5);
    rig.bus.maxBytes = 40 + random.int(300);
    const text = Array.from({ length: 1 + random.int(12) }, () => "x".repeat(random.int(60))).join(
      "\n",
    );
    if (text !== "") {
      if (random.oneIn(10)) acceptTruncated(Buffer.from(text), rig, rig.counters);
      else rig.accept(text);
    }
    if (random.oneIn(20)) rig.clock.advance(500);
    expect(accountedLines(rig)).toBe(rig.counters.get("received_lines"));
    if (random.oneIn(3)) await rig.intake.whenSettled();
    expect(accountedLines(rig)).toBe(rig.counters.get("received_lines"));
  }
  rig.bus.maxBytes = MIB;
  rig.bus.takes = Number.POSITIVE_INFINITY;
  rig.intake.flush();
  await rig.intake.whenSettled();
  expect(rig.intake.heldLines).toBe(0);
  expect(accountedLines(rig)).toBe(rig.counters.get("received_lines"));
  const { sent_lines, dropped_nats_lines, dropped_long_lines } = rig.counters.snapshot();
  for (const count of [sent_lines, dropped_nats_lines, dropped_long_lines]) {
    expect(count).toBeGreaterThan(100);
  }
  expect(countLines(Buffer.from(rig.bus.texts.join("")))).toBe(sent_lines);
});

test("publishes a payload of 128 KiB or more as it is, behind what was gathered before it", () => {
  const { bus, accept } = setUp();
  accept("a v=1\n");
  accept(`${"x".repeat(128 * 1024 - 2)}\n`);
  expect(bus.texts).toEqual([]);
  const large = `${"y".repeat(128 * 1024 - 1)}\n`;
  accept(large);
  expect(bus.texts.map((text) => text.length)).toEqual([6 + 128 * 1024 - 1, large.length]);
  expect(bus.texts[1]).toBe(large);
});

test("fills the buffer of a batch again, and lets the memory of a long payload go, once the bus gives them back", () => {
  const { bus, intake } = setUp({ countMax: 1 });
  const long = () => new Uint8Array(200_000).fill(0x61);
  // Copied for the sake of its newline: nobody has any use for the original.
  const copied = long();
  intake.accept(copied, 1);
  expect(bus.texts.at(-1)).toHaveLength(200_001);
  expect(copied).toHaveLength(0);
  const endedAlready = () => {
    const payload = long();
    payload[payload.length - 1] = 0x0a;
    return payload;
  };
  const keptAsItIs = endedAlready();
  intake.accept(keptAsItIs, 1);
  expect(keptAsItIs).toHaveLength(200_000);

  bus.givesBack = true;
  const released = endedAlready();
  intake.accept(released, 1);
  expect(bus.texts.at(-1)).toHaveLength(200_000);
  expect(released).toHaveLength(0);
  // A part of a larger buffer is not the intake's alone.
  const part = new Uint8Array(400_000).fill(0x0a).subarray(0, 200_000);
  intake.accept(part, 0);
  expect(part).toHaveLength(200_000);

  for (let round = 0; round < 3; round++)
    intake.accept(new TextEncoder().encode(`a v=${round}`), 1);
  expect(bus.texts.slice(-3)).toEqual(["a v=0\n", "a v=1\n", "a v=2\n"]);
});

test("does not fill the buffer of a batch again of which one message is back and another is not", () => {
  const { bus, intake, accept } = setUp({ countMax: 100, sizeMaxBytes: 1000 });
  const kept: Uint8Array[] = [];
  bus.publish = (_subject, payload, _lines, onFree) => {
    // The first is free at once, the second goes on waiting.
    if (kept.push(payload) === 1) onFree?.(payload);
    return TAKEN;
  };
  const fill = (letter: string) => {
    for (let count = 0; count < 10; count++) accept(`${letter.repeat(49)}\n`);
  };
  fill("b");
  // A server that takes less than the last one.
  bus.maxBytes = 300;
  intake.flush();
  bus.maxBytes = 1000;
  expect(kept).toHaveLength(2);
  const second = new TextDecoder().decode(kept[1]);
  fill("c");
  intake.flush();
  expect(new TextDecoder().decode(kept[1])).toBe(second);
});
