/**
 * The built monitor at its worst: more names and labels than it may keep, more scrapes than it can answer one by one,
 * readers that do not read, and components that share a name. What is measured is what an operator would see: resident
 * memory, how long /healthz takes, what promtool says, and the log.
 */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { type Spout, startSpout } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { checkWithPromtool, startPrometheus } from "../support/prometheus.ts";
import { type Publisher, startPublisher } from "../support/publisher.ts";
import { openRawConnection } from "../support/raw-http.ts";
import { residentPeakBytesOf } from "../support/resident.ts";
import { freePort } from "../support/server-process.ts";

const KUBERNETES = join(import.meta.dir, "../../configs/kubernetes");
const SUBJECT = "influx-spout-monitor";
const LINES_PER_MESSAGE = 10;
/** Far above what it takes, even on a busy machine; without turns for others it was more than ten seconds. */
const HEALTHZ_MAX_MS = 4000;

interface TestSite extends AsyncDisposable {
  readonly monitor: Spout;
  readonly publisher: Publisher;
  readonly port: number;
  readonly probePort: number;
  page(): Promise<string>;
  /** What the monitor has counted under this name. */
  counted(counter: string): Promise<number>;
}

async function startSite(toml = ""): Promise<TestSite> {
  const nats = await startNatsServer();
  const [port, probePort] = [freePort(), freePort()];
  const monitor = await startSpout(
    "watch",
    `mode = "monitor"\nport = ${port}\nprobe_port = ${probePort}\nnats_address = "${nats.address}"\n${toml}`,
  );
  await monitor.logged("monitor subscribed to");
  const publisher = await startPublisher(nats.address, SUBJECT);
  return {
    monitor,
    publisher,
    port,
    probePort,
    page: async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
    async counted(counter) {
      // The page of its own counters alone.
      const page = await (await fetch(`http://127.0.0.1:${probePort}/metrics`)).text();
      return Number(new RegExp(`^${counter}\\{.* (\\d+)$`, "m").exec(page)?.[1]);
    },
    async [Symbol.asyncDispose]() {
      await publisher[Symbol.asyncDispose]();
      await monitor[Symbol.asyncDispose]();
      await nats[Symbol.asyncDispose]();
    },
  };
}

/** Publishes so many lines, no faster than the monitor takes them. */
async function publishLines(site: TestSite, count: number, line: (index: number) => string) {
  const before = await site.counted("received_lines");
  const takes = (total: number) =>
    eventually(
      `${total} lines are taken`,
      async () => (await site.counted("received_lines")) >= total,
      60_000,
    );
  for (let start = 0; start < count; start += LINES_PER_MESSAGE) {
    const lines = Array.from({ length: LINES_PER_MESSAGE }, (_, index) => line(start + index));
    await site.publisher.publish(lines.join(""));
    if (start % 1000 === 0) {
      await takes(before + start - 1000);
    }
  }
  await takes(before + count);
}

/** Asks for the page so often at once, from a process of its own; the bytes and the counters of each answer. */
async function scrape(site: TestSite, times: number): Promise<readonly (readonly number[])[]> {
  const script = `
    const ask = async () => {
      const page = await (await fetch("http://127.0.0.1:${site.port}/metrics")).text();
      return [page.length, page.match(/^influx_spout_filter_n\\d*_total\\{/gm).length];
    };
    console.log(JSON.stringify(await Promise.all(Array.from({ length: ${times} }, ask))));`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  return JSON.parse(await new Response(child.stdout).text());
}

