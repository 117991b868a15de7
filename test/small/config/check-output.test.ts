/** Goal: a writer has one output, whose options are checked; those of the other outputs are left alone. */
import { describe, expect, test } from "bun:test";

import { printConfig } from "../../../src/config/print.ts";
import { load, problemsOf } from "./load-text.ts";

const writer = (text: string) => `mode = "writer"\n${text}`;
const problems = (text: string) => problemsOf(writer(text));
const outputOf = (text: string) => {
  const { config } = load(writer(text));
  return "output" in config ? config.output : undefined;
};

const FILE = 'output = "file"\nfile_path = "/data/all.lp"\n';

test("the output is InfluxDB, files or standard output, and nothing else", () => {
  expect(outputOf("")).toMatchObject({ kind: "influxdb" });
  expect(outputOf('output = "influxdb"')).toMatchObject({ kind: "influxdb" });
  expect(outputOf('output = "stdout"')).toEqual({ kind: "stdout" });
  const expected = 'spout.toml: output: expected "influxdb", "file" or "stdout", got';
  expect(problems('output = "kafka"')).toEqual([`${expected} "kafka"`]);
  expect(problems('output = "File"')).toEqual([`${expected} "File"`]);
  expect(problems('output = ""')).toEqual([`${expected} nothing`]);
});

describe("files", () => {
  test("are neither rotated nor compressed nor deleted unless it is asked for", () => {
    expect(outputOf(FILE)).toEqual({
      kind: "file",
      path: "/data/all.lp",
      sizeMaxBytes: 0,
      ageMaxMs: 0,
      archivesMax: 0,
      gzip: false,
      subjectsMax: 256,
    });
  });

  test("take all their options", () => {
    const text = `
      output = "file"
      file_path = "out/{date}/{subject}-{date}.lp"
      file_max_size = "100MB"
      file_max_age = "24h"
      file_max_archives = 0
      file_gzip = true
      file_max_subjects = 5
    `;
    expect(outputOf(text)).toEqual({
      kind: "file",
      path: "out/{date}/{subject}-{date}.lp",
      sizeMaxBytes: 104_857_600,
      ageMaxMs: 86_400_000,
      archivesMax: 0,
      gzip: true,
      subjectsMax: 5,
    });
    expect(outputOf(`${FILE}file_max_size = 1\nfile_max_archives = 7`)).toMatchObject({
      archivesMax: 7,
    });
  });

  test("have a path, of a file, with known placeholders", () => {
    const expected =
      "spout.toml: file_path: expected the path of a file, with no braces but those of {subject} and {date}, got";
    expect(problems('output = "file"')).toEqual([`${expected} nothing`]);
    const refuses = (path: string, got = `"${path}"`) =>
      expect(problems(`output = "file"\nfile_path = "${path}"`)).toEqual([`${expected} ${got}`]);
    refuses("/data/{measurement}.lp");
    refuses("/data/{Subject}.lp");
    refuses("/data/{subject.lp");
    refuses("/data/date}.lp");
    refuses("/data/{}.lp");
    refuses("/data/", '"/data/", which is a folder');
    refuses("/", '"/", which is a folder');
    refuses("..", '"..", which is a folder');
    refuses("/data/.", '"/data/.", which is a folder');
    refuses("a\\u0000b", '"a\\u0000b", which holds a control character');
    refuses("a\\nb", '"a\\nb", which holds a control character');
    const deep = "{subject}/".repeat(40) + "a";
    for (const path of ["x".repeat(256), `${"x".repeat(160)}{subject}`, deep]) {
      expect(problems(`output = "file"\nfile_path = "${path}"`)).toEqual([
        expect.stringContaining(", which is too long for a name"),
      ]);
    }
    const archive = "all.20260131T235959.999Z";
    refuses(archive, `"${archive}", which is what a rotated file is called`);
    refuses(`${archive}.gz`, `"${archive}.gz", which is what a rotated file is called`);
    for (const path of [
      "x".repeat(255),
      `${"x".repeat(255)}/{subject}`,
      "all.20260131",
      "all.gz",
    ]) {
      expect(problems(`output = "file"\nfile_path = "${path}"`)).toEqual([]);
    }
    // A file that is rotated gets a longer name.
    expect(
      problems(`output = "file"\nfile_path = "${"x".repeat(230)}"\nfile_max_size = 1`),
    ).toEqual([expect.stringContaining("which is too long for a name")]);
    for (const path of ["all.lp", "./all", "../all", "/a b/...", "{subject}", "{date}", ".lp"]) {
      expect(problems(`output = "file"\nfile_path = "${path}"`)).toEqual([]);
    }
  });

  test("have limits that are no less than zero, and at least one subject", () => {
    expect(problems(`${FILE}file_max_size = -1`)).toEqual([
      "spout.toml: file_max_size: expected a byte size of 0 or more, got -1",
    ]);
    expect(problems(`${FILE}file_max_age = "-1s"`)).toEqual([
      'spout.toml: file_max_age: expected a duration of 0 or more, got "-1s"',
    ]);
    expect(problems(`${FILE}file_max_archives = -1`)).toEqual([
      "spout.toml: file_max_archives: expected an integer of 0 or more, got -1",
    ]);
    expect(problems(`${FILE}file_max_subjects = 0`)).toEqual([
      "spout.toml: file_max_subjects: expected an integer from 1 to 65536, got 0",
    ]);
  });

  test("give a warning where an option cannot do what it seems to", () => {
    const warnings = (text: string) => load(writer(text)).warnings;
    const idle = "nothing is rotated: file_max_size and file_max_age are 0";
    expect(warnings(`${FILE}file_gzip = true`)).toEqual([`spout.toml: file_gzip: ${idle}`]);
    expect(warnings(`${FILE}file_max_archives = 3`)).toEqual([
      `spout.toml: file_max_archives: ${idle}`,
    ]);
    const rotated = 'file_gzip = true\nfile_max_archives = 3\nfile_max_age = "1h"';
    expect(warnings(`${FILE}${rotated}`)).toEqual([]);
    // A day that is over is compressed; but what is counted are files of one name.
    const dated = 'output = "file"\nfile_path = "{date}.lp"\n';
    expect(warnings(`${dated}file_gzip = true`)).toEqual([]);
    expect(warnings(`${dated}${rotated}`)).toEqual([
      "spout.toml: file_max_archives: files of other days are neither counted nor deleted",
    ]);
  });
});

