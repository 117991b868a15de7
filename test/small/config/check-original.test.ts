/**
 * Goal: who prints a configuration in the spelling of a version of the original is told what that version would not
 * know of it, or take differently, and nothing else. Expected texts name what the specification says it did instead.
 */
import { describe, expect, test } from "bun:test";

import { originalWarnings } from "../../../src/config/check-original.ts";
import { COMPONENT_MODES, type Original } from "../../../src/config/option.ts";
import { defaultTextOf, OPTION_LIST } from "../../../src/config/options.ts";
import { load, type TextOptions } from "./load-text.ts";

/** What each version says without being asked: its own way differs from our default. */
const BATCH_AGE =
  "batch_max_age: 1.x does not know it: there a listener's batch waits for more, however long";
const QUEUE_GROUP =
  "queue_group: 1.x does not know it: there each writer gets every line, and before 1.0 each filter";
const RETRIES =
  "writer_retry_batches: 1.x does not know it: there a batch whose write fails is lost";
const SORTED = "sort_tags: 2.x does not know it: there a filter always puts tags in order";
const PROMETHEUS = "stats_format: 2.x does not know it: there metrics are in Prometheus's form";

const ALWAYS: Readonly<Record<Original, Readonly<Record<string, readonly string[]>>>> = {
  "1.x": {
    listener: [BATCH_AGE],
    listener_http: [BATCH_AGE],
    filter: [QUEUE_GROUP],
    writer: [RETRIES],
    downsampler: ['mode: 1.x does not know "downsampler": it does not start there'],
    monitor: ['mode: 1.x does not know "monitor" before 1.0: it does not start there'],
  },
  "2.x": {
    listener: [PROMETHEUS],
    listener_http: [PROMETHEUS],
    filter: [SORTED, PROMETHEUS],
    downsampler: [PROMETHEUS],
    writer: [PROMETHEUS],
    monitor: [PROMETHEUS],
  },
};

/** The warnings of `text` in `mode` besides those that there always are. */
function tells(version: Original, mode: string, text: string, options: TextOptions = {}): string[] {
  const all = originalWarnings(load(`mode = "${mode}"\n${text}`, options), version);
  return all.filter((warning) => !ALWAYS[version][mode]?.includes(warning));
}

const RULE = (type: string, match: string) =>
  `[[rule]]\ntype = "${type}"\nmatch = '''${match}'''\nsubject = "out"\n`;
const TAGS_RULE = '[[rule]]\ntype = "tags"\ntags = [["a", "b"]]\nsubject = "out"\n';

describe("defaults", () => {
  for (const version of ["1.x", "2.x"] as const) {
    for (const mode of COMPONENT_MODES) {
      test(`of mode ${mode} that ${version} has not are told, also where they are written out`, () => {
        const known: readonly string[] = ALWAYS[version][mode] ?? [];
        const silent = load(`mode = "${mode}"`);
        expect(originalWarnings(silent, version)).toEqual(known);
        const own = OPTION_LIST.filter(
          (option) => option.modes.includes(mode) && option.defaultText === undefined,
        );
        const lines = own.map((option) => `${option.name} = ${defaultTextOf(option, mode)}\n`);
        const told = load(`mode = "${mode}"\n${lines.join("")}`);
        expect(originalWarnings(told, version)).toEqual(known);
      });
    }
  }

  test("are not told where the value is what the version does", () => {
    const asIn2x = 'stats_format = "prometheus"\nsort_tags = true';
    expect(originalWarnings(load(`mode = "filter"\n${asIn2x}`), "2.x")).toEqual([]);
    const asIn1x = load('mode = "writer"\nwriter_retry_batches = 0');
    expect(originalWarnings(asIn1x, "1.x")).toEqual([]);
  });
});

test("a file that sets what the version has is not warned of", () => {
  const shared = 'name = "a"\nport = 5\nnats_address = "nats://a:b@c:1"\nnats_subject = ["s"]\n';
  const later = 'stats_interval = "1s"\nprobe_port = 6\n';
  const listener = `${shared}batch = 1\nlistener_batch_bytes = 70000\n`;
  expect(tells("1.x", "listener", `${listener}read_buffer_bytes = 1\n`)).toEqual([]);
  expect(tells("1.x", "listener_http", listener)).toEqual([]);
  const batch = 'batch_max_count = 1\nbatch_max_size = "70000"\nbatch_max_age = "1ms"\n';
  expect(tells("2.x", "listener", `${shared}${later}${batch}read_buffer_size = 1`)).toEqual([]);
  expect(tells("2.x", "listener_http", `${shared}${later}${batch}`)).toEqual([]);

  const filter = `${shared}nats_subject_junkyard = "j"\nworkers = 0\nmax_time_delta_secs = 1\n`;
  const rules = `${RULE("basic", "cpu$")}${RULE("regex", "^c")}${RULE("negregex", "c")}`;
  expect(tells("1.x", "filter", `${filter}${rules}`)).toEqual([]);
  const pending = "nats_pending_max_mb = 1\n";
  expect(tells("2.x", "filter", `${filter}${later}${pending}${rules}${TAGS_RULE}`)).toEqual([]);

  const influx = 'influxdb_address = "a"\ninfluxdb_port = 1\ninfluxdb_dbname = "a-b.c_d/ä"\n';
  const writer = `nats_subject = ["a", "b"]\nbatch = 1\nworkers = 0\nwrite_timeout_secs = 0\n${influx}${pending}`;
  expect(tells("1.x", "writer", `${writer}batch_max_secs = 1\nbatch_max_mb = 1\n`)).toEqual([]);
  const retries =
    'influxdb_protocol = "https"\nqueue_group = "q"\nwriter_retry_batches = 0\nwriter_retry_interval = "1s"\nwriter_retry_timeout = "2s"\n';
  const env = { INFLUXDB_USER: "a", INFLUXDB_PASS: "b" };
  expect(tells("2.x", "writer", `${writer}${retries}batch_max_size = "1KB"\n`, { env })).toEqual(
    [],
  );
  const downsampler = 'downsample_period = "5s"\ndownsample_suffix = "-a"\n';
  expect(tells("2.x", "downsampler", `${shared}${later}${pending}${downsampler}`)).toEqual([]);
  expect(tells("2.x", "monitor", "port = 5\nprobe_port = 6\n")).toEqual([]);
});

