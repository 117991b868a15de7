/** What components of 2.x publish, read. Expected values: the grammar of the 2.x monitor, line by line and word for word. */
import { describe, expect, test } from "bun:test";

import { readPrometheusLine } from "../../../src/monitor/prometheus-line.ts";

const sample = (name: string, labels: Record<string, string>, value: number) => ({
  name,
  labels,
  value,
});

describe("a line that 2.x takes", () => {
  const labelled = { method: "post", code: "200" };
  for (const [line, expected] of [
    ["foo 42", sample("foo", {}, 42)],
    ["foo{} 2", sample("foo", {}, 2)],
    ['foo{method="post",code="200"} 2', sample("foo", labelled, 2)],
    ["foo 42 1234567", sample("foo", {}, 42)],
    ["foo -5", sample("foo", {}, -5)],
    ["foo 5 0", sample("foo", {}, 5)],
    ["foo 5 -6", sample("foo", {}, 5)],
    [
      'received{component="listener",host="vm",name="c"} 34 1795337038187',
      sample("received", { component: "listener", host: "vm", name: "c" }, 34),
    ],
    ['triggered{rule="a,b}c d=e"} 1', sample("triggered", { rule: "a,b}c d=e" }, 1)],
    ['foo{a=""} 1', sample("foo", { a: "" }, 1)],
    ["n 9007199254740991", sample("n", {}, 2 ** 53 - 1)],
  ] as const) {
    test(line, () => {
      expect<unknown>(readPrometheusLine(line)).toEqual(expected);
    });
  }
});

describe("a line that 2.x refuses is refused in its words", () => {
  for (const [problem, lines] of [
    ["invalid metric", ["", "a1", "# HELP foo bar"]],
    ["no value", ["what"]],
    ["invalid value", ["what ", "foo 12.32", "foo bar", "foo  5", "foo 0x5", "foo 1e3"]],
    ["invalid timestamp", ["foo 42 abc", "foo 42 ", "foo 5 6 7"]],
    ["invalid label", ["foo{method} 2", "foo{method=post} 2", 'foo{a="b",} 5']],
    ["missing label closing quote", ['foo{method="post} 2', 'foo{a="b\\']],
    [
      "invalid label separator",
      ['foo{method="post"/code="200"} 2', 'foo{method="post" 2', 'foo{a="b"'],
    ],
  ] as const) {
    for (const line of lines) {
      test(`${problem}: ${JSON.stringify(line)}`, () => {
        expect(readPrometheusLine(line)).toEqual({ problem });
      });
    }
  }
});

describe("a line that crashed the 2.x monitor", () => {
  for (const [line, problem] of [
    ["foo{", "invalid label"],
    ["foo{}", "no value"],
    ['foo{a="b"', "invalid label separator"],
    ['foo{a="b"}', "no value"],
  ] as const) {
    test(line, () => {
      expect(readPrometheusLine(line)).toEqual({ problem });
    });
  }
});

describe("what Prometheus itself would refuse on the page is refused here", () => {
  for (const [line, problem] of [
    ["1foo 5", "invalid metric"],
    ["fo-o 5", "invalid metric"],
    ['foo{1a="b"} 5', "invalid label"],
    ['foo{__name__="b"} 5', "invalid label"],
    ['foo{a="b",a="c"} 5', "invalid label"],
    ['foo{a="b"}5', "invalid value"],
  ] as const) {
    test(line, () => {
      expect(readPrometheusLine(line)).toEqual({ problem });
    });
  }
});

test("escapes in a value are Prometheus's; 2.x had none, and other backslashes stand for themselves", () => {
  expect(readPrometheusLine(String.raw`foo{a="say \"hi\"",b="C:\\temp\new"} 5`)).toEqual(
    sample("foo", { a: 'say "hi"', b: "C:\\temp\new" }, 5),
  );
  expect(readPrometheusLine(String.raw`foo{a="\d+"} 5`)).toEqual(sample("foo", { a: "\\d+" }, 5));
});
