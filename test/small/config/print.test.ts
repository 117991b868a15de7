/** Goal: what is printed is the whole configuration under 2.x names, loads to the same again and tells no secret. */
import { expect, test } from "bun:test";

import { OPTION_LIST } from "../../../src/config/options.ts";
import { printConfig } from "../../../src/config/print.ts";
import { load, type TextOptions } from "./load-text.ts";

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

for (const mode of ["listener", "listener_http", "filter", "writer"] as const) {
  test(`what is printed in mode ${mode} loads to the same configuration`, () => {
    printsAndLoads(`mode = "${mode}"\n${FULL}`);
    const rule = '[[rule]]\ntype = "basic"\nmatch = "a"\nsubject = "b"';
    printsAndLoads(`mode = "${mode}"\nworkers = 0\nport = 0\n${rule}`);
  });

  test(`every option of mode ${mode} is printed, once, under its 2.x name`, () => {
    const printed = printConfig(load(`mode = "${mode}"`));
    const names = [...printed.matchAll(/^([a-z_]+) = /gm)].map(([, name]) => name);
    const declared = OPTION_LIST.filter(
      (option) => option.modes.includes(mode) && !option.unavailable && option.name !== "rule",
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
  `);
  expect(printed).toContain('batch_max_age = "1m30s"\n');
  expect(printed).toContain('batch_max_size = "24MB"\n');
  expect(printed).toContain('nats_max_outbound_size = "1536B"\n');
  expect(printed).toContain('write_timeout = "0s"\n');
  expect(printed).toEndWith('\n\n[[rule]]\ntype = "basic"\nmatch = "a \\"b\\" \\\\"\n');
});

test("what was ignored is not printed", () => {
  const printed = printConfig(
    load(
      'mode = "listener"\nnats_subject = ["a", "b"]\nprobe_port = 5\n[[rule]]\ntype = "basic"\nmatch = "m"',
    ),
  );
  expect(printed).toContain('nats_subject = ["a"]\n');
  expect(printed).not.toContain("probe_port");
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
  expect(load(inAddress).config.nats).toMatchObject({ servers: ["a:1"], user: "me" });
  const inFile = printConfig(
    load('mode = "writer"\nnats_token_file = "FOLDER/token"', { files: { token: "hush" } }),
  );
  expect(inFile).toMatch(/^nats_token_file = ".*\/token"$/m);
  expect(inFile).not.toContain("hush");
});
