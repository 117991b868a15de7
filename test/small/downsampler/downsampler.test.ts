/** Goal: the component publishes at the right moment on the right subject, tells what it counts, and flushes when it stops. */
import { describe, expect, test } from "bun:test";
import { hostname } from "node:os";

import type { DownsamplerConfig } from "../../../src/config/config.ts";
import { startDownsampler } from "../../../src/downsampler/downsampler.ts";
import { deadlineIn } from "../../../src/platform/lifecycle.ts";
import { downsamplerConfig } from "../../support/downsampler-config.ts";
import { eventually } from "../../support/eventually.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { FakeBus } from "../writer/fake-bus.ts";

/** 1520000010, in the period of a minute from 1519999980 to 1520000040. */
const START_MS = 1_520_000_010_000;

async function start(changes: Partial<DownsamplerConfig> = {}) {
  const config = downsamplerConfig({ subjects: ["a"], ...changes });
  const bus = new FakeBus();
  const clock = new ManualClock(START_MS);
  const log = new RecordingLog();
  const running = await startDownsampler(config, { clock, log, openBus: bus.open });
  const ready = async () => {
    bus.connect();
    await eventually("it is ready", () => running.ready());
  };
  const averages = () =>
    bus.published
      .filter(({ subject }) => subject !== config.monitorSubject)
      .map(({ subject, text }) => [subject, text] as const);
  /** The fields of the last line of the measurement; its tags aside. */
  const stats = (measurement = "spout_stat_downsampler") => {
    const [line = ""] = bus.metrics(measurement);
    const fields = line
      .trimEnd()
      .slice(line.indexOf(" ") + 1)
      .split(",");
    return Object.fromEntries(
      fields.map((field) => [field.split("=")[0], Number(field.split("=")[1])]),
    );
  };
  /** Lets what was delivered and what is published come through. */
  const settle = async () => {
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  };
  const advance = async (ms: number) => {
    await settle();
    clock.advance(ms);
    await settle();
  };
  const stop = () => running.stop(deadlineIn(clock, 10_000));
  return { bus, clock, log, running, ready, averages, stats, settle, advance, stop };
}

test("a period is published one period after its end, with its end as the time, and once", async () => {
  const { bus, ready, averages, advance } = await start();
  await ready();
  bus.deliver("a", "t,h=x v=1.0 1520000000000000000\nt,h=x v=2.1 1520000039999999999\n");
  await advance(30_000 + 59_999);
  expect(averages()).toEqual([]);
  await advance(1);
  expect(averages()).toEqual([["a-archive", "t,h=x v=1.55 1520000040000000000\n"]]);
  await advance(300_000);
  expect(averages()).toHaveLength(1);
});

test("lines of the period before and of the one behind come out with theirs", async () => {
  const { bus, ready, averages, advance } = await start();
  await ready();
  bus.deliver("a", "t v=1i 1519999930000000000\n");
  bus.deliver("a", "t v=3i 1520000050000000000\nt v=2i 1520000010000000000\n");
  await advance(30_000);
  expect(averages()).toEqual([["a-archive", "t v=1i 1519999980000000000\n"]]);
  await advance(60_000);
  expect(averages().slice(1)).toEqual([["a-archive", "t v=2i 1520000040000000000\n"]]);
  await advance(60_000);
  expect(averages().slice(2)).toEqual([["a-archive", "t v=3i 1520000100000000000\n"]]);
});

test("lines without a time are of the period in which they come", async () => {
  const { bus, ready, averages, advance } = await start();
  await ready();
  bus.deliver("a", "t v=1i\n");
  await advance(30_000);
  bus.deliver("a", "t v=5i");
  await advance(120_000);
  expect(averages()).toEqual([
    ["a-archive", "t v=1i 1520000040000000000\n"],
    ["a-archive", "t v=5i 1520000100000000000\n"],
  ]);
});

