/**
 * FilterPart between a bus and the router. Goal: whatever the bus does with a message, its lines are counted, and the
 * delivery is reported done. Method: a bus that does what the test says; real buses are the medium tests' business.
 */
import { expect, test } from "bun:test";

import {
  type Bus,
  BusClosed,
  BusFull,
  type BusOptions,
  type Pieces,
  putTogether,
  type SubscribeOptions,
} from "../../../src/bus/bus.ts";
import { FilterPart } from "../../../src/filter/part.ts";
import { DropLog } from "../../../src/platform/drops.ts";
import { deadlineIn } from "../../../src/platform/lifecycle.ts";
import { filterConfig } from "../../support/filter-config.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";

/** Subscribes at once, takes every payload that `refuse` does not refuse, and remembers what was asked of it. */
class ScriptedBus implements Bus {
  readonly events: string[] = [];
  readonly texts: string[] = [];
  readonly options: BusOptions;
  subscription: SubscribeOptions | undefined;
  refuse: (subject: string) => Error | undefined = () => undefined;
  drain: () => Promise<void> = () => Promise.resolve();

  constructor(options: BusOptions) {
    this.options = options;
  }

  publish(subject: string, payload: Uint8Array): Promise<void> {
    const refusal = this.refuse(subject);
    if (refusal === undefined) this.texts.push(new TextDecoder().decode(payload));
    this.events.push(`${refusal === undefined ? "took" : "refused"} ${subject} ${payload.length}`);
    return refusal === undefined ? Promise.resolve() : Promise.reject(refusal);
  }

  publishPieces(subject: string, pieces: Pieces): Promise<void> {
    return this.publish(subject, putTogether(pieces));
  }

  whenRoom(): undefined {
    return undefined;
  }

  async subscribe(subject: string, options: SubscribeOptions) {
    this.events.push(`subscribed ${subject} ${options.queue} ${options.pendingMaxBytes}`);
    this.subscription = options;
    return {
      pendingBytes: () => 0,
      isAllowed: () => true,
      drain: () => {
        this.events.push("drain");
        return this.drain();
      },
    };
  }

  /** Delivers `text` and resolves once it is reported done. */
  deliver(text: string): Promise<void> {
    const payload = new TextEncoder().encode(text);
    return new Promise((resolve) => {
      void this.subscription?.onDelivery({
        subject: "in",
        payload,
        done: () => {
          this.events.push("done");
          resolve();
        },
        retry: () => this.events.push("retry"),
      });
    });
  }

  maxPayloadBytes = () => 1_000_000;
  state = () => "up" as const;
  isReady = () => true;
  isRefused = () => false;
  refusedLines = () => 0;
  hasRoom = () => true;

  async close(deadlineMs: number): Promise<void> {
    this.events.push(`close ${deadlineMs}`);
  }
}

function startPart(changes: Parameters<typeof filterConfig>[0] = {}) {
  const log = new RecordingLog();
  const clock = new ManualClock();
  const opened: ScriptedBus[] = [];
  let readyCount = 0;
  const part = new FilterPart({
    config: filterConfig(changes),
    openBus: (options) => {
      const bus = new ScriptedBus(options);
      opened.push(bus);
      return bus;
    },
    clock,
    log,
    drops: new DropLog(log, clock),
    onReady: () => readyCount++,
  });
  const [bus] = opened;
  if (bus === undefined) throw new Error("no bus was opened");
  const counts = () => {
    const { counters } = part.totals();
    return Object.fromEntries(Object.entries(counters).filter(([, count]) => count !== 0));
  };
  return { part, bus, log, clock, counts, readyCount: () => readyCount };
}

test("subscribes in the queue group, with the pending limit, and is ready then", async () => {
  const { part, bus, readyCount } = startPart();
  expect(part.ready()).toBe(false);
  await Promise.resolve();
  expect(bus.events).toEqual(["subscribed in filter 1000000"]);
  expect(part.ready()).toBe(true);
  expect(readyCount()).toBe(1);
});

test("publishes the messages of a delivery in order and reports it done after the last", async () => {
  const { part, bus, counts } = startPart();
  await bus.deliver("bye x=1\nhello x=1\nhello x=2\n");
  expect(bus.events.slice(1)).toEqual(["took H 20", "took junk 8", "done"]);
  expect(counts()).toEqual({
    received: 1,
    processed: 3,
    passed: 2,
    rejected: 1,
    sent: 2,
    sent_lines: 3,
  });
  expect(part.totals().triggered).toEqual([2]);
});

test("joins what the deliveries of one turn have for a subject, and reports them done after that", async () => {
  const { bus, counts } = startPart();
  await Promise.all([
    bus.deliver("hello x=1\nbye x=1\n"),
    bus.deliver("\n"),
    bus.deliver("bye x=2\r\nhello x=2"),
  ]);
  expect(bus.texts).toEqual(["hello x=1\nhello x=2\n", "bye x=1\nbye x=2\n"]);
  expect(bus.events.slice(1)).toEqual(["took H 20", "took junk 16", "done", "done", "done"]);
  expect(counts()).toMatchObject({ received: 3, sent: 2, sent_lines: 4 });
});

