/** Goal: whatever is wrong with an option is reported, all of it at once, as `file: option: expected ..., got ...`. */
import { describe, expect, test } from "bun:test";

import { load, problemsOf, type TextOptions } from "./load-text.ts";

/** `line` in a file of that mode gives exactly this problem; given twice, for nothing may be kept. */
function refuses(mode: string, line: string, problem: string, options: TextOptions = {}): void {
  const text = `mode = "${mode}"\n${line}`;
  const expected = { line, problems: [`spout.toml: ${problem}`] };
  expect({ line, problems: problemsOf(text, options) }).toEqual(expected);
  expect({ line, problems: problemsOf(text, options) }).toEqual(expected);
}

const accepts = (mode: string, line: string) =>
  expect({ line, problems: problemsOf(`mode = "${mode}"\n${line}`) }).toEqual({
    line,
    problems: [],
  });

test("a mode that is misspelt, or missing, hides no other problem that can be known", () => {
  const options = 'workers = -1\nnats_address = "udp://x"\nbatch = 4\nbatch_max_count = 5\n';
  const problems = problemsOf(`mode = "writr"\n${options}influxdb_port = 0\n`);
  expect(problems.map((problem) => problem.split(": ")[1])).toEqual([
    "mode",
    "batch_max_count",
    "workers",
    "influxdb_port",
    "nats_address",
  ]);
  const withoutMode = problemsOf(`nats_pending_max_mb = 1\nnats_max_pending_size = 1\n${options}`);
  expect(withoutMode.map((problem) => problem.split(": ")[1])).toEqual([
    "mode",
    "nats_max_pending_size",
    "batch_max_count",
  ]);
});

test("every problem of both files is reported in one go", () => {
  const text = `
    mode = "writer"
    natz_subject = ["a"]
    port = "x"
    workers = -1
    batch = 4
    batch_max_count = 5
    write_timeout = "30"
    influxdb_protocol = "ftp"
    [[rule]]
    type = "regex"
    match = "("
  `;
  const common = "debug = 1\nprobe_port = 65536";
  expect(problemsOf(text, { common, env: { INFLUXDB_USER: "me" } })).toEqual([
    "common.toml: debug: expected true or false, got 1",
    "spout.toml: natz_subject: expected the name of an option, got an unknown one; the nearest is nats_subject",
    'spout.toml: port: expected an integer, got "x"',
    'spout.toml: write_timeout: expected a duration such as "10s" or "1h30m", got "30" (missing unit)',
    "spout.toml: batch_max_count: expected one of batch and batch_max_count, which are two names of one option, got both",
    "spout.toml: workers: expected an integer from 0 to 256, got -1",
    "common.toml: probe_port: expected an integer from 0 to 65535, got 65536",
    expect.stringMatching(
      /^spout.toml: rule\[1\].match: expected a regular expression in RE2 syntax, got "\(" \(.*\)$/,
    ),
    'spout.toml: influxdb_protocol: expected "http" or "https", got "ftp"',
    "environment: $INFLUXDB_USER: expected $INFLUXDB_PASS beside it, got $INFLUXDB_USER alone",
  ]);
});

describe("mode", () => {
  const modes =
    '"listener", "listener_http", "filter", "downsampler", "writer", "monitor", "standalone"';

  test("is required", () => {
    const nothing = `spout.toml: mode: expected one of ${modes}, got nothing: mode not specified in config`;
    expect(problemsOf("")).toEqual([nothing]);
    expect(problemsOf('mode = ""', { common: 'mode = "writer"' })).toEqual([nothing]);
  });

  test("is one that this version has", () => {
    expect(problemsOf('mode = "relay"')).toEqual([
      `spout.toml: mode: expected one of ${modes}, got "relay"`,
    ]);
  });

  test("of a wrong type is one problem, not two, and hides no others of its kind", () => {
    expect(problemsOf("mode = 5")).toEqual(["spout.toml: mode: expected a string, got 5"]);
    expect(problemsOf("mode = 5\nport = 1.5", { common: 'mode = "writer"' })).toEqual([
      "spout.toml: mode: expected a string, got 5",
      "spout.toml: port: expected an integer, got 1.5",
    ]);
  });
});