test("the options of the other outputs may say anything that is of their type", () => {
  const influxdb = 'influxdb_dbname = ""\ninfluxdb_protocol = "foo"\ninfluxdb_address = ""\n';
  expect(problems(`${FILE}${influxdb}`)).toEqual([]);
  expect(problems(`output = "stdout"\n${influxdb}`)).toEqual([]);
  expect(problemsOf(writer(FILE), { env: { INFLUXDB_USER: "me" } })).toEqual([]);
  expect(problems('file_path = "{x}"\nfile_gzip = true')).toEqual([]);
  expect(load(writer('file_path = "{x}"\nfile_gzip = true')).warnings).toEqual([]);
});

test("what is printed loads to the same again, without a database too", () => {
  for (const text of [
    `${FILE}influxdb_dbname = ""\nfile_max_size = "5MB"\nfile_max_age = "90m"\nfile_gzip = true`,
    'output = "stdout"',
  ]) {
    const first = load(writer(text));
    const second = load(printConfig(first));
    expect(second.config).toEqual(first.config);
  }
  const printed = printConfig(load(writer(`${FILE}file_max_size = "5MB"\nfile_max_age = "90m"`)));
  for (const line of [
    'output = "file"\n',
    'file_path = "/data/all.lp"\n',
    'file_max_size = "5MB"\n',
    'file_max_age = "1h30m"\n',
    "file_max_archives = 0\n",
    "file_gzip = false\n",
  ]) {
    expect(printed).toContain(line);
  }
});

describe("the login to InfluxDB", () => {
  const PASS = { files: { pass: "hush\n" } };
  const BOTH = { INFLUXDB_USER: "her", INFLUXDB_PASS: "psst" };
  const loginOf = (text: string, env: Readonly<Record<string, string>> = {}) => {
    const { config } = load(writer(text), { ...PASS, env });
    if (config.mode !== "writer" || config.output.kind !== "influxdb") throw new Error("no login");
    return [config.output.user, config.output.password];
  };
  const problemsOfLogin = (text: string, env: Readonly<Record<string, string>> = {}) =>
    problemsOf(writer(text), { ...PASS, env });

  test("is none, or comes from the environment, or from options, which count first, each for itself", () => {
    const user = 'influxdb_user = "me"';
    const file = 'influxdb_pass_file = "FOLDER/pass"';
    expect(loginOf("")).toEqual(["", ""]);
    expect(loginOf("", BOTH)).toEqual(["her", "psst"]);
    expect(loginOf(`${user}\n${file}`)).toEqual(["me", "hush"]);
    expect(loginOf(`${user}\n${file}`, BOTH)).toEqual(["me", "hush"]);
    expect(loginOf(user, BOTH)).toEqual(["me", "psst"]);
    expect(loginOf(file, BOTH)).toEqual(["her", "hush"]);
  });

  test("is a user and a password, or neither", () => {
    expect(problemsOfLogin('influxdb_user = "me"')).toEqual([
      "spout.toml: influxdb_user: expected influxdb_pass_file or $INFLUXDB_PASS beside it, got influxdb_user alone",
    ]);
    expect(problemsOfLogin('influxdb_pass_file = "FOLDER/pass"')).toEqual([
      "spout.toml: influxdb_pass_file: expected influxdb_user or $INFLUXDB_USER beside it, got influxdb_pass_file alone",
    ]);
    expect(problemsOfLogin("", { INFLUXDB_USER: "me" })).toEqual([
      "environment: $INFLUXDB_USER: expected $INFLUXDB_PASS beside it, got $INFLUXDB_USER alone",
    ]);
  });

  test("whose file is missing or empty is one problem, without what may be a secret", () => {
    const user = 'influxdb_user = "me"\n';
    expect(problemsOfLogin(`${user}influxdb_pass_file = "FOLDER/none"`)).toEqual([
      expect.stringMatching(
        /^spout\.toml: influxdb_pass_file: expected a file that can be read, got "none": /,
      ),
    ]);
    const empty = { files: { empty: "\n" } };
    expect(problemsOf(writer(`${user}influxdb_pass_file = "FOLDER/empty"`), empty)).toEqual([
      'spout.toml: influxdb_pass_file: expected a file with a secret, got "empty", empty',
    ]);
  });

  test("is never printed", () => {
    const text = writer('influxdb_user = "me"\ninfluxdb_pass_file = "FOLDER/pass"');
    const printed = printConfig(load(text, PASS));
    expect(printed).toMatch(/^influxdb_pass_file = ".*\/pass"$/m);
    expect(printed).not.toContain("hush");
    expect(printConfig(load(writer(""), { env: BOTH }))).not.toMatch(/psst|her\b/);
  });
});