test("two subjects are averaged each for itself, and what is wrong is counted: the process test of 2.x", async () => {
  const { bus, ready, averages, stats, advance } = await start({
    subjects: ["a", "b"],
    periodNs: 1_000_000_000n,
  });
  await ready();
  const second = 1_520_000_010_000_000_000n;
  const lines = [
    `foo x=1,y=2 ${second}`,
    `foo x=3,y=4 ${second + 1n}`,
    `foo x=5 ${second - 2_000_000_000n}`,
    `foo x=5 ${second + 3_000_000_000n}`,
    "foo bar",
  ];
  bus.deliver("a", lines.join("\n"));
  bus.deliver("b", `foo x=10,y=20 ${second}\nfoo x=2,y=30 ${second}\n`);
  await advance(2000);
  expect(averages()).toEqual([
    ["a-archive", `foo x=2,y=3 ${second + 1_000_000_000n}\n`],
    ["b-archive", `foo x=6,y=25 ${second + 1_000_000_000n}\n`],
  ]);
  await advance(10_000);
  expect(averages()).toHaveLength(2);
  expect(stats()).toMatchObject({
    received: 2,
    sent: 2,
    invalid_lines: 1,
    invalid_timestamps: 2,
    failed_nats_publish: 0,
    nats_dropped: 0,
    received_lines: 7,
    averaged_lines: 4,
    late_lines: 1,
    sent_lines: 2,
  });
});

test("a clock that is set ahead is noticed within a second, without a line", async () => {
  const { bus, clock, ready, averages, settle } = await start({ periodNs: 3_600_000_000_000n });
  await ready();
  bus.deliver("a", "t v=1i");
  await settle();
  const setAhead = 10 * 3_600_000;
  const nowMs = clock.nowMs.bind(clock);
  clock.nowMs = () => nowMs() + setAhead;
  clock.advance(1000);
  await settle();
  // The hour from 14:00 to 15:00 UTC.
  expect(averages()).toEqual([["a-archive", "t v=1i 1520002800000000000\n"]]);
});

describe("a stop", () => {
  test("says that more was lost than is counted, after a break with which that may be", async () => {
    const { bus, ready, stats, stop } = await start();
    await ready();
    bus.breakUncounted();
    expect(await stop()).toEqual({ lostLines: 0, isUncounted: true });
    expect(stats()).toMatchObject({ nats_uncounted_breaks: 1 });
  });

  test("publishes what there is, each period under its end, and nothing is lost", async () => {
    const { bus, clock, ready, averages, stats, stop, running } = await start();
    await ready();
    bus.deliver("a", "t v=1i 1519999930000000000\nt v=2i\nt v=4i\nt v=9i 1520000050000000000\n");
    expect(await stop()).toEqual({ lostLines: 0 });
    expect(averages()).toEqual([
      ["a-archive", "t v=1i 1519999980000000000\n"],
      ["a-archive", "t v=3i 1520000040000000000\n"],
      ["a-archive", "t v=9i 1520000100000000000\n"],
    ]);
    expect(stats()).toMatchObject({ averaged_lines: 4, sent: 3, sent_lines: 3 });
    expect(running.ready()).toBe(false);
    expect(clock.timerCount).toBe(0);
  });

  test("takes in what waits first, and counts what comes after", async () => {
    const { bus, ready, averages, stats, stop } = await start();
    await ready();
    bus.deliver("a", "t v=1i\n");
    bus.deliver("a", "t v=3i\n");
    const { onDelivery } = bus.subscriptions.get("a")?.options ?? {};
    bus.onClose = () => {
      const payload = new TextEncoder().encode("t v=7i\nt v=8i\n");
      void onDelivery?.({ subject: "a", payload, done: () => {}, retry: () => {} });
    };
    expect(await stop()).toEqual({ lostLines: 2 });
    expect(averages()).toEqual([["a-archive", "t v=2i 1520000040000000000\n"]]);
    expect(stats()).toMatchObject({ averaged_lines: 2 });
  });

  test("ends without a connection too", async () => {
    const { clock, stop } = await start();
    expect(await stop()).toEqual({ lostLines: 0 });
    expect(clock.timerCount).toBe(0);
  });
});