describe("names", () => {
  const unknown = (name: string, nearest: string) =>
    `${name}: expected the name of an option, got an unknown one; the nearest is ${nearest}`;

  test("that no mode knows are refused, with the nearest that one does", () => {
    refuses("writer", "prot = 1", unknown("prot", "port"));
    refuses("writer", "Batch_Max_Sec = 1", unknown("Batch_Max_Sec", "batch_max_secs"));
    refuses("writer", 'influx_dbname = "a"', unknown("influx_dbname", "influxdb_dbname"));
    refuses("writer", "[rules]\na = 1", unknown("rules", "rule"));
    refuses("writer", "__proto__ = 1", unknown("__proto__", "port"));
  });

  test("of another mode's options are accepted", () => {
    accepts(
      "listener",
      'influxdb_port = 8086\nmax_time_delta_secs = 5\nworkers = 4\nnats_user = ""',
    );
    accepts(
      "writer",
      'listener_batch_bytes = 5\nread_buffer_size = "1MB"\ndownsample_period = "1m"',
    );
  });

  test("written twice in different case are refused", () => {
    expect(problemsOf('MODE = "writer"\nmode = "writer"')).toEqual([
      "spout.toml: mode: expected each option once, got both MODE and mode",
    ]);
  });

  test("of one option, its old one and its new one, are refused in one file", () => {
    const both = (older: string, newer: string) =>
      `${newer}: expected one of ${older} and ${newer}, which are two names of one option, got both`;
    refuses("listener", "batch = 1\nbatch_max_count = 1", both("batch", "batch_max_count"));
    refuses(
      "listener",
      'listener_batch_bytes = 1\nbatch_max_size = "1MB"',
      both("listener_batch_bytes", "batch_max_size"),
    );
    refuses(
      "writer",
      'batch_max_mb = 1\nbatch_max_size = "1MB"',
      both("batch_max_mb", "batch_max_size"),
    );
    refuses(
      "writer",
      'batch_max_secs = 1\nbatch_max_age = "1s"',
      both("batch_max_secs", "batch_max_age"),
    );
    refuses(
      "writer",
      'write_timeout_secs = 1\nwrite_timeout = "1s"',
      both("write_timeout_secs", "write_timeout"),
    );
    refuses(
      "writer",
      'nats_pending_max_mb = 1\nnats_max_pending_size = "1MB"',
      both("nats_pending_max_mb", "nats_max_pending_size"),
    );
    refuses(
      "listener",
      'read_buffer_bytes = 1\nread_buffer_size = "1MB"',
      both("read_buffer_bytes", "read_buffer_size"),
    );
    // In the common file, and of another mode's option, too
    const twoNames = 'max_time_delta_secs = 1\nmax_time_delta = "1s"';
    expect(problemsOf('mode = "listener"', { common: twoNames })).toEqual([
      `common.toml: ${both("max_time_delta_secs", "max_time_delta")}`,
    ]);
  });

  test("that mean different options in different modes clash only where both count", () => {
    accepts("listener", 'batch_max_mb = 1\nbatch_max_size = "1MB"');
    accepts("writer", 'listener_batch_bytes = 1\nbatch_max_size = "1MB"');
    accepts("listener_http", 'batch_max_secs = 1\nbatch_max_age = "1s"');
    accepts("listener", "listener_batch_bytes = 1\nbatch_max_mb = 1");
    accepts("writer", "listener_batch_bytes = 1\nbatch_max_mb = 1");
  });
});

