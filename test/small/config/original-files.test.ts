/**
 * Goal: the files that came with the original are accepted as they are, for 1.x its two examples, for 2.x those of its
 * tools. What ours says of each is told in full, so that nobody who moves over meets a warning that is not here.
 */
import { expect, test } from "bun:test";

import { originalWarnings } from "../../../src/config/check-original.ts";
import { printConfig } from "../../../src/config/print.ts";
import { load } from "./load-text.ts";

const MB = 1024 * 1024;

const HTTP_LISTENER_1X = `
mode = "listener_http"
port = 11001
nats_address = "nats://localhost:4222"
nats_subject = ["influx-spout"]
nats_subject_monitor = "influx-spout-monitor"
batch = 100
`;

const UDP_LISTENER_1X = `
mode = "listener"
port = 10001
nats_address = "nats://localhost:4222"
nats_subject = ["cpu", "netif"]
nats_subject_monitor = "influx-spout-monitor"
influxdb_address = "localhost"
influxdb_port = 8086
influxdb_dbname = "junk_nats"
batch = 10
`;

/** What the tools' files have in common, but for the monitor's. */
const tool = (pprofPort: number) => `
nats_address = "nats://localhost:4222"
nats_subject_monitor = "monitor"
debug = true
pprof_port = ${pprofPort}
`;

const TOOLS_2X = {
  listener: `
    mode = "listener"
    port = 9999
    nats_subject = ["spout"]
    batch_max_count = 100
    ${tool(4000)}
  `,
  listener_http: `
    mode = "listener_http"
    port = 9998
    nats_subject = ["spout"]
    batch_max_count = 100
    ${tool(4001)}
  `,
  filter: `
    mode = "filter"
    nats_subject = ["spout"]
    nats_subject_junkyard = "junk"
    ${tool(4002)}
    [[rule]]
    type = "basic"
    match = "cpu"
    subject = "cpu"
    [[rule]]
    type = "regex"
    match = ".+smi_count.+"
    subject = "smi"
  `,
  writer: `
    mode = "writer"
    nats_subject = ["cpu", "smi"]
    influxdb_address = "127.0.0.1"
    influxdb_port = 8086
    influxdb_dbname = "spout"
    workers = 10
    batch_max_size = "100MB"
    write_timeout = "10s"
    ${tool(4003)}
  `,
  monitor: `
    mode = "monitor"
    port = 9331
    nats_subject_monitor = "monitor"
  `,
};

test("the HTTP listener of 1.x", () => {
  const { config, warnings } = load(HTTP_LISTENER_1X);
  expect(warnings).toEqual([]);
  expect(config).toMatchObject({
    mode: "listener_http",
    port: 11_001,
    subject: "influx-spout",
    monitorSubject: "influx-spout-monitor",
    batch: { countMax: 100, sizeMaxBytes: MB },
  });
});

test("the UDP listener of 1.x, which used the first of its subjects", () => {
  const { config, warnings } = load(UDP_LISTENER_1X);
  expect(warnings).toEqual(['spout.toml: nats_subject: only the first subject, "cpu", is used']);
  expect(config).toMatchObject({
    mode: "listener",
    port: 10_001,
    subject: "cpu",
    batch: { countMax: 10, sizeMaxBytes: MB },
  });
});

test("what is printed of those of 1.x as 1.x sets the same, and is taken by 2.x when printed for it", () => {
  for (const text of [HTTP_LISTENER_1X, UDP_LISTENER_1X]) {
    const loaded = load(text);
    const set = text.match(/^(?:port|nats|batch).*$/gm) ?? [];
    const used = set.map((line) => line.replace(', "netif"', ""));
    expect(printConfig(loaded, "1.x").split("\n")).toEqual(expect.arrayContaining(used));
    // 2.x refuses two subjects of a listener, and knows no `batch`.
    const for2x = printConfig(loaded, "2.x");
    expect(for2x).not.toMatch(/netif|^batch =/m);
    expect(for2x).toMatch(/^batch_max_count = 10+$/m);
  }
});

test("the tools of 2.x, unchanged and without a warning", () => {
  const expected = {
    listener: { port: 9999, subject: "spout", batch: { countMax: 100 } },
    listener_http: { port: 9998, subject: "spout", batch: { countMax: 100 } },
    filter: {
      subject: "spout",
      junkyardSubject: "junk",
      rules: [
        { type: "basic", match: "cpu", subject: "cpu" },
        { type: "regex", match: ".+smi_count.+", subject: "smi" },
      ],
    },
    writer: {
      subjects: ["cpu", "smi"],
      workers: 10,
      batch: { sizeMaxBytes: 100 * MB },
      output: { address: "127.0.0.1", port: 8086, database: "spout", writeTimeoutMs: 10_000 },
    },
    monitor: { port: 9331 },
  };
  for (const [mode, text] of Object.entries(TOOLS_2X)) {
    const { config, warnings } = load(text);
    expect([mode, warnings]).toEqual([mode, []]);
    expect(config).toMatchObject({
      mode,
      monitorSubject: "monitor",
      debug: mode !== "monitor",
      ...expected[mode as keyof typeof expected],
    });
  }
});

test("as 2.x, those of 2.x differ from it only in the defaults that are ours", () => {
  const names = (text: string) =>
    originalWarnings(load(text), "2.x").map((warning) => warning.split(":")[0] ?? "");
  expect(Object.values(TOOLS_2X).map(names)).toEqual([
    ["stats_format"],
    ["stats_format"],
    ["sort_tags", "stats_format"],
    ["stats_format"],
    ["stats_format"],
  ]);
});
