/** The whole writer between a bus and a database that the test holds in its hands, on a clock that it moves. */
import { describe, expect, test } from "bun:test";

import type { OutputOptions, WriterConfig } from "../../../src/config/config.ts";
import { deadlineIn } from "../../../src/platform/lifecycle.ts";
import { openFileSystem } from "../../../src/writer/file-system.ts";
import { startWriter } from "../../../src/writer/writer.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { writerConfig } from "../../support/writer-config.ts";
import { FakeBus } from "./fake-bus.ts";
import { FakeInfluxDb, settle } from "./fake-influxdb.ts";

async function start(changes: Partial<WriterConfig> = {}, status?: number) {
  const bus = new FakeBus();
  const clock = new ManualClock();
  const log = new RecordingLog();
  const influxdb = new FakeInfluxDb(status);
  const config = writerConfig(changes);
  const writer = await startWriter(config, {
    clock,
    log,
    openBus: bus.open,
    fetch: influxdb.fetch,
    files: openFileSystem(),
    stdout: process.stdout,
  });
  const connect = async () => {
    bus.connect();
    await settle();
  };
  /** The fields of the last report. */
  const stats = (): Record<string, number> => {
    const [, fields = ""] = bus.metrics("spout_stat_writer")[0]?.trimEnd().split(" ") ?? [];
    return Object.fromEntries(
      fields.split(",").map((field) => [field.split("=")[0], Number(field.split("=")[1])]),
    );
  };
  return { bus, clock, log, influxdb, writer, connect, stats };
}

const batchOf = (countMax: number, ageMaxMs = 300_000) => ({
  countMax,
  sizeMaxBytes: 10 * 1024 * 1024,
  ageMaxMs,
});

describe("starting", () => {
  test("does not wait for NATS; the writer is ready when all its subscriptions stand", async () => {
    const { bus, log, writer, connect } = await start({ subjects: ["a", "b.*"] });
    await settle();
    expect(writer.ready()).toBe(false);
    expect(log.lines).toEqual([]);
    await connect();
    expect(writer.ready()).toBe(true);
    expect([...bus.subscriptions.keys()]).toEqual(["a", "b.*"]);
    expect(log.lines).toEqual([
      "INFO writer subscribed to [a b.*] at 127.0.0.1:4222 with 8 workers, " +
        "writing to http://127.0.0.1:8086/write?db=metrics",
      "INFO POST timeout: 30s",
      "INFO maximum NATS subject size: 200MB",
    ]);
  });

  test("is followed by a writer that is ready while NATS is there", async () => {
    const { bus, writer, connect } = await start();
    await connect();
    bus.disconnect();
    expect(writer.ready()).toBe(false);
    await connect();
    expect(writer.ready()).toBe(true);
  });

  test("is followed by a writer that is not ready while InfluxDB does not answer", async () => {
    const { clock, influxdb, writer, connect } = await start();
    influxdb.pingStatus = 503;
    await connect();
    const isReadySoon = async () => {
      writer.ready();
      await settle();
      return writer.ready();
    };
    expect(await isReadySoon()).toBe(false);
    influxdb.pingStatus = 204;
    clock.advance(5000);
    expect(await isReadySoon()).toBe(true);
  });

  test("subscribes in the queue group, if there is one, with the pending limit", async () => {
    const plain = await start({ pendingMaxBytes: 5000 });
    await plain.connect();
    expect(plain.bus.subscriptions.get("influx-spout")?.options).toMatchObject({
      pendingMaxBytes: 5000,
    });
    expect(plain.bus.subscriptions.get("influx-spout")?.options.queue).toBeUndefined();
    const grouped = await start({ queueGroup: "writers" });
    await grouped.connect();
    expect(grouped.bus.subscriptions.get("influx-spout")?.options.queue).toBe("writers");
  });

  test("ends the process with the reason if NATS refuses a subscription", async () => {
    const { bus, writer } = await start();
    bus.refuse(new Error("permissions violation"));
    const reason = await writer.failed;
    expect(reason.message).toBe("cannot subscribe to [influx-spout]: permissions violation");
    expect(reason.name).toBe("SpoutError");
    expect(writer.ready()).toBe(false);
  });
});