describe("types", () => {
  const size = 'a byte size such as "10MB" or 10485760';
  const duration = 'a duration such as "10s" or "1h30m"';

  test("are those that the option declares", () => {
    // Strings and booleans
    refuses("writer", "name = 5", "name: expected a string, got 5");
    refuses("writer", "influxdb_address = true", "influxdb_address: expected a string, got true");
    refuses("writer", 'debug = "true"', 'debug: expected true or false, got "true"');
    // Integers
    refuses("listener", 'port = "80"', 'port: expected an integer, got "80"');
    refuses("listener", "port = 80.0", "port: expected an integer, got 80.0");
    refuses("listener", "port = nan", "port: expected an integer, got NaN");
    refuses("listener", "port = [80]", "port: expected an integer, got a list");
    refuses("listener", "port = {}", "port: expected an integer, got a table");
    refuses("listener", "port = 2026-01-01", "port: expected an integer, got a date");
    refuses(
      "listener",
      "port = 9223372036854775808",
      "port: expected an integer, got 9223372036854775808 (out of range)",
    );
    // Lists and tables
    refuses("writer", 'nats_subject = "a"', 'nats_subject: expected a list of strings, got "a"');
    refuses(
      "writer",
      'nats_subject = ["a", 1]',
      "nats_subject: expected a list of strings, got a list",
    );
    refuses("writer", "rule = 1", "rule: expected [[rule]] tables, got 1");
    refuses("writer", '[rule]\ntype = "basic"', "rule: expected [[rule]] tables, got a table");
    refuses("writer", "rule = [1]", "rule: expected [[rule]] tables, got a list");
    // 1.x names take integers of their unit
    refuses("writer", 'batch_max_mb = "1MB"', 'batch_max_mb: expected an integer (MB), got "1MB"');
    refuses(
      "writer",
      "write_timeout_secs = 1.5",
      "write_timeout_secs: expected an integer (seconds), got 1.5",
    );
    refuses(
      "listener",
      'read_buffer_bytes = ""',
      "read_buffer_bytes: expected an integer (bytes), got nothing",
    );
    refuses("writer", 'batch = "1"', 'batch: expected an integer, got "1"');
  });

  test("of sizes and durations say why a text is none", () => {
    refuses("listener", "read_buffer_size = 2.0", `read_buffer_size: expected ${size}, got 2.0`);
    refuses("listener", "read_buffer_size = true", `read_buffer_size: expected ${size}, got true`);
    refuses(
      "listener",
      'read_buffer_size = "2MiB"',
      `read_buffer_size: expected ${size}, got "2MiB" (unknown unit "MiB")`,
    );
    refuses(
      "listener",
      'read_buffer_size = "2Mb"',
      `read_buffer_size: expected ${size}, got "2Mb" ("Mb" means bits; for bytes write "MB")`,
    );
    refuses(
      "writer",
      "write_timeout = 30",
      `write_timeout: expected ${duration}, got 30 (missing unit)`,
    );
    refuses("writer", "write_timeout = 5.0", `write_timeout: expected ${duration}, got 5.0`);
    refuses("writer", "write_timeout = 0.0", `write_timeout: expected ${duration}, got 0.0`);
    refuses("writer", "write_timeout = true", `write_timeout: expected ${duration}, got true`);
    refuses(
      "writer",
      'write_timeout = "5d"',
      `write_timeout: expected ${duration}, got "5d" (unknown unit "d")`,
    );
  });

  test("are looked at in other modes' options", () => {
    refuses("listener", 'influxdb_port = "x"', 'influxdb_port: expected an integer, got "x"');
    refuses("filter", "downsample_suffix = 5", "downsample_suffix: expected a string, got 5");
  });
});

describe("ranges", () => {
  test("leave out zero and what is below it", () => {
    for (const name of ["batch", "batch_max_count"]) {
      refuses("listener", `${name} = 0`, `${name}: expected an integer above 0, got 0`);
      refuses("writer", `${name} = -1`, `${name}: expected an integer above 0, got -1`);
    }
    const secs = "an integer (seconds) above 0";
    refuses("writer", "batch_max_secs = 0", `batch_max_secs: expected ${secs}, got 0`);
    refuses("filter", "max_time_delta_secs = -3", `max_time_delta_secs: expected ${secs}, got -3`);
    refuses(
      "listener",
      'batch_max_age = "0s"',
      'batch_max_age: expected a duration above 0, got "0s"',
    );
    refuses(
      "listener_http",
      "batch_max_age = 0",
      "batch_max_age: expected a duration above 0, got 0",
    );
    refuses(
      "filter",
      'max_time_delta = "-5s"',
      'max_time_delta: expected a duration above 0, got "-5s"',
    );
    refuses(
      "writer",
      'stats_interval = "0"',
      'stats_interval: expected a duration above 0, got "0"',
    );
    refuses("writer", 'stop_timeout = "0"', 'stop_timeout: expected a duration above 0, got "0"');
    refuses(
      "filter",
      'nats_max_pending_size = ""',
      "nats_max_pending_size: expected a byte size above 0, got nothing",
    );
    refuses(
      "filter",
      "nats_pending_max_mb = 0",
      "nats_pending_max_mb: expected an integer (MB) above 0, got 0",
    );
    refuses(
      "writer",
      "nats_max_outbound_size = 0",
      "nats_max_outbound_size: expected a byte size above 0, got 0",
    );
    refuses(
      "writer",
      'write_timeout = "-1s"',
      'write_timeout: expected a duration of 0 or more, got "-1s"',
    );
    refuses(
      "writer",
      "writer_retry_batches = -1",
      "writer_retry_batches: expected an integer of 0 or more, got -1",
    );
  });

  test("of ports end at 65535, and start at 1 where 0 means nothing", () => {
    for (const mode of ["listener", "listener_http"]) {
      refuses(mode, "port = -1", "port: expected an integer from 0 to 65535, got -1");
      refuses(mode, "port = 65536", "port: expected an integer from 0 to 65535, got 65536");
      accepts(mode, "port = 65535");
    }
    const influxdb = "influxdb_port: expected an integer from 1 to 65535";
    refuses("writer", "influxdb_port = 0", `${influxdb}, got 0`);
    refuses("writer", "influxdb_port = 65536", `${influxdb}, got 65536`);
    for (const name of ["probe_port", "pprof_port"]) {
      refuses("filter", `${name} = -1`, `${name}: expected an integer from 0 to 65535, got -1`);
      refuses(
        "filter",
        `${name} = 65536`,
        `${name}: expected an integer from 0 to 65535, got 65536`,
      );
    }
  });

  test("of workers and buffers have an end", () => {
    refuses("filter", "workers = -1", "workers: expected an integer from 0 to 256, got -1");
    refuses("writer", "workers = 257", "workers: expected an integer from 0 to 256, got 257");
    refuses(
      "listener",
      'read_buffer_size = "2GB"',
      'read_buffer_size: expected a byte size from 1B to 1GB, got "2GB"',
    );
    refuses(
      "listener_http",
      "max_body_size = 0",
      "max_body_size: expected a byte size from 1B to 1GB, got 0",
    );
    refuses(
      "writer",
      "batch_max_mb = 1025",
      "batch_max_mb: expected an integer (MB) from 0 to 1024, got 1025",
    );
    refuses(
      "writer",
      "batch_max_mb = -1",
      "batch_max_mb: expected an integer (MB) from 0 to 1024, got -1",
    );
    refuses(
      "writer",
      "batch_max_size = -1",
      "batch_max_size: expected a byte size from 0B to 1GB, got -1",
    );
    refuses(
      "listener",
      "batch = 9223372036854775807",
      "batch: expected an integer from 1 to 9007199254740991, got 9223372036854775807",
    );
    refuses(
      "filter",
      "max_time_delta_secs = 9223372036854775807",
      "max_time_delta_secs: expected an integer (seconds) from 1 to 9223372036, got 9223372036854775807",
    );
  });

  test("of a listener's batch do not end at 1 MB", () => {
    accepts("listener", "batch_max_size = 1048577");
    accepts("listener_http", "listener_batch_bytes = 1048577");
  });

  test("are not looked at in other modes' options", () => {
    accepts("listener", 'influxdb_port = 0\nworkers = -1\nmax_time_delta = "0s"');
    accepts("filter", "port = 70000\nbatch = 0\ndownsample_period = 0");
  });
});

