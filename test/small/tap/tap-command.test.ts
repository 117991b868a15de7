/** The command line of tap: what is understood, and what is refused with which words. */
import { describe, expect, test } from "bun:test";

import { parseTap, type TapRequest } from "../../../src/tap/tap-command.ts";
import { natsOptions } from "../../support/nats-options.ts";

const understands = (args: string[], expected: Partial<TapRequest>) =>
  expect(parseTap(args)).toEqual({
    kind: "tap",
    request: { subjects: ["hosts"], nats: undefined, match: "", sampleEvery: 1, ...expected },
  });

const refuses = (args: string[], reason: string) =>
  expect({ args, command: parseTap(args) }).toEqual({
    args,
    command: {
      kind: "wrong",
      reason: `tap: ${reason}`,
      usage: expect.stringContaining("Usage: influx-spout tap "),
    },
  });

describe("understood are", () => {
  test("subjects and patterns", () => {
    understands(["hosts"], {});
    understands(["hosts.*", "influx-spout", "junk.>"], {
      subjects: ["hosts.*", "influx-spout", "junk.>"],
    });
  });

  test("options in front of, between and behind subjects, with a space or an equals sign", () => {
    const expected = { subjects: ["a", "b"], match: "^cpu", sampleEvery: 10 };
    understands(["--match", "^cpu", "--sample", "10", "a", "b"], expected);
    understands(["a", "--match=^cpu", "b", "--sample=10"], expected);
    understands(["a", "b", "--sample=10", "--match", "^cpu"], expected);
    understands(["--match=a=b", "hosts"], { match: "a=b" });
    understands(["--match=-1", "hosts"], { match: "-1" });
  });

  test("subjects behind -- whatever they look like", () => {
    understands(["--sample=2", "--", "--match", "-x"], {
      subjects: ["--match", "-x"],
      sampleEvery: 2,
    });
  });

  test("servers as nats_address has them", () => {
    understands(["hosts", "--server", "nats://me:h%40sh@a,b:1"], {
      nats: natsOptions({ servers: ["a:4222", "b:1"], user: "me", password: "h@sh" }),
    });
    understands(["hosts", "--server=tls://t0ken@[::1]:4443"], {
      nats: natsOptions({ servers: ["[::1]:4443"], tls: true, token: "t0ken" }),
    });
  });

  test("expressions in the syntax of RE2, which is not that of JavaScript", () => {
    understands(["hosts", "--match", "(?i)^CPU[[:punct:]]"], { match: "(?i)^CPU[[:punct:]]" });
  });

  test("a wish for help, wherever it stands", () => {
    for (const args of [["--help"], ["-h"], ["a", "b", "--help"]]) {
      expect(parseTap(args)).toEqual({
        kind: "help",
        usage: expect.stringContaining("influx-spout ./tap\n"),
      });
    }
  });
});

describe("refused are", () => {
  test("no subject, invalid ones and too many", () => {
    refuses([], "the subject is missing");
    refuses(["--sample", "2"], "the subject is missing");
    refuses(["hosts", ""], 'the subject "" is empty');
    refuses(["a b"], 'the subject "a b" holds a space or a control character');
    refuses(["a.>.b"], 'the subject "a.>.b" holds ">" before its last token');
    const many = Array.from({ length: 65 }, (_, index) => `s${index}`);
    refuses(many, "at most 64 subjects, got 65: use patterns");
  });

  test("subjects that overlap", () => {
    refuses(["a", "b", "a"], 'the subject "a" is given twice');
    refuses(
      ["hosts.a", "hosts.>"],
      'the subjects "hosts.a" and "hosts.>" overlap: some lines would be shown twice',
    );
    refuses(
      ["x", "*.b", "a.*"],
      'the subjects "*.b" and "a.*" overlap: some lines would be shown twice',
    );
  });

  test("options that are unknown, given twice or without their value", () => {
    refuses(["--mach=x", "a"], "unknown option --mach=x");
    refuses(["a", "-m"], "unknown option -m");
    refuses(["--match", "a", "--match=b", "c"], "--match is given twice");
    refuses(["a", "--server"], "--server needs a value");
    refuses(["--help=yes"], "unknown option --help=yes");
  });

  test("values that cannot be used, without a password", () => {
    refuses(
      ["a", "--server=http://me:hush@b"],
      '--server cannot be used: server 1 has the scheme "http", not nats or tls',
    );
    refuses(["a", "--server="], "--server cannot be used: server 1 is empty");
    refuses(["a", "--match="], "--match needs an expression, got nothing");
    for (const value of ["0", "-1", "1.5", "1e3", "ten", "", "9007199254740993"]) {
      refuses(
        ["a", `--sample=${value}`],
        `--sample needs an integer above 0, got ${JSON.stringify(value)}`,
      );
    }
  });

  test("expressions that RE2 does not know, with the reason", () => {
    const command = parseTap(["a", "--match", "a(b"]);
    expect(command).toMatchObject({
      kind: "wrong",
      reason: expect.stringMatching(
        /^tap: --match needs an expression in RE2 syntax, got "a\(b" \(.*missing closing \).*\)$/,
      ),
    });
    // Backtracking would be needed for this one.
    expect(parseTap(["a", "--match", "(a)\\1"]).kind).toBe("wrong");
  });
});