describe("metrics", () => {
  test("are published once NATS is there, at every interval and at the end", async () => {
    const { bus, clock, writer, connect } = await start({ statsIntervalMs: 5000 }, 204);
    const count = () => bus.metrics("spout_stat_writer").length;
    await connect();
    clock.advance(100);
    expect(count()).toBe(1);
    clock.advance(4999);
    expect(count()).toBe(1);
    clock.advance(1);
    expect(count()).toBe(2);
    await writer.stop(deadlineIn(clock, 10_000));
    expect(count()).toBe(3);
    expect(new Set(bus.published.map(({ subject }) => subject))).toEqual(
      new Set(["influx-spout-monitor"]),
    );
  });

  test("account for every line received, in the batch, in flight or at its end", async () => {
    const rules = [{ type: "basic", match: "a", subject: "" } as const];
    const { bus, clock, influxdb, stats, connect } = await start({ rules, batch: batchOf(2) });
    await connect();
    bus.deliver("influx-spout", "a v=1\nb v=1\na v=2\n");
    bus.deliver("influx-spout", "a v=3\n# x\nbroken\n");
    await settle();
    const waiting = () => {
      clock.advance(3000);
      const all = stats();
      const settled = [
        "written_lines",
        "dropped_write_lines",
        "unmatched_lines",
        "comment_lines",
        "invalid_lines",
      ];
      return settled.reduce(
        (rest, name) => rest - (all[name] ?? NaN),
        all["received_lines"] ?? NaN,
      );
    };
    expect(waiting()).toBe(3);
    influxdb.requests[0]?.answer(400, '{"error":"no"}');
    await settle();
    expect(waiting()).toBe(1);
    bus.deliver("influx-spout", "a v=4\n");
    await settle();
    expect(waiting()).toBe(2);
    influxdb.requests[1]?.answer(204);
    await settle();
    expect(waiting()).toBe(0);
    expect(stats()).toMatchObject({
      received: 3,
      write_requests: 2,
      failed_writes: 1,
      received_lines: 7,
      received_bytes: 41,
      written_lines: 2,
      written_bytes: 12,
      dropped_write_lines: 2,
      unmatched_lines: 1,
      invalid_lines: 1,
      comment_lines: 1,
    });
  });

  test("are in the form of 2.x if that is asked for, with the drops of each subject", async () => {
    const { bus, clock, connect } = await start({
      statsFormat: "prometheus",
      subjects: ["a", "b"],
      pendingMaxBytes: 5,
    });
    await connect();
    expect(bus.deliver("a", "cpu v=1\n")).toBe(false);
    clock.advance(3100);
    const lines = bus.published.flatMap(({ text }) => text.trimEnd().split("\n"));
    const of2x = /^[a-z_]+\{component="writer",[^{}]*,name="store"(,subject="[ab]")?\} \d+ \d+$/;
    expect(lines.filter((line) => !of2x.test(line))).toEqual([]);
    const dropped = lines.filter((line) => line.startsWith("nats_dropped{"));
    expect(dropped.slice(-2).map((line) => /subject=.*\} \d+/.exec(line)?.[0])).toEqual([
      'subject="a"} 1',
      'subject="b"} 0',
    ]);
  });

  test("say within a second what was dropped in front of the writer, for each subject", async () => {
    const { bus, clock, stats, connect } = await start({
      subjects: ["a", "b"],
      pendingMaxBytes: 20,
      batch: batchOf(1),
      workers: 1,
    });
    await connect();
    clock.advance(100); // The first reports are out: there is nothing to tell yet.
    const deliver = async (subject: string, text: string) => {
      const isAccepted = bus.deliver(subject, text);
      await settle();
      return isAccepted;
    };
    // In flight, in the batch, held back, pending twice; then there is no room.
    for (let i = 0; i < 5; i++) expect(await deliver("a", "cpu v=1\n")).toBe(true);
    expect(await deliver("a", "cpu v=1\n")).toBe(false);
    expect(await deliver("a", "cpu v=1\ncpu v=2\n")).toBe(false);
    // Held back, pending twice.
    for (let i = 0; i < 3; i++) expect(await deliver("b", "cpu v=1\n")).toBe(true);
    expect(await deliver("b", "cpu v=1\n")).toBe(false);

    clock.advance(1000);
    const nowNs = BigInt(clock.nowMs()) * 1_000_000n;
    expect(bus.metrics("writer_drop")).toEqual([
      `writer_drop total=1,diff=1 ${nowNs + 1n}\n`,
      `writer_drop total=2,diff=2 ${nowNs}\n`,
    ]);
    clock.advance(2000);
    expect(bus.metrics("writer_drop").length).toBe(2);
    expect(stats()).toMatchObject({ nats_dropped: 3, nats_dropped_lines: 4 });
  });
});