test.if(process.platform === "linux")(
  "within the limits of the Kubernetes example it survives long labels, many scrapes and readers that do not read",
  async () => {
    const configMap = readFileSync(join(KUBERNETES, "config-map.yaml"), "utf8");
    const [, toml = ""] = /monitor\.toml: \|\n(?:.*\n)*?.*port = 9331\n((?: {4}.*\n)*)/.exec(
      configMap,
    ) as RegExpExecArray;
    const limits = readFileSync(join(KUBERNETES, "monitor.yaml"), "utf8");
    const limitMiB = Number(/limits:\n\s*memory: (\d+)Mi/.exec(limits)?.[1]);
    await using site = await startSite(toml);

    // 55 MB of names and labels, 24 of which it keeps.
    const long = (index: number) =>
      `n{component="filter",host="vm",name="f",rule="${index}${"x".repeat(3600)}"} 1\n`;
    await publishLines(site, 15_000, long);
    expect(await site.counted("dropped_size")).toBeGreaterThan(5000);
    await site.monitor.logged("take too much memory (monitor_max_size)");

    for (const [bytes, counters] of await scrape(site, 20)) {
      expect(bytes).toBeGreaterThan(45e6);
      expect(counters).toBeGreaterThan(6000);
    }

    // Readers that come one after the other, while values change, and never read.
    const idle: Disposable[] = [];
    for (let i = 0; i < 20; i++) {
      const connection = await openRawConnection(site.port);
      connection.pause();
      connection.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
      idle.push(connection);
      await publishLines(site, 500, long);
    }
    // Who does read gets its page nevertheless.
    expect((await site.page()).length).toBeGreaterThan(45e6);
    for (const connection of idle) connection[Symbol.dispose]();

    const peakMiB = residentPeakBytesOf(site.monitor.pid) / 2 ** 20;
    expect([peakMiB, peakMiB < limitMiB]).toEqual([peakMiB, true]);
    expect(await site.monitor.stop()).toBe(0);
  },
  180_000,
);

test("twenty scrapes at once of a hundred thousand counters do not hold up /healthz", async () => {
  await using site = await startSite();
  const rules = 100_000;
  await publishLines(
    site,
    rules,
    (index) => `n${index % 20}{component="filter",host="vm",name="f",rule="r${index}"} ${index}\n`,
  );
  let isOver = false;
  const scrapes = scrape(site, 20).finally(() => (isOver = true));
  const tookMs: number[] = [];
  while (!isOver) {
    const startMs = performance.now();
    expect((await fetch(`http://127.0.0.1:${site.probePort}/healthz`)).status).toBe(200);
    tookMs.push(performance.now() - startMs);
  }
  expect(Math.max(...tookMs)).toBeLessThan(HEALTHZ_MAX_MS);
  // Its own counters are among those that it keeps.
  for (const [, counters] of await scrapes) expect(counters).toBeGreaterThan(rules - 20);
}, 180_000);

test("two filters of one name on one host are seen side by side, and the log says so", async () => {
  await using site = await startSite();
  const start = (subject: string) =>
    startSpout(
      "copy",
      `mode = "filter"\nname = "sorter"\nnats_address = "${site.publisher.address}"\nstats_interval = "100ms"\n` +
        `nats_subject = ["${subject}"]\nworkers = 1\n[[rule]]\ntype = "basic"\nmatch = "cpu"\nsubject = "hosts"\n`,
    );
  await using first = await start("in-1");
  await first.logged("filter subscribed");
  await using second = await start("in-2");
  await second.logged("filter subscribed");
  for (let i = 0; i < 7; i++) await site.publisher.publish("cpu v=1\n", "in-1");
  for (let i = 0; i < 3; i++) await site.publisher.publish("cpu v=1\n", "in-2");

  await using prometheus = await startPrometheus(site.port);
  const values = async (expression: string) => {
    const found = await prometheus.query(expression);
    return found.map(({ labels, value }) => ["started" in labels, value]);
  };
  for (const name of ["processed", "influx_spout_filter_triggered_total"]) {
    await eventually(`${name} of both is there`, async () => {
      const both = await values(`${name}{name="sorter"}`);
      return Bun.deepEquals(
        new Set(both),
        new Set([
          [true, 7],
          [false, 3],
        ]),
      );
    });
  }
  expect(await checkWithPromtool(await site.page())).toBe("");
  await site.monitor.logged(/WARN two processes tell \w+\{component="filter",host=.*name="sorter"/);

  // The one that is left has the plain labels again.
  await second.stop();
  expect(site.monitor.log()).not.toContain("ERROR");
}, 120_000);