describe("a writer's backend", () => {
  test("has a protocol, a host and a database", () => {
    const host = "a host name or an IP address (IPv6 in brackets), nothing else";
    refuses(
      "writer",
      'influxdb_protocol = "foo"',
      'influxdb_protocol: expected "http" or "https", got "foo"',
    );
    refuses("writer", 'influxdb_address = ""', `influxdb_address: expected ${host}, got nothing`);
    refuses(
      "writer",
      'influxdb_address = "http://a"',
      `influxdb_address: expected ${host}, got "http://a"`,
    );
    refuses(
      "writer",
      'influxdb_address = "a:8086"',
      `influxdb_address: expected ${host}, got "a:8086"`,
    );
    refuses("writer", 'influxdb_address = "::1"', `influxdb_address: expected ${host}, got "::1"`);
    refuses("writer", 'influxdb_address = "a b"', `influxdb_address: expected ${host}, got "a b"`);
    refuses("writer", 'influxdb_address = "[x]"', `influxdb_address: expected ${host}, got "[x]"`);
    refuses(
      "writer",
      'influxdb_dbname = ""',
      "influxdb_dbname: expected the name of a database, got nothing",
    );
    accepts("writer", 'influxdb_address = "[::1]"');
    accepts("writer", 'influxdb_address = "127.0.0.1"');
    accepts("writer", 'influxdb_address = "influx_db-1.example.org"');
  });

  test("takes user and password from the environment, together or not at all", () => {
    const writer = (env: Readonly<Record<string, string>>) =>
      problemsOf('mode = "writer"', { env });
    const env = { INFLUXDB_USER: "me", INFLUXDB_PASS: "hush" };
    expect(load('mode = "writer"', { env }).config).toMatchObject({
      output: { user: "me", password: "hush" },
    });
    expect(writer({ INFLUXDB_USER: "", INFLUXDB_PASS: "" })).toEqual([]);
    expect(writer({ INFLUXDB_USER: "me", INFLUXDB_PASS: "" })).toEqual([
      "environment: $INFLUXDB_USER: expected $INFLUXDB_PASS beside it, got $INFLUXDB_USER alone",
    ]);
    expect(writer({ INFLUXDB_PASS: "hush" })).toEqual([
      "environment: $INFLUXDB_PASS: expected $INFLUXDB_USER beside it, got $INFLUXDB_PASS alone",
    ]);
    // Nobody else looks at them
    expect(problemsOf('mode = "listener"', { env: { INFLUXDB_USER: "me" } })).toEqual([]);
  });
});

test("a name with control characters is refused: it goes into metrics and to NATS", () => {
  refuses(
    "writer",
    'name = "a\\nb"',
    'name: expected a name without control characters, got "a\\nb"',
  );
});
