/** Goal: which files are read, which of them wins, and what is said of files that cannot be read. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  COMMON_CONFIG_PATH,
  ConfigError,
  deriveName,
  loadConfig,
  loadNatsOptions,
} from "../../../src/config/load.ts";
import { natsOptions } from "../../support/nats-options.ts";
import { load, problemsOf } from "./load-text.ts";

describe("the common file", () => {
  test("is /etc/influx-spout.toml", () => {
    expect(COMMON_CONFIG_PATH).toBe("/etc/influx-spout.toml");
  });

  test("gives what the specific file does not, key by key", () => {
    const common = `
      nats_subject_monitor = "common-monitor"
      batch = 50
      influxdb_dbname = "common"
      debug = true
      workers = 3
    `;
    const { config } = load(
      'mode = "writer"\nbatch = 10\ninfluxdb_dbname = "mine"\ndebug = false\nworkers = 0',
      { common },
    );
    expect(config).toMatchObject({
      monitorSubject: "common-monitor",
      batch: { countMax: 10 },
      output: { database: "mine" },
      debug: false,
      workers: navigator.hardwareConcurrency,
    });
  });

  test("may give everything, mode and name included", () => {
    const { config } = load("", { common: 'mode = "listener"\nname = "shared"' });
    expect(config).toMatchObject({ mode: "listener", name: "shared" });
  });

  test("has its lists replaced as a whole", () => {
    const common = 'mode = "writer"\nnats_subject = ["a", "b", "c"]';
    expect(load('nats_subject = ["d"]', { common }).config).toMatchObject({ subjects: ["d"] });
    expect(problemsOf("nats_subject = []", { common })).toEqual([
      "spout.toml: nats_subject: expected at least one subject, got an empty list",
    ]);
  });

  test("has its rules replaced as a whole, keys of single rules included", () => {
    const common = `
      mode = "filter"
      [[rule]]
      type = "basic"
      match = "m1"
      subject = "s1"
      [[rule]]
      type = "basic"
      match = "m2"
      subject = "s2"
    `;
    expect(load("", { common }).config).toMatchObject({ rules: { length: 2 } });
    const specific = '[[rule]]\ntype = "regex"\nmatch = "m3"\nsubject = "s3"';
    expect(load(specific, { common }).config).toMatchObject({
      rules: [{ type: "regex", match: "m3", subject: "s3" }],
    });
    // The original's rule would have inherited the subject s1
    expect(problemsOf('[[rule]]\ntype = "basic"\nmatch = "new"', { common })).toEqual([
      "spout.toml: rule[1].subject: expected a NATS subject without wildcards, got nothing",
    ]);
  });

  test("loses to the specific file's other spelling of the same option", () => {
    const newer = load('mode = "writer"\nwrite_timeout = "1s"', {
      common: "write_timeout_secs = 9",
    });
    expect(newer.config).toMatchObject({ output: { writeTimeoutMs: 1000 } });
    const older = load('mode = "writer"\nbatch_max_mb = 3', { common: 'batch_max_size = "9MB"' });
    expect(older.config).toMatchObject({ batch: { sizeMaxBytes: 3 * 1024 * 1024 } });
  });

  test("is named in problems with what it gives", () => {
    expect(problemsOf("port = 1", { common: 'mode = "listener"\nbatch = -5' })).toEqual([
      "common.toml: batch: expected an integer above 0, got -5",
    ]);
  });

  test("is checked although the specific file replaces the value", () => {
    expect(problemsOf('mode = "listener"\nport = 1', { common: 'port = "x"' })).toEqual([
      'common.toml: port: expected an integer, got "x"',
    ]);
  });

  test("does not stand in for a value of the specific file that is wrong", () => {
    expect(problemsOf('mode = "listener"\nport = "x"', { common: "port = -1" })).toEqual([
      'spout.toml: port: expected an integer, got "x"',
    ]);
  });

  test("may hold the names that one size has in listeners and in writers", () => {
    const common = "listener_batch_bytes = 2048\nbatch_max_mb = 3";
    expect(load('mode = "listener"', { common }).config).toMatchObject({
      batch: { sizeMaxBytes: 2048 },
    });
    expect(load('mode = "writer"', { common }).config).toMatchObject({
      batch: { sizeMaxBytes: 3 * 1024 * 1024 },
    });
  });
});

describe("the age at which listeners publish", () => {
  test("is not that of the writers' batch_max_secs", () => {
    expect(load('mode = "listener"\nbatch_max_secs = 60').config).toMatchObject({
      batch: { ageMaxMs: 1000 },
    });
    expect(load('mode = "listener_http"', { common: "batch_max_secs = 60" }).config).toMatchObject({
      batch: { ageMaxMs: 1000 },
    });
  });

  test("is what either file sets as batch_max_age", () => {
    expect(load('mode = "listener"', { common: 'batch_max_age = "300ms"' }).config).toMatchObject({
      batch: { ageMaxMs: 300 },
    });
  });
});

test("keys match in any case", () => {
  const text = `
    MODE = "filter"
    Nats_Subject = ["in"]
    [[Rule]]
    TYPE = "basic"
    Match = "cpu"
    suBject = "system"
  `;
  expect(load(text).config).toMatchObject({
    mode: "filter",
    subject: "in",
    rules: [{ type: "basic", match: "cpu", subject: "system" }],
  });
});

test("files with CRLF, with a byte-order mark, with underscores in numbers are read", () => {
  expect(load('mode = "listener"\r\nport = 1_234\r\n').config).toMatchObject({ port: 1234 });
  expect(load('\ufeffmode = "listener"').config).toMatchObject({ mode: "listener" });
});

test("the name is the file's without folder and extension, or the mode if that is nothing", () => {
  expect(deriveName("/a/b/spout-writer.toml")).toBe("spout-writer");
  expect(deriveName("some.thing.toml")).toBe("some.thing");
  expect(deriveName("conf")).toBe("conf");
  expect(deriveName(".toml")).toBe("");
  const name = (fileName: string, text = 'mode = "writer"') => load(text, { fileName }).config.name;
  expect(name("east.toml")).toBe("east");
  expect(name(".toml")).toBe("writer");
  expect(name("east.toml", 'mode = "writer"\nname = "west"')).toBe("west");
  expect(name("east.toml", 'mode = "writer"\nname = ""')).toBe("east");
});

describe("a file that cannot be used", () => {
  test("is named if it is missing or unreadable", () => {
    const missing = () =>
      loadConfig({ path: "/nowhere/spout.toml", commonPath: "/nowhere/common.toml", env: {} });
    expect(missing).toThrow(
      "/nowhere/spout.toml: cannot read the file: ENOENT: no such file or directory",
    );
    const folder = mkdtempSync(join(tmpdir(), "spout-config-"));
    const file = join(folder, "spout.toml");
    writeFileSync(file, 'mode = "writer"');
    // A folder cannot be read as a file, not even by root
    expect(() => loadConfig({ path: folder, commonPath: file, env: {} })).toThrow(
      `${folder}: cannot read the file: EISDIR`,
    );
    expect(() => loadConfig({ path: file, commonPath: folder, env: {} })).toThrow(
      `${folder}: cannot read the file: EISDIR`,
    );
  });

  test("is named with line and column if it is no TOML, without what stands there", () => {
    expect(problemsOf('mode = "writer"\nname = \n')).toEqual([
      "spout.toml:2:8: expected a value (text needs quotes)",
    ]);
    expect(problemsOf("mode = writer")).toEqual([
      "spout.toml:1:8: expected a value (text needs quotes)",
    ]);
    const twice = problemsOf('mode = "writer"\nport = 1\nport = 2');
    expect(twice).toHaveLength(1);
    expect(twice[0]).toStartWith("spout.toml:3:1: ");
    const secret = problemsOf('nats_address = "nats://user:hush@host" x\n');
    expect(secret.join()).toStartWith("spout.toml:1:");
    expect(secret.join()).not.toContain("hush");
  });

  test("is named if it is no text", () => {
    const file = join(mkdtempSync(join(tmpdir(), "spout-config-")), "latin1.toml");
    writeFileSync(file, new Uint8Array([0x23, 0xe9, 0x0a]));
    expect(() => loadConfig({ path: file, commonPath: "/nowhere", env: {} })).toThrow(file);
  });

  test("does not keep the other file's problems from being reported", () => {
    expect(problemsOf("port = true", { common: "name = \n" })).toEqual([
      "common.toml:1:8: expected a value (text needs quotes)",
      "spout.toml: port: expected an integer, got true",
    ]);
    expect(problemsOf("name = \n", { common: "port = true" })).toEqual([
      "common.toml: port: expected an integer, got true",
      "spout.toml:1:8: expected a value (text needs quotes)",
    ]);
  });
});

describe("the NATS options of the common file alone", () => {
  /** As they are loaded from a file with this text, or the problems with it. */
  const natsOf = (text: string | undefined) => {
    const folder = mkdtempSync(join(tmpdir(), "spout-config-"));
    try {
      const path = join(folder, "common.toml");
      writeFileSync(join(folder, "pass"), "hush\n");
      if (text !== undefined) writeFileSync(path, text.replaceAll("FOLDER", folder));
      return loadNatsOptions(path);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return error.problems.map((problem) => problem.replaceAll(`${folder}/`, ""));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test("are the defaults where there is no file", () => {
    expect(natsOf(undefined)).toEqual(natsOptions({ servers: ["localhost:4222"] }));
  });

  test("are those of a component, whatever mode the file is for", () => {
    const text = `
      mode = "filter"
      workers = 3
      nats_address = "tls://a,b:1"
      nats_user = "me"
      nats_pass_file = "FOLDER/pass"
    `;
    const expected = { servers: ["a:4222", "b:1"], tls: true, user: "me", password: "hush" };
    expect(natsOf(text)).toEqual(natsOptions(expected));
  });

  test("are refused with every problem", () => {
    expect(natsOf('nats_address = "http://a"\nnats_user = "me"\nworkes = 1')).toEqual([
      "common.toml: workes: expected the name of an option, got an unknown one; the nearest is workers",
      'common.toml: nats_address: expected nats://host:port, got one that cannot be used: server 1 has the scheme "http", not nats or tls',
      "common.toml: nats_user: expected nats_pass_file beside it, got nats_user alone",
    ]);
  });
});