test("a message dropped in front of it is counted, for its subject as well, and logged", async () => {
  const { bus, ready, stats, advance, log } = await start({
    subjects: ["a", "b"],
    pendingMaxBytes: 10,
  });
  await ready();
  bus.deliver("b", "t v=1i\nt v=2i\nt v=3i\n");
  await advance(3000);
  expect(stats()).toMatchObject({ received: 0, nats_dropped: 1, nats_dropped_lines: 3 });
  const tags = (subject: string) =>
    `spout_stat_downsampler_subject,downsampler=archiver,subject=${subject},host=${hostname()}`;
  const ofSubjects = bus.published
    .map(({ text }) => text)
    .filter((text) => text.includes("_subject"));
  expect(ofSubjects.at(-2)).toStartWith(`${tags("a")} nats_dropped=0,nats_dropped_lines=0`);
  expect(ofSubjects.at(-1)).toStartWith(`${tags("b")} nats_dropped=1,nats_dropped_lines=3`);
  expect(log.lines).toContain(
    "ERROR dropped 3 lines from [b]: more than 10B waited (nats_max_pending_size)",
  );
});

test("lines beyond a limit are counted and logged once, with the option to change", async () => {
  const { bus, ready, stats, advance, log } = await start({ seriesMax: 1 });
  await ready();
  bus.deliver("a", "t,h=1 v=1i\nt,h=2 v=1i\nt,h=3 v=1i\n");
  bus.deliver("a", "t,h=2 v=1i\n");
  await advance(3000);
  expect(stats()).toMatchObject({ received_lines: 4, averaged_lines: 1, dropped_series_lines: 3 });
  const why =
    "the period has more than 1 series (downsample_max_series) or 256MB (downsample_max_size)";
  expect(log.lines.filter((line) => line.startsWith("ERROR"))).toEqual([
    `ERROR dropped 2 lines from [a]: ${why}, such as "t,h=2 v=1i"`,
  ]);
  await advance(7000);
  expect(log.lines.filter((line) => line.startsWith("ERROR")).at(-1)).toStartWith(
    "ERROR dropped 1 more line from [a] in 10 s (3 since ",
  );
});

test("metrics are told by the measurement's name, first those of 2.x", async () => {
  const { bus, ready, advance } = await start();
  await ready();
  await advance(3000);
  expect(bus.metrics("spout_stat_downsampler")[0]).toStartWith(
    `spout_stat_downsampler,downsampler=archiver,host=${hostname()} received=0,sent=0,invalid_lines=0,invalid_timestamps=0,failed_nats_publish=0,`,
  );
});

test("metrics have the form of 2.x if they are to", async () => {
  const { bus, ready, advance } = await start({ statsFormat: "prometheus" });
  await ready();
  bus.deliver("a", "t v=1\nt v\n");
  await advance(3000);
  const texts = bus.published.map(({ text }) => text).slice(-2);
  // The labels and names of 2.x: one message for the component, one for each subject.
  const host = /host="[^"]+",name="archiver"/.source;
  expect(texts[0]).toMatch(
    new RegExp(`^received{component="downsampler",${host}} 1 \\d{13}$`, "m"),
  );
  expect(texts[0]).toMatch(new RegExp(`^invalid_lines{component="downsampler",${host}} 1 `, "m"));
  expect(texts[0]).not.toContain("nats_dropped{");
  expect(texts[1]).toMatch(
    new RegExp(`^nats_dropped{component="downsampler",${host},subject="a"} 0 \\d{13}$`, "m"),
  );
});