const RETRY = { batchesMax: 8, sizeMaxBytes: 1000, intervalMs: 10_000, timeoutMs: 60_000 };

/** The defaults, with further tries. */
function retrying(changes: Partial<WriterConfig> = {}): Partial<WriterConfig> {
  const { output } = writerConfig();
  return { batch: batchOf(1), output: { ...output, retry: RETRY } as OutputOptions, ...changes };
}

describe("a batch that InfluxDB may take later", () => {
  test("is written in the end; two failures, three requests, one message", async () => {
    const { bus, clock, influxdb, stats, connect } = await start(retrying());
    await connect();
    bus.deliver("influx-spout", "a v=1\n");
    for (const [index, status] of [502, 503, 204].entries()) {
      await settle();
      influxdb.requests[index]?.answer(status);
      await settle();
      expect(bus.subscriptions.get("influx-spout")?.doneCount).toBe(status === 204 ? 1 : 0);
      clock.advance(40_000);
    }
    expect(influxdb.bodies).toEqual(["a v=1\n", "a v=1\n", "a v=1\n"]);
    expect(stats()).toMatchObject({
      received: 1,
      write_requests: 3,
      failed_writes: 2,
      written_lines: 1,
      retry_batches: 1,
      retries: 2,
    });
  });

  test("holds back no other", async () => {
    const { bus, clock, influxdb, connect } = await start(retrying({ workers: 1 }));
    await connect();
    for (let i = 0; i < 5; i++) {
      bus.deliver("influx-spout", `a v=${i}\n`);
      await settle();
      influxdb.requests[i]?.answer(i === 4 ? 204 : 503);
      await settle();
    }
    expect(influxdb.bodies).toEqual(["a v=0\n", "a v=1\n", "a v=2\n", "a v=3\n", "a v=4\n"]);
    // One of the older ones is under way, unanswered: the lane of the new ones is another.
    clock.advance(20_000);
    await settle();
    expect(influxdb.requests.length).toBe(6);
    bus.deliver("influx-spout", "b v=1\n");
    await settle();
    expect(influxdb.bodies.at(-1)).toBe("b v=1\n");
  });

  test("keeps its bytes, while the memory of one that was taken is written over", async () => {
    const retry = { ...RETRY, sizeMaxBytes: 10_000 };
    const output = { ...writerConfig().output, retry } as OutputOptions;
    const { bus, clock, influxdb, connect } = await start(retrying({ output }));
    await connect();
    const memory = (index: number) => (influxdb.requests[index]?.init.body as Uint8Array).buffer;
    const line = (name: string) => `${name} v="${"x".repeat(3000)}"\n`;
    const deliver = async (name: string, status: number) => {
      bus.deliver("influx-spout", line(name));
      await settle();
      influxdb.requests.at(-1)?.answer(status);
      await settle();
    };
    await deliver("a", 503);
    await deliver("b", 204);
    await deliver("c", 204);
    await deliver("d", 204);
    expect(memory(1)).not.toBe(memory(0));
    expect(memory(2)).toBe(memory(1));
    expect(memory(3)).toBe(memory(1));
    clock.advance(RETRY.intervalMs * 2);
    await settle();
    expect(influxdb.bodies.at(-1)).toBe(line("a"));
  });

  test("is lost to the count if it is displaced, too old, or refused in the end", async () => {
    const { bus, clock, influxdb, stats, connect } = await start(retrying());
    const sum = () => {
      clock.advance(3000);
      const all = stats();
      return {
        received: all["received_lines"],
        accounted: [
          "dropped_retry_full_lines",
          "dropped_retry_timeout_lines",
          "dropped_write_lines",
        ].map((name) => all[name]),
      };
    };
    await connect();
    influxdb.status = 503;
    for (let i = 0; i < 10; i++) bus.deliver("influx-spout", `a v=${i}\na w=${i}\n`);
    await settle();
    expect(sum()).toEqual({ received: 20, accounted: [4, 0, 0] });
    for (let i = 0; i < 60; i++) {
      clock.advance(1000);
      await settle();
    }
    expect(sum()).toEqual({ received: 20, accounted: [4, 16, 0] });
    bus.deliver("influx-spout", "b v=1\n");
    await settle();
    influxdb.status = 401;
    clock.advance(20_000);
    await settle();
    expect(sum()).toEqual({ received: 21, accounted: [4, 16, 1] });
  });

  test("is tried once more at the stop, and otherwise lost by it", async () => {
    const { bus, clock, influxdb, stats, writer, connect } = await start(retrying(), 503);
    await connect();
    bus.deliver("influx-spout", "a v=1\n");
    await settle();
    bus.deliver("influx-spout", "b v=1\nb v=2\n");
    await settle();
    const before = influxdb.requests.length;
    expect(await writer.stop(deadlineIn(clock, 10_000))).toEqual({ lostLines: 3 });
    expect(influxdb.bodies.slice(before)).toEqual(["a v=1\n", "b v=1\nb v=2\n"]);
    expect(stats()).toMatchObject({ dropped_stop_lines: 3, received_lines: 3 });
    expect(bus.subscriptions.get("influx-spout")?.doneCount).toBe(2);
    expect(clock.timerCount).toBe(0);
  });

  test("is saved by the last try at the stop, if InfluxDB is there again", async () => {
    const { bus, clock, influxdb, writer, connect } = await start(retrying(), 503);
    await connect();
    bus.deliver("influx-spout", "a v=1\n");
    await settle();
    influxdb.status = 204;
    expect(await writer.stop(deadlineIn(clock, 10_000))).toEqual({ lostLines: 0 });
  });

  test("is lost by the stop too if its time is over before a lane was free", async () => {
    const retry = { ...RETRY, intervalMs: 1000, timeoutMs: 2000 };
    const output = { ...writerConfig().output, retry } as OutputOptions;
    const changes = retrying({ output, workers: 1 });
    const { bus, clock, influxdb, stats, writer, connect } = await start(changes, 503);
    await connect();
    bus.deliver("influx-spout", "a v=1\n");
    await settle();
    bus.deliver("influx-spout", "b v=1\nb v=2\n");
    await settle();
    influxdb.status = undefined;
    const stopping = writer.stop(deadlineIn(clock, 10_000));
    await settle();
    clock.advance(2000);
    influxdb.requests.at(-1)?.answer(204);
    expect(await stopping).toEqual({ lostLines: 2 });
    expect(stats()).toMatchObject({ written_lines: 1, dropped_retry_timeout_lines: 2 });
  });

  test("that hangs in its last try is given up in time", async () => {
    const { bus, clock, influxdb, writer, connect } = await start(retrying(), 503);
    await connect();
    bus.deliver("influx-spout", "a v=1\na v=2\n");
    await settle();
    influxdb.status = undefined;
    const stopping = writer.stop(deadlineIn(clock, 10_000));
    clock.advance(9500);
    expect(await stopping).toEqual({ lostLines: 2 });
    expect(clock.timerCount).toBe(0);
  });
});