test("options that the version does not have are told by name and value", () => {
  expect(tells("1.x", "filter", 'sort_tags = true\nstats_interval = "1500ms"\n')).toEqual([
    "sort_tags: 1.x does not know it: true is ignored there",
    'stats_interval: 1.x does not know it: "1.5s" is ignored there',
  ]);
  expect(
    tells("2.x", "writer", 'output = "file"\nfile_path = "a"\nfile_max_age = "24h"\n'),
  ).toEqual([
    'output: 2.x does not know it: "file" is ignored there',
    'file_path: 2.x does not know it: "a" is ignored there',
    'file_max_age: 2.x does not know it: "24h" is ignored there',
  ]);
  expect(tells("2.x", "downsampler", 'downsample_functions = ["min", "max"]')).toEqual([
    'downsample_functions: 2.x does not know it: ["min", "max"] is ignored there',
  ]);
  expect(tells("1.x", "listener", 'stats_format = "prometheus"')).toEqual([
    "stats_format: 1.x does not know it: there metrics are line protocol, from 1.0 on in Prometheus's form",
  ]);
});

test("options that it has in other modes only are told as well", () => {
  expect(tells("2.x", "filter", 'queue_group = "q"')).toEqual([
    'queue_group: 2.x does not know it: "q" is ignored there',
  ]);
  expect(tells("1.x", "writer", 'queue_group = "q"')).toEqual([QUEUE_GROUP]);
  expect(tells("2.x", "monitor", 'stats_interval = "1s"\nnats_max_pending_size = "1MB"')).toEqual([
    'nats_max_pending_size: 2.x does not know it: "1MB" is ignored there',
    'stats_interval: 2.x does not know it: "1s" is ignored there',
  ]);
});

test("options that came with a release of the version say so", () => {
  expect(tells("1.x", "writer", "probe_port = 5")).toEqual([
    "probe_port: 1.x does not know it before 1.0: 5 is ignored there",
  ]);
  expect(tells("1.x", "filter", 'nats_max_pending_size = "3MB"')).toEqual([
    "nats_pending_max_mb: 1.x does not know it before 1.0: 3 is ignored there",
  ]);
});

test("values that the unit of 1.x cannot say are told, with what they would be written as", () => {
  const text = 'batch_max_age = "1500ms"\nbatch_max_size = 1000\nwrite_timeout = "1us"\n';
  const takes = "cannot be written as";
  expect(tells("1.x", "writer", `${text}nats_max_pending_size = "1KB"`)).toEqual([
    `nats_max_pending_size: "1KB" ${takes} nats_pending_max_mb of 1.x, which takes whole MB: ignored there`,
    `batch_max_size: "1000B" ${takes} batch_max_mb of 1.x, which takes whole MB: ignored there`,
    `batch_max_age: "1.5s" ${takes} batch_max_secs of 1.x, which takes whole seconds: ignored there`,
    `write_timeout: "1us" ${takes} write_timeout_secs of 1.x, which takes whole seconds: ignored there`,
  ]);
  expect(tells("2.x", "writer", text)).toEqual([]);
});