/** Self-signed, of no use but to be read. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBcTCCARegAwIBAgIUCzYJ1tBL2gXrrW+g9jzEHZGWpU8wCgYIKoZIzj0EAwIw
DTELMAkGA1UEAwwCY2EwIBcNMjYxMTI0MDAyMDI1WhgPMjEyNjEwMzEwMDIwMjVa
MA0xCzAJBgNVBAMMAmNhMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhrcveyDT
d6nipzqT8hE9i5q1ClE7ry0UP8e5tfEzvRs1tICV01SGfcLm8Vlat9EqFlH/VF9z
3IoU3Oc7A/dKuaNTMFEwHQYDVR0OBBYEFPfNsaLRYlvidL3mnRjtifesLn1fMB8G
A1UdIwQYMBaAFPfNsaLRYlvidL3mnRjtifesLn1fMA8GA1UdEwEB/wQFMAMBAf8w
CgYIKoZIzj0EAwIDSAAwRQIgOrcoddh+TcV+Ni5sPgggHNDJKgJc7ZUHcQPh0dkf
R6QCIQDu5EXwQjzQ/9TH/XSJg+OzpaiwkPuZmDnqf8tlkyWdDA==
-----END CERTIFICATE-----
`;

describe("the certificates that InfluxDB is known by", () => {
  const HTTPS = 'influxdb_protocol = "https"\ninfluxdb_tls_ca = "FOLDER/ca"';
  const caProblems = (ca: string) => problemsOf(writer(HTTPS), { files: { ca } });

  test("are read from their file, any number of them", () => {
    const two = `my own\n${CERTIFICATE}and\n${CERTIFICATE}`;
    const { config, warnings } = load(writer(HTTPS), { files: { ca: two } });
    expect(config).toMatchObject({ output: { protocol: "https", tlsCa: two } });
    expect(warnings).toEqual([]);
  });

  test("are certificates, and whole", () => {
    const place = "spout.toml: influxdb_tls_ca: expected a PEM file with certificates, got";
    expect(caProblems("-----BEGIN PRIVATE KEY-----\n")).toEqual([
      `${place} "ca", which holds none`,
    ]);
    const broken = `${place} "ca", which holds a broken one`;
    expect(caProblems(CERTIFICATE.slice(0, -100))).toEqual([broken]);
    expect(caProblems(CERTIFICATE + CERTIFICATE.replace("M", "?"))).toEqual([broken]);
  });

  test("without https are of no use, which is a warning", () => {
    const files = { files: { ca: CERTIFICATE } };
    expect(load(writer('influxdb_tls_ca = "FOLDER/ca"'), files).warnings).toEqual([
      "spout.toml: influxdb_tls_ca: has no effect: influxdb_protocol is http",
    ]);
  });
});

test("retries are limited for all workers together, by the options of 2.x and one of ours", () => {
  const retryOf = (text: string) => {
    const output = outputOf(text);
    return output?.kind === "influxdb" ? output.retry : undefined;
  };
  expect(retryOf("")).toEqual({
    batchesMax: 8,
    sizeMaxBytes: 209_715_200,
    intervalMs: 10_000,
    timeoutMs: 60_000,
  });
  const text = `
    workers = 3
    writer_retry_batches = 5
    writer_retry_max_size = "1MB"
    writer_retry_interval = "250ms"
    writer_retry_timeout = "2h"
  `;
  expect(retryOf(text)).toEqual({
    batchesMax: 15,
    sizeMaxBytes: 1_048_576,
    intervalMs: 250,
    timeoutMs: 7_200_000,
  });
  expect(retryOf("writer_retry_batches = 0")).toMatchObject({ batchesMax: 0 });
  expect(problems("writer_retry_interval = 0")).toEqual([
    "spout.toml: writer_retry_interval: expected a duration above 0, got 0",
  ]);
});
