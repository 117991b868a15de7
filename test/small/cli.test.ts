/** The command line: one configuration file, as in the original, and the options around it. */
import { expect, test } from "bun:test";

import { type Command, parseCommand } from "../../src/cli.ts";

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

test("--version and --help stand alone", () => {
  expect(parseCommand(["--version"])).toEqual({ kind: "version" });
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