test("a listener's batch size that the version does not take, or takes for none, is told", () => {
  const large = 'batch_max_size = "1048577"';
  const lost = "batches above the NATS server's max_payload (1MB by default) are lost there";
  const small = 'batch_max_size = "64KB"';
  for (const mode of ["listener", "listener_http"]) {
    expect(tells("2.x", mode, 'batch_max_size = "1MB"')).toEqual([]);
    expect(tells("2.x", mode, large)).toEqual([
      'batch_max_size: "1048577B" is too large: 2.x takes 1MB at most: it does not start there',
    ]);
    expect(tells("1.x", mode, large)).toEqual([
      `listener_batch_bytes: 1048577 is too large: ${lost}`,
    ]);
    expect(tells("2.x", mode, small)).toEqual([
      'batch_max_size: "64KB" is too small: up to 64KB, 2.x publishes whatever it reads by itself',
    ]);
    expect(tells("1.x", mode, small)).toEqual([
      "listener_batch_bytes: 65536 is too small: up to 64KB, 1.x publishes whatever it reads by itself",
    ]);
  }
  expect(tells("1.x", "listener", "listener_batch_bytes = 4096")).toEqual([
    "listener_batch_bytes: 4096 is too small: up to 64KB, 1.x publishes whatever it reads by itself, larger ones cut off",
  ]);
  expect(tells("2.x", "writer", 'batch_max_size = "64KB"')).toEqual([]);
});

test("rules on tags are told where the version has none", () => {
  const text = `${RULE("basic", "cpu")}${TAGS_RULE}`;
  const refused = (version: string, mode: string) =>
    `rule[2].type: ${version} does not know "tags" in a ${mode}: it does not start there`;
  expect(tells("1.x", "filter", text)).toEqual([refused("1.x", "filter")]);
  expect(tells("1.x", "writer", text)).toEqual([refused("1.x", "writer")]);
  expect(tells("2.x", "filter", text)).toEqual([]);
  expect(tells("2.x", "writer", text)).toEqual([refused("2.x", "writer")]);
});

test("expressions that ask for the end of a line are told: the original has the newline there", () => {
  const told = (type: string, match: string) =>
    tells("2.x", "filter", RULE(type, match)).map((warning) => warning.split(": ")[0]);
  const asks = (match: string) => expect([match, told("regex", match)]).toEqual([match, ENDS]);
  const doesNot = (match: string) => expect([match, told("regex", match)]).toEqual([match, []]);
  const ENDS = ["rule[1].match"];
  for (const match of ["v=1$", "a$|b", "a\\\\$", "a\\z", "[$]$", "\\Q$\\E$", "(?i)a$"]) asks(match);
  for (const match of ["a\\$b", "[a$]", "[]$]", "[^]$]", "[\\]$]", "[[:alpha:]$]"]) doesNot(match);
  for (const match of ["(?m)a$", "(?im:a$)", "\\Qa$", "a\\\\z", "^a"]) doesNot(match);
  expect(told("negregex", "v=1$")).toEqual(ENDS);
  expect(told("basic", "v=1$")).toEqual([]);
  expect(tells("1.x", "writer", RULE("regex", "v=1$"))).toEqual([
    'rule[1].match: 1.x does not find the end of a line by "$" or "\\z": the newline of a line is part of it there',
  ]);
});

test("the name of a database that the version does not escape is told", () => {
  for (const version of ["1.x", "2.x"] as const) {
    expect(tells(version, "writer", 'influxdb_dbname = "my db"')).toEqual([
      `influxdb_dbname: "my db" does not reach InfluxDB whole: ${version} puts it into a URL as it is`,
    ]);
  }
});

test("a login to InfluxDB is told where the version cannot have it, and no secret with it", () => {
  const env = { INFLUXDB_USER: "me", INFLUXDB_PASS: "hush" };
  expect(tells("1.x", "writer", "", { env })).toEqual([
    "$INFLUXDB_USER: 1.x does not know it: it writes without a login there",
  ]);
  const files = { pass: "hush" };
  const text = 'influxdb_user = "me"\ninfluxdb_pass_file = "FOLDER/pass"';
  const [user, file, ...more] = tells("2.x", "writer", text, { files });
  expect([user, more]).toEqual(['influxdb_user: 2.x does not know it: "me" is ignored there', []]);
  expect(file).toMatch(/^influxdb_pass_file: 2\.x does not know it: ".*\/pass" is ignored there$/);
});

describe("mode standalone", () => {
  const COMPONENTS = `
    stats_interval = "1s"
    [[component]]
    mode = "listener"
    [[component]]
    mode = "downsampler"
    [[component]]
    mode = "writer"
    nats_subject = ["influx-spout-archive"]
  `;

  test("is told, and what is different about each component", () => {
    const inEach = '(for component "listener-1", component "writer-1")';
    expect(tells("1.x", "standalone", `nats_address = "nats://a"${COMPONENTS}`)).toEqual([
      'mode: 1.x does not know "standalone": it does not start there',
      BATCH_AGE.replace(":", ' (for component "listener-1"):'),
      `stats_interval ${inEach}: 1.x does not know it: "1s" is ignored there`,
      'mode (for component "downsampler-1"): 1.x does not know "downsampler": it does not start there',
      RETRIES.replace(":", ' (for component "writer-1"):'),
    ]);
  });

  test("without NATS is not what the components can be in the original", () => {
    const all = 'component "listener-1", component "downsampler-1", component "writer-1"';
    expect(tells("2.x", "standalone", COMPONENTS)).toEqual([
      'mode: 2.x does not know "standalone": it does not start there',
      PROMETHEUS.replace(":", ` (for ${all}):`),
      `nats_address (for ${all}): 2.x does not know "inproc://": it does not start there`,
    ]);
  });
});
