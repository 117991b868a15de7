/** How a listener ends, against a bus that does not answer: the clock is moved by hand. */
import { expect, test } from "bun:test";
import { hostname } from "node:os";

import type { BusOptions, Loss } from "../../../src/bus/bus.ts";
import type { ListenerConfig } from "../../../src/config/config.ts";
import { UDP_COUNTERS, type UdpCounters } from "../../../src/listener/counters.ts";
import { openOutlet } from "../../../src/listener/outlet.ts";
import { Counters } from "../../../src/metrics/counters.ts";
import { deadlineIn } from "../../../src/platform/lifecycle.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { natsOptions } from "../../support/nats-options.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { MemoryBus } from "./memory-bus.ts";

const CONFIG: ListenerConfig = {
  mode: "listener",
  name: "door",
  debug: false,
  nats: natsOptions({ servers: ["one:4222", "two:4222"] }),
  outboundMaxBytes: 1000,
  monitorSubject: "monitor",
  statsIntervalMs: 3000,
  statsFormat: "line",
  probePort: 0,
  pprofPort: 0,
  stopTimeoutMs: 10_000,
  port: 10_001,
  subject: "lines",
  batch: { countMax: 10, sizeMaxBytes: 1000, ageMaxMs: 1000 },
  readBufferBytes: 4096,
};

function setUp(changes: Partial<ListenerConfig> = {}) {
  const bus = new MemoryBus();
  const clock = new ManualClock();
  const log = new RecordingLog();
  const counters: UdpCounters = new Counters(UDP_COUNTERS);
  const opened: BusOptions[] = [];
  const openBus = (options: BusOptions) => {
    opened.push(options);
    return bus;
  };
  const outlet = openOutlet({ ...CONFIG, ...changes }, counters, { clock, log, openBus });
  const lose = (subject: string, lines: number, why: Loss = "unconfirmed") =>
    opened[0]?.onLost?.(subject, lines, why);
  return { bus, clock, log, counters, outlet, opened, lose };
}

test("tells log and monitor subject once bound, then its counters every interval and at the end", async () => {
  const { bus, clock, log, outlet, opened } = setUp();
  expect(bus.published).toEqual([]);
  outlet.announce("UDP", "[::]:10001");
  expect(opened.map(({ name, outboundMaxBytes }) => [name, outboundMaxBytes])).toEqual([
    ["door", 1000],
  ]);
  expect(log.lines).toEqual([
    "INFO listener bound to UDP socket: [::]:10001",
    "INFO UDP listener publishing to [lines] at one:4222,two:4222",
  ]);
  const kinds = () =>
    bus.published.map(([subject, text]) => `${subject} ${/^\w+/.exec(text)?.[0]}`);
  const told = ["monitor spout_mon", "monitor spout_mon", "monitor spout_stat_listener"];
  expect(kinds()).toEqual(told);
  clock.advance(3000);
  expect(kinds()).toEqual([...told, "monitor spout_stat_listener"]);
  await outlet.close(deadlineIn(clock, 1000));
  expect(kinds()).toEqual([...told, "monitor spout_stat_listener", "monitor spout_stat_listener"]);
  expect(clock.timerCount).toBe(0);
});

test("for a monitor of 2.x, tells the counters in its form and nothing else", async () => {
  const { bus, clock, counters, outlet } = setUp({ statsFormat: "prometheus" });
  counters.add("received", 5);
  outlet.announce("UDP", "[::]:10001");
  expect(bus.published).toHaveLength(1);
  const [[subject, text] = ["", ""]] = bus.published;
  expect(subject).toBe("monitor");
  const labels = `{component="listener",host="${hostname()}",mode="listener",name="door"}`;
  expect(text.split("\n").filter((line) => line.startsWith("received{"))).toEqual([
    `received${labels} 5 ${Math.floor(clock.nowMs())}`,
  ]);
  await outlet.close(deadlineIn(clock, 1000));
});

test("sends the incomplete batch and loses nothing", async () => {
  const { bus, clock, outlet, counters } = setUp();
  outlet.intake.accept(new TextEncoder().encode("a v=1\nb v=2"), 2);
  expect(await outlet.close(deadlineIn(clock, 1000))).toEqual({ lostLines: 0 });
  expect(bus.published).toEqual([["lines", "a v=1\nb v=2\n"]]);
  expect(counters.get("sent_lines")).toBe(2);
});

test("what the bus never confirms is waited for until the deadline, and told as lost", async () => {
  const { bus, clock, outlet } = setUp();
  bus.isSilent = true;
  outlet.intake.accept(new TextEncoder().encode("a v=1\nb v=2\n"), 2);
  let isClosed = false;
  const closing = outlet.close(deadlineIn(clock, 1000)).finally(() => (isClosed = true));
  clock.advance(999);
  await Promise.resolve();
  expect(isClosed).toBe(false);
  clock.advance(1);
  expect(await closing).toEqual({ lostLines: 2 });
});

test("what the bus refuses at the end is lost, and what it loses later than it took it", async () => {
  const { bus, clock, outlet, counters, lose } = setUp();
  lose("lines", 1);
  outlet.intake.accept(new TextEncoder().encode("a v=1\nb v=2\n"), 2);
  bus.takes = 0;
  const closing = outlet.close(deadlineIn(clock, 1000));
  lose("lines", 3);
  lose("monitor", 1);
  expect(await closing).toEqual({ lostLines: 5 });
  expect(counters.get("lost_nats_lines")).toBe(4);
});

test("what NATS does not allow has a counter of its own, and while that lasts is told at a stop", async () => {
  const { bus, clock, outlet, counters, lose } = setUp();
  lose("lines", 20, "refused");
  lose("lines", 7, "refused");
  lose("monitor", 1, "refused");
  expect(counters.snapshot()).toMatchObject({ refused_nats_lines: 27, lost_nats_lines: 0 });
  // The 20 were lost before NATS had allowed it in between.
  bus.lostToRefusals = 7;
  const closing = outlet.close(deadlineIn(clock, 1000));
  lose("lines", 1, "refused");
  expect(await closing).toEqual({ lostLines: 8 });
});