describe("stopping", () => {
  test("says that more was lost than is counted, after a break with which that may be", async () => {
    const { bus, clock, writer, stats, connect } = await start();
    await connect();
    bus.breakUncounted();
    bus.breakUncounted();
    const report = await writer.stop(deadlineIn(clock, 10_000));
    expect(report).toEqual({ lostLines: 0, isUncounted: true });
    expect(stats()).toMatchObject({ nats_uncounted_breaks: 2 });
  });

  test("writes what was accepted, the incomplete batch too, then leaves the bus", async () => {
    const { bus, clock, influxdb, writer, connect } = await start({ batch: batchOf(2) }, 204);
    await connect();
    for (const text of ["a v=1\n", "b v=1\n", "c v=1\n"]) bus.deliver("influx-spout", text);
    expect(await writer.stop(deadlineIn(clock, 10_000))).toEqual({ lostLines: 0 });
    expect(influxdb.bodies).toEqual(["a v=1\nb v=1\n", "c v=1\n"]);
    expect(bus.subscriptions.get("influx-spout")?.doneCount).toBe(3);
    expect(bus.state()).toBe("closed");
    expect(clock.timerCount).toBe(0);
  });

  test("waits for the requests in flight", async () => {
    const { bus, clock, influxdb, writer, connect } = await start({ batch: batchOf(1) });
    await connect();
    bus.deliver("influx-spout", "a v=1\n");
    await settle();
    const stopping = writer.stop(deadlineIn(clock, 10_000));
    await settle();
    expect(bus.state()).toBe("up");
    influxdb.requests[0]?.answer(204);
    expect(await stopping).toEqual({ lostLines: 0 });
  });

  test("gives up in time to end by the deadline, and says how many lines were lost", async () => {
    const { bus, clock, influxdb, stats, writer, connect } = await start({
      batch: batchOf(1),
      workers: 2,
    });
    await connect();
    // Two in flight, one in the batch, one held back, one pending.
    for (const text of ["a v=1\n", "b v=1\n", "c v=1\n", "d v=1\nd v=2\n", "e v=1\n"]) {
      bus.deliver("influx-spout", text);
    }
    await settle();
    const stopping = writer.stop(deadlineIn(clock, 10_000));
    clock.advance(9499);
    await settle();
    expect(influxdb.requests.some(({ init }) => init.signal?.aborted)).toBe(false);
    clock.advance(1);
    expect(await stopping).toEqual({ lostLines: 6 });
    expect(clock.monotonicMs()).toBeLessThanOrEqual(10_000);
    expect(influxdb.bodies).toEqual(["a v=1\n", "b v=1\n"]);
    expect(bus.subscriptions.get("influx-spout")?.doneCount).toBe(5);
    expect(stats()).toMatchObject({ received_lines: 6, dropped_stop_lines: 6, failed_writes: 2 });
    expect(clock.timerCount).toBe(0);
  });

  test("says that lines are lost whose last request fails", async () => {
    const { bus, clock, writer, connect } = await start({}, 500);
    await connect();
    bus.deliver("influx-spout", "a v=1\nb v=1\n");
    expect(await writer.stop(deadlineIn(clock, 10_000))).toEqual({ lostLines: 2 });
  });

  test("counts what comes while the bus closes as lost", async () => {
    const { bus, clock, stats, writer, connect } = await start({}, 204);
    await connect();
    const payload = new TextEncoder().encode("late v=1\nlate v=2\n");
    bus.onClose = () => {
      const { onDelivery } = bus.subscriptions.get("influx-spout")?.options ?? {};
      void onDelivery?.({ subject: "influx-spout", payload, done: () => {}, retry: () => {} });
    };
    expect(await writer.stop(deadlineIn(clock, 10_000))).toEqual({ lostLines: 2 });
    expect(stats()).toMatchObject({ received_lines: 0 });
  });

  test("does not wait for a NATS that never was there", async () => {
    const { bus, clock, writer } = await start();
    expect(await writer.stop(deadlineIn(clock, 10_000))).toEqual({ lostLines: 0 });
    expect(bus.state()).toBe("closed");
    const reason = await Promise.race([writer.failed, settle()]);
    expect(reason).toBeUndefined();
  });
});