test("every message is reported done, as soon as its lines are in their periods", async () => {
  const { bus, ready, settle } = await start();
  await ready();
  bus.deliver("a", "t v=1i\n");
  bus.deliver("a", "nonsense\n");
  await settle();
  expect(bus.subscriptions.get("a")?.doneCount).toBe(2);
});

test("the log tells what it does, and which lines are dropped", async () => {
  const { bus, ready, log, advance, settle } = await start({ subjects: ["a", "b"], debug: true });
  await ready();
  await settle();
  expect(log.lines).toContain(
    "INFO downsampler subscribed to [a b] at 127.0.0.1:4222, publishing averages over 1m to [a-archive b-archive]",
  );
  bus.deliver("a", "t v=maybe\nt v=1\n");
  await advance(120_000);
  expect(log.lines).toContain(
    'ERROR dropped 1 line from [a]: field value that InfluxDB refuses, such as "t v=maybe"',
  );
  expect(log.lines).toContain("DEBUG averages of 1 series for [a-archive]");
});

test("a subscription that cannot be made ends it", async () => {
  const { bus, running } = await start({ subjects: ["a", "b"] });
  bus.refuse(new Error("not allowed"));
  expect((await running.failed).message).toBe("cannot subscribe to [a b]: not allowed");
});

describe("when somebody sets the clock", () => {
  const DAY_MS = 24 * 3_600_000;
  /** The sum over all lines published of the field `v_count`. */
  const countOf = (texts: readonly (readonly [string, string])[]) =>
    texts
      .flatMap(([, text]) => [...text.matchAll(/v_count=(\d+)i/g)])
      .reduce((sum, [, count]) => sum + Number(count), 0);

  test("by a day and back, each line is in what is published or counted as late, and it is told", async () => {
    const { bus, clock, log, ready, averages, stats, advance, stop } = await start({
      functions: ["count"],
    });
    await ready();
    bus.deliver("a", "t v=1i\nt v=1i\n");
    await advance(1000);
    const told = () => log.lines.filter((line) => line.includes("clock"));
    expect(told()).toEqual([]);

    clock.setWall(clock.nowMs() + DAY_MS);
    bus.deliver("a", `t v=2i\nt v=2i 1520000012000000000\nt v=2i ${START_MS + DAY_MS}000000\n`);
    await advance(1000);
    const published = [["a-archive", "t v=1i,v_count=2i 1520000040000000000\n"]] as const;
    expect(averages()).toEqual([...published]);
    expect(told()).toHaveLength(1);
    expect(told()[0]).toStartWith("WARN the system's clock was set by 24h: periods that it left");

    clock.setWall(clock.nowMs() - DAY_MS);
    bus.deliver("a", "t v=3i\n");
    await advance(1000);
    expect(told()[1]).toStartWith("WARN the system's clock was set by -24h");
    expect(countOf(averages())).toBe(4);
    // From here on it is as if nothing had been.
    await advance(60_000 - 13_000 + 40_000);
    expect(averages().at(-1)).toEqual(["a-archive", "t v=3i,v_count=1i 1520000040000000000\n"]);
    expect(told()).toHaveLength(2);
    await stop();
    expect(countOf(averages())).toBe(5);
    expect(stats()).toMatchObject({ received_lines: 6, averaged_lines: 5, late_lines: 1 });
  });

  test("by less than a period, nothing is published before its time, and nothing told", async () => {
    const { bus, clock, log, ready, averages, advance } = await start({ functions: ["count"] });
    await ready();
    for (const seconds of [0, -20, 15, -5]) {
      clock.setWall(clock.nowMs() + seconds * 1000);
      bus.deliver("a", "t v=1i 1520000012000000000\n");
      await advance(1000);
    }
    expect(averages()).toEqual([]);
    await advance(120_000);
    expect(averages()).toEqual([["a-archive", "t v=1i,v_count=4i 1520000040000000000\n"]]);
    expect(log.lines.filter((line) => line.includes("clock"))).toEqual([]);
  });
});
