/** Goal: what is printed is the whole configuration under 2.x names, loads to the same again and tells no secret. */
import { expect, test } from "bun:test";

import { COMPONENT_MODES } from "../../../src/config/option.ts";
import { OPTION_LIST } from "../../../src/config/options.ts";
import { printConfig } from "../../../src/config/print.ts";
import { load, loadComponent, type TextOptions } from "./load-text.ts";

const FULL = `
  name = 'odd "name" \\ é'
  nats_address = "nats://a:1,b"
  nats_subject = ["in.a"]
  nats_subject_monitor = "mon"
  nats_subject_junkyard = "junk"
  influxdb_protocol = "https"
  influxdb_address = "[::1]"
  influxdb_port = 8087
  influxdb_dbname = "db/1"
  batch = 7
  batch_max_age = "1h0m1.5s"
  port = 1234
  workers = 3
  write_timeout_secs = 0
  read_buffer_bytes = 43210
  nats_pending_max_mb = 100
  nats_max_outbound_size = "1536"
  max_body_size = "3m"
  max_time_delta_secs = 789
  stats_interval = "1ns"
  stop_timeout = "100us"
  queue_group = "crew"
  debug = true
  [[rule]]
  type = "regex"
  match = '''^"a" \\d\tb\\\\$'''
  subject = "out.a"
  [[rule]]
  type = "basic"
  match = "cpu\\\\"
  subject = "out.b"
  [[rule]]
  type = "tags"
  tags = [["host", 'a "b" \\'], ["dc", "\\u007f,é"]]
  subject = "out.c"
`;

/** Prints, loads what was printed, and expects the same configuration without a warning. */
function printsAndLoads(text: string, options: TextOptions = {}): string {
  const first = load(text, options);
  const printed = printConfig(first);
  const second = load(printed, { env: options.env ?? {}, fileName: "printed.toml" });
  expect(second.config).toEqual(first.config);
  expect(second.warnings).toEqual([]);
  expect(printConfig(second)).toBe(printed);
  return printed;
}

for (const mode of COMPONENT_MODES) {
  test(`what is printed in mode ${mode} loads to the same configuration`, () => {
    printsAndLoads(`mode = "${mode}"\n${FULL}`);
    const rule = '[[rule]]\ntype = "basic"\nmatch = "a"\nsubject = "b"';
    printsAndLoads(`mode = "${mode}"\nworkers = 0\nport = 0\n${rule}`);
  });

  test(`every option of mode ${mode} is printed, once, under its 2.x name`, () => {
    const printed = printConfig(load(`mode = "${mode}"`));
    const names = [...printed.matchAll(/^([a-z_]+) = /gm)].map(([, name]) => name);
    const declared = OPTION_LIST.filter(
      (option) => option.modes.includes(mode) && option.name !== "rule",
    );
    expect(names as string[]).toEqual(declared.map(({ name }) => name));
  });
}

test("sizes and durations are printed in their largest unit, rules at the end", () => {
  const printed = printsAndLoads(`
    mode = "writer"
    batch_max_secs = 90
    batch_max_mb = 24
    nats_max_outbound_size = 1536
    write_timeout_secs = 0
    [[rule]]
    type = "basic"
    match = 'a "b" \\'
    [[rule]]
    type = "tags"
    tags = [['a "b"', "c"], ["d", "e"]]
  `);
  expect(printed).toContain('batch_max_age = "1m30s"\n');
  expect(printed).toContain('batch_max_size = "24MB"\n');
  expect(printed).toContain('nats_max_outbound_size = "1536B"\n');
  expect(printed).toContain('write_timeout = "0s"\n');
  expect(printed).toEndWith(
    '\n\n[[rule]]\ntype = "basic"\nmatch = "a \\"b\\" \\\\"\n\n[[rule]]\ntype = "tags"\ntags = [["a \\"b\\"", "c"], ["d", "e"]]\n',
  );
});

test("what was ignored is not printed", () => {
  const printed = printConfig(
    load('mode = "listener"\nnats_subject = ["a", "b"]\n[[rule]]\ntype = "basic"\nmatch = "m"'),
  );
  expect(printed).toContain('nats_subject = ["a"]\n');
  expect(printed).not.toContain("rule");
});

test("secrets are masked, and files with secrets stay files", () => {
  const inAddress = printConfig(
    load('mode = "writer"\nnats_address = "nats://me:hush@a:1"', {
      env: { INFLUXDB_USER: "me", INFLUXDB_PASS: "hush" },
    }),
  );
  expect(inAddress).toContain('nats_address = "nats://me:***@a:1"\n');
  expect(inAddress).not.toContain("hush");
  expect(loadComponent(inAddress).nats).toMatchObject({ servers: ["a:1"], user: "me" });
  const inFile = printConfig(
    load('mode = "writer"\nnats_token_file = "FOLDER/token"', { files: { token: "hush" } }),
  );
  expect(inFile).toMatch(/^nats_token_file = ".*\/token"$/m);
  expect(inFile).not.toContain("hush");
});

const STANDALONE = `
  mode = "standalone"
  stats_interval = "1s"
  nats_user = "me"
  [[component]]
  mode = "listener"
  port = 5
  [[component]]
  mode = "filter"
  name = 'odd "filter"'
  [[component.rule]]
  type = "basic"
  match = "cpu"
  subject = "out.a"
  [[component.rule]]
  type = "negregex"
  match = "\\\\d"
  subject = "out.b"
  [[component]]
  mode = "writer"
  nats_subject = ["out.*"]
  [[component.rule]]
  type = "regex"
  match = "x"
  [[component]]
  mode = "writer"
  name = "metrics"
  nats_subject = ["influx-spout-monitor"]
  stop_timeout = "1s"
`;

test("what is printed in mode standalone loads to the same components", () => {
  const printed = printsAndLoads(STANDALONE);
  expect(printed).toStartWith(
    'mode = "standalone"\nname = "spout"\nnats_address = "inproc://"\nprobe_port = 0\npprof_port = 0\nstop_timeout = "10s"\ndebug = false\n\n[[component]]\nmode = "listener"\nname = "listener-1"\nport = 5\n',
  );
  const headings = printed.split("\n").filter((line) => line.startsWith("["));
  expect(headings).toEqual([
    "[[component]]",
    "[[component]]",
    "[[component.rule]]",
    "[[component.rule]]",
    "[[component]]",
    "[[component.rule]]",
    "[[component]]",
  ]);
  const files = { files: { pass: "hush" } };
  const onNats = `nats_pass_file = "FOLDER/pass"\nnats_address = "nats://a"\n${STANDALONE}`;
  expect(printConfig(load(onNats, files))).not.toContain("hush");
});

test("components on NATS are printed with where they connect to", () => {
  const printed = printsAndLoads(
    `nats_address = "nats://a:1,b"\n${STANDALONE}`.replace('nats_user = "me"', ""),
  );
  const address = 'nats_address = "nats://a:1,b"';
  expect([...(printed.match(/^nats_address = .*$/gm) ?? [])]).toEqual(
    Array.from({ length: 5 }, () => address),
  );
});

test("every option of a component is printed, as in a file of its own", () => {
  for (const mode of COMPONENT_MODES) {
    const alone = printConfig(load(`mode = "${mode}"\nname = "a"`));
    const text = `mode = "standalone"\nnats_address = "nats://localhost"\n[[component]]\nmode = "${mode}"\nname = "a"`;
    const [, component = ""] = printConfig(load(text)).split("[[component]]\n");
    expect(component).toBe(alone.replace("nats://localhost:4222", "nats://localhost"));
  }
});
