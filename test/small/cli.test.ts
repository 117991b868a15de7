/** The command line: one configuration file, as in the original, and the options around it. */
import { expect, test } from "bun:test";

import { type Command, parseCommand, USAGE } from "../../src/cli.ts";
import { describeMode, initialConfig } from "../../src/config/describe-mode.ts";

test("one argument is the configuration to run", () => {
  expect(parseCommand(["/etc/spout/writer.toml"])).toEqual({
    kind: "run",
    configPath: "/etc/spout/writer.toml",
  });
  expect(parseCommand(["./--check"])).toEqual({ kind: "run", configPath: "./--check" });
});

test("--check takes the configuration to check", () => {
  expect(parseCommand(["--check", "a.toml"])).toEqual({ kind: "check", configPath: "a.toml" });
});

test("--as says in whose spelling it is printed, wherever it stands", () => {
  const as1x = { kind: "check", configPath: "a.toml", as: "1.x" } satisfies Command;
  expect(parseCommand(["--check", "--as", "1.x", "a.toml"])).toEqual(as1x);
  expect(parseCommand(["--check", "a.toml", "--as", "1.x"])).toEqual(as1x);
  expect(parseCommand(["--as", "1.x", "--check", "a.toml"])).toEqual(as1x);
  expect(parseCommand(["--check", "a.toml", "--as", "2.x"])).toEqual({ ...as1x, as: "2.x" });
});

test("--as takes a version of the original, once, and goes with --check alone", () => {
  const rejects = (args: string[], reason: string) =>
    expect(parseCommand(args)).toEqual({ kind: "wrong", reason } satisfies Command);
  const version = (got: string) => `--as needs a version, 1.x or 2.x, got ${got}`;
  rejects(["--check", "a.toml", "--as"], version("none"));
  rejects(["--as"], version("none"));
  rejects(["--check", "--as", "a.toml"], version('"a.toml"'));
  for (const other of ["1", "2", "3.0", "1.X"]) {
    rejects(["--check", "--as", other, "a.toml"], version(`"${other}"`));
  }
  rejects(["--as", "1.x", "a.toml"], "--as 1.x is for --check");
  rejects(["a.toml", "--as", "2.x"], "--as 2.x is for --check");
  rejects(["--help", "--as", "2.x"], "--as 2.x is for --check");
  rejects(["--check", "--as", "2.x"], "--check needs a configuration file");
  rejects(["--check", "a.toml", "--as", "1.x", "--as", "2.x"], "expected one --as, got two");
  const two = ["--check", "a.toml", "b.toml", "--as", "2.x"];
  rejects(two, "expected one configuration file, got 2");
  for (const known of ["1.x", "2.x"]) expect(USAGE).toContain(known);
});

test("--help tells of a mode, and --init prints a configuration of one", () => {
  expect(parseCommand(["--help", "writer"])).toEqual({
    kind: "help",
    usage: describeMode("writer"),
  });
  expect(parseCommand(["-h", "filter"])).toEqual({ kind: "help", usage: describeMode("filter") });
  expect(parseCommand(["--init", "writer"])).toEqual({
    kind: "init",
    config: initialConfig("writer"),
  });
  const modes = "listener, listener_http, filter, downsampler, writer, monitor, standalone";
  for (const [args, got] of [
    [["--init"], "none"],
    [["--init", "Writer"], '"Writer"'],
    [["--help", "tap.toml"], '"tap.toml"'],
    [["--init", "writer", "filter"], '"writer" "filter"'],
  ] as const) {
    const reason = `${args[0]} takes one mode (${modes}), got ${got}`;
    expect(parseCommand(args)).toEqual({ kind: "wrong", reason });
  }
});

test("--version and --help stand alone", () => {
  expect(parseCommand(["--version"])).toEqual({ kind: "version" });
  expect(parseCommand(["--version", "a"])).toMatchObject({ kind: "wrong" });
  expect(parseCommand(["--help"])).toEqual({ kind: "help" });
  expect(parseCommand(["-h"])).toEqual({ kind: "help" });
});

test("tap is a command of its own; a file that is called so is given as a path", () => {
  expect(parseCommand(["tap", "hosts"])).toMatchObject({
    kind: "tap",
    request: { subjects: ["hosts"] },
  });
  expect(parseCommand(["./tap"])).toEqual({ kind: "run", configPath: "./tap" });
  expect(parseCommand(["--check", "tap"])).toEqual({ kind: "check", configPath: "tap" });
});

test("anything else is wrong usage, and says why", () => {
  const rejects = (args: string[], reason: string) =>
    expect(parseCommand(args)).toEqual({ kind: "wrong", reason } satisfies Command);
  rejects([], "the configuration file is missing");
  rejects(["a.toml", "b.toml"], "expected one configuration file, got 2");
  rejects(["--chek", "a.toml"], "unknown option --chek");
  rejects(["--check"], "--check needs a configuration file");
  rejects(["--check", "--version"], "unknown option --version");
  rejects(["--check", "a.toml", "b.toml"], "expected one configuration file, got 2");
  rejects(["--version", "a.toml"], "--version takes no argument");
});
