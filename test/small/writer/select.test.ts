/** Which lines of a payload a writer takes, and that each line it leaves out is counted. */
import { describe, expect, test } from "bun:test";

import type { LineOffsets } from "../../../src/line/scan.ts";
import { Counters } from "../../../src/metrics/counters.ts";
import { compileRules } from "../../../src/rules/compile.ts";
import { NO_RULE, type RuleDeclaration, tooCostlyAt } from "../../../src/rules/rule.ts";
import { WRITER_COUNTERS } from "../../../src/writer/counters.ts";
import { createSelect } from "../../../src/writer/select.ts";
import { RecordingDrops } from "../../support/recording-drops.ts";

function select(rules: readonly RuleDeclaration[], text: string) {
  const counters = new Counters(WRITER_COUNTERS);
  const pieces: string[] = [];
  let lines = 0;
  const drops = new RecordingDrops();
  createSelect(
    compileRules(rules),
    counters,
    drops,
  )(new TextEncoder().encode(text), (payload, start, end, lineCount) => {
    pieces.push(new TextDecoder().decode(payload.subarray(start, end)));
    lines += lineCount;
  });
  const { received_lines, unmatched_lines, invalid_lines, comment_lines } = counters.snapshot();
  const dropped = drops.told.length === 0 ? {} : { dropped: drops.told };
  return {
    pieces,
    lines,
    received_lines,
    unmatched_lines,
    invalid_lines,
    comment_lines,
    ...dropped,
  };
}

const NOTHING_LEFT_OUT = { unmatched_lines: 0, invalid_lines: 0, comment_lines: 0 };

describe("without rules", () => {
  test("takes the payload as it is, whatever is in it", () => {
    const text = "cpu v=1\r\n\n# comment\nno line protocol\nmem v=2";
    expect(select([], text)).toEqual({
      pieces: [text],
      lines: 4,
      received_lines: 4,
      ...NOTHING_LEFT_OUT,
    });
  });

  test("takes nothing of a payload without a line", () => {
    const nothing = { pieces: [], lines: 0, received_lines: 0, ...NOTHING_LEFT_OUT };
    expect(select([], "")).toEqual(nothing);
    expect(select([], "\n\r\n\n")).toEqual(nothing);
  });
});

describe("with rules", () => {
  const basic = (match: string) => ({ type: "basic", match, subject: "" }) as const;

  test("takes the lines that a rule matches, without their line endings, and counts the others", () => {
    const text = "foo,host=a v=1\nfool v=2\nfoo v=3 7\r\n\r\nbar v=4\nfoo v=5";
    expect(select([basic("foo")], text)).toEqual({
      pieces: ["foo,host=a v=1", "foo v=3 7", "foo v=5"],
      lines: 3,
      received_lines: 5,
      ...NOTHING_LEFT_OUT,
      unmatched_lines: 2,
    });
  });

  test("takes neighbours that match as one piece, except behind a carriage return or a blank line", () => {
    const text = "foo v=1\nfoo v=2\nbar v=1\nfoo v=3\r\nfoo v=4\n\nfoo v=5\nfoo v=6";
    expect(select([basic("foo")], text)).toEqual({
      pieces: ["foo v=1\nfoo v=2", "foo v=3", "foo v=4", "foo v=5\nfoo v=6"],
      lines: 6,
      received_lines: 7,
      ...NOTHING_LEFT_OUT,
      unmatched_lines: 1,
    });
  });

  test("counts malformed lines and comments apart, tells of the former, and takes none of them", () => {
    const text = 'foo\nfoo,a v=1\nfoo v="open\nfoo v=1 soon\n# foo v=1\nfoo v=1\n';
    expect(select([basic("foo")], text)).toEqual({
      pieces: ["foo v=1"],
      lines: 1,
      received_lines: 6,
      ...NOTHING_LEFT_OUT,
      invalid_lines: 4,
      comment_lines: 1,
      dropped: [
        '1 in front of the rules: missing tag value: "foo,a v=1"',
        '1 in front of the rules: missing fields: "foo"',
        '1 in front of the rules: string without closing quote: "foo v=\\"open"',
        '1 in front of the rules: timestamp that is no 64-bit integer: "foo v=1 soon"',
      ],
    });
  });

  test("matches a regular expression to the end of an unfinished line", () => {
    const rule = { type: "regex", match: "bar$", subject: "" } as const;
    expect(select([rule], 'foo v="x",bar=bar').pieces).toEqual(['foo v="x",bar=bar']);
    expect(select([rule], "bar v=1\nfoo t=bar\r\n").pieces).toEqual(["foo t=bar"]);
  });

  test("takes what has all the tags of a rule, in whatever order they stand, and leaves them so", () => {
    const rule = {
      type: "tags",
      tags: [
        ["a", "1"],
        ["b", "x y"],
      ],
      subject: "",
    } as const;
    const text = "foo,a=1 v=1\nfoo,b=x\\ y,a=1 v=2\nbar,a=1,c=3,b=x\\ y v=3\nfoo a=1,b=2\n";
    expect(select([rule], text)).toEqual({
      pieces: ["foo,b=x\\ y,a=1 v=2\nbar,a=1,c=3,b=x\\ y v=3"],
      lines: 2,
      received_lines: 4,
      ...NOTHING_LEFT_OUT,
      unmatched_lines: 2,
    });
  });

  test("takes with a negative expression what does not match", () => {
    const rule = { type: "negregex", match: "^foo", subject: "" } as const;
    expect(select([rule], "foo v=1\nbar v=2\nfoo v=3\n").pieces).toEqual(["bar v=2"]);
  });
});

test("a line that the expressions take too long for is counted by itself, and told with the rule", () => {
  const counters = new Counters(WRITER_COUNTERS);
  const costly: string[] = [];
  const pieces: string[] = [];
  const rules = {
    length: 3,
    match: (payload: Uint8Array, { lineStart }: LineOffsets) =>
      payload[lineStart] === 0x63 ? tooCostlyAt(2) : payload[lineStart] === 0x61 ? 0 : NO_RULE,
  };
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const selectLines = createSelect(rules, counters, new RecordingDrops(), (line, rule) => {
    costly.push(`${text(line)} at ${rule}`);
  });
  selectLines(
    new TextEncoder().encode("a v=1\na v=2\nc v=3\na v=4\nb v=5\n"),
    (payload, start, end) => void pieces.push(text(payload.subarray(start, end))),
  );
  expect(pieces).toEqual(["a v=1\na v=2", "a v=4"]);
  expect(costly).toEqual(["c v=3 at 2"]);
  expect(counters.snapshot()).toMatchObject({
    received_lines: 5,
    unmatched_lines: 1,
    dropped_costly_lines: 1,
  });
});