test("publishes at once when 256 KiB are gathered, or a thousand deliveries", async () => {
  const { bus } = startPart();
  const line = `hello x="${"x".repeat(990)}"\n`;
  const large = bus.deliver(line.repeat(300));
  expect(bus.events.slice(1)).toEqual(["took H 300300"]);
  await large;
  bus.events.length = 0;
  const small = Array.from({ length: 1024 }, () => bus.deliver("hello x=1\n"));
  expect(bus.events).toEqual(["took H 10240"]);
  await Promise.all(small);
});

test("reports a delivery done that nothing comes of", async () => {
  const { bus, counts } = startPart();
  await bus.deliver("\n\n");
  expect(bus.events.slice(1)).toEqual(["done"]);
  expect(counts()).toEqual({ received: 1 });
});

test("counts and tells what the bus refuses, the rest of the delivery goes out", async () => {
  const { bus, log, counts } = startPart();
  bus.refuse = (subject) => (subject === "H" ? new BusFull("too much is waiting") : undefined);
  await bus.deliver("hello x=1\nhello x=2\nbye x=1\n");
  await bus.deliver("hello x=3\n");
  expect(counts()).toEqual({
    received: 2,
    processed: 4,
    passed: 3,
    rejected: 1,
    sent: 1,
    sent_lines: 1,
    failed_nats_publish: 2,
    dropped_nats_lines: 3,
  });
  expect(bus.events.filter((event) => event === "done")).toHaveLength(2);
  expect(log.lines).toEqual([
    "ERROR dropped 2 lines from [in]: NATS takes them too slowly (nats_max_outbound_size)",
  ]);
});

test("counts the lines that are dropped before they are routed, and those lost after they were published", () => {
  const { bus, log, counts } = startPart();
  const payload = new TextEncoder().encode("a x=1\n\nb x=1\r\nc x=1");
  bus.subscription?.onDropped(payload, "influx-spout");
  bus.subscription?.onDropped(payload, "influx-spout");
  bus.options.onLost?.("H", 3, "unconfirmed");
  expect(counts()).toEqual({ nats_dropped: 2, nats_dropped_lines: 6, lost_nats_lines: 3 });
  expect(log.lines).toHaveLength(1);
});

test("drains before it closes the bus, and says what was lost since it was told to stop", async () => {
  const { part, bus, clock } = startPart();
  await bus.deliver("hello x=1\n");
  bus.options.onLost?.("H", 1, "refused");
  bus.drain = async () => {
    bus.refuse = () => new BusClosed("the bus is closed");
    await bus.deliver("hello x=2\nhello x=3\nbye x=1\n");
  };
  bus.events.length = 0;
  expect(await part.stop(deadlineIn(clock, 1000))).toEqual({ lostLines: 3 });
  expect(bus.events).toEqual(["drain", "refused H 20", "refused junk 8", "done", "close 1000"]);
});

test("what is routed while the bus is being closed is refused and counted", async () => {
  const { part, bus, clock } = startPart();
  await Promise.resolve();
  bus.close = async () => {
    bus.refuse = () => new BusClosed("the bus is closed");
    void bus.deliver("hello x=1\n");
  };
  expect(await part.stop(deadlineIn(clock, 1000))).toEqual({ lostLines: 1 });
});

test("closes the bus in time when draining takes too long", async () => {
  const { part, bus, clock } = startPart();
  await Promise.resolve();
  bus.drain = () => new Promise(() => {});
  const stopped = part.stop(deadlineIn(clock, 1000));
  clock.advance(799);
  await Promise.resolve();
  expect(bus.events.at(-1)).toBe("drain");
  clock.advance(1);
  await stopped;
  expect(bus.events.at(-1)).toBe("close 200");
  expect(clock.timerCount).toBe(0);
});

test("tells samples of what it refuses, and each message with debug alone", async () => {
  const long = `hello,${"t".repeat(300)} x=1\n`;
  const told = (debug: boolean) => {
    const { bus, log, clock } = startPart({ debug });
    return { log, clock, deliver: (text: string) => bus.deliver(text) };
  };
  for (const debug of [false, true]) {
    const { log, clock, deliver } = told(debug);
    await deliver(long);
    await deliver("hello x=1 1\n");
    await deliver("hello x=2 1\nhello x=3 1\n");
    clock.advance(10_000);
    const messages = log.lines.filter((line) => line.startsWith("DEBUG filter received"));
    expect(messages).toHaveLength(debug ? 3 : 0);
    const time = "timestamp too far from now (max_time_delta)";
    expect(log.lines.filter((line) => !messages.includes(line))).toEqual([
      `ERROR dropped 1 line from [in]: missing tag value, such as "hello,${"t".repeat(194)}"...`,
      `ERROR dropped 1 line from [in]: ${time}, such as "hello x=1 1"`,
      expect.stringMatching(
        /^ERROR dropped 2 more lines from \[in\] in 10 s \(3 since .*\): timestamp .*, such as "hello x=2 1"$/,
      ),
    ]);
  }
});

test("says at a stop that more was lost than is counted, after a break with which that may be", async () => {
  const { part, bus, counts, clock } = startPart();
  bus.options.onUncounted?.();
  expect(counts()).toEqual({ nats_uncounted_breaks: 1 });
  expect(await part.stop(deadlineIn(clock, 1000))).toEqual({ lostLines: 0, isUncounted: true });
});
