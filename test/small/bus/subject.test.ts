/** Subjects by the rules of NATS (docs.nats.io, "Subject-Based Messaging"). */
import { expect, test } from "bun:test";

import {
  patternsOverlap,
  queueGroupProblem,
  subjectMatches,
  subjectProblem,
} from "../../../src/bus/subject.ts";

test("accepts subjects without wildcards", () => {
  for (const subject of [
    "influx-spout",
    "a",
    "a.b.c",
    "A_1.$x.é",
    "a*",
    "*a.b>",
    "x".repeat(1024),
  ]) {
    expect(subjectProblem(subject, { wildcards: false })).toBeUndefined();
  }
});

test("accepts wildcards only where they are allowed and mean something", () => {
  for (const subject of [">", "*", "a.*", "a.*.c", "a.>", "*.*.>"]) {
    expect(subjectProblem(subject, { wildcards: true })).toBeUndefined();
  }
  expect(subjectProblem("a.*.b", { wildcards: false })).toBe('holds the wildcard "*"');
  expect(subjectProblem("a.>", { wildcards: false })).toBe('holds the wildcard ">"');
  expect(subjectProblem("a.>.b", { wildcards: true })).toBe('holds ">" before its last token');
});

test("names what is wrong with a subject", () => {
  const rejects = (subject: string, problem: string) => {
    expect(subjectProblem(subject, { wildcards: true })).toBe(problem);
  };
  rejects("", "is empty");
  rejects("x".repeat(1025), "exceeds 1024 bytes");
  rejects("é".repeat(513), "exceeds 1024 bytes");

  // An empty token.
  for (const subject of [".", ".a", "a.", "a..b"])
    rejects(subject, "has an empty token (a dot too many)");

  // What would end the command on the wire, or split it.
  for (const character of [" ", "\t", "\r", "\n", "\0", "\x7f", "\u00a0"]) {
    rejects(`a${character}b`, "holds a space or a control character");
  }
});

test("checks the names of queue groups, which have no tokens", () => {
  expect(queueGroupProblem("filter")).toBeUndefined();
  expect(queueGroupProblem("a..b")).toBeUndefined();
  expect(queueGroupProblem("")).toBe("is empty");
  expect(queueGroupProblem("a b")).toBe("holds a space or a control character");
});

test("matches subjects against patterns token by token", () => {
  const matches = (pattern: string, subject: string) =>
    expect(subjectMatches(pattern, subject)).toBe(true);
  const differs = (pattern: string, subject: string) =>
    expect(subjectMatches(pattern, subject)).toBe(false);
  matches("a", "a");
  matches("a.b", "a.b");
  differs("a", "b");
  differs("a", "a.b");
  differs("a.b", "a");
  differs("a", "A");

  // * is exactly one token.
  matches("*", "a");
  matches("a.*.c", "a.b.c");
  differs("*", "a.b");
  differs("a.*", "a");
  differs("a*", "ab");

  // > is one token or more.
  matches(">", "a");
  matches(">", "a.b.c");
  matches("a.>", "a.b.c");
  matches("*.b.>", "a.b.c");
  differs("a.>", "a");
  differs("a.>", "b.c");
});

test("two patterns overlap where a subject exists that both match", () => {
  const overlap = (one: string, other: string, expected: boolean) => {
    expect({ one, other, overlap: patternsOverlap(one, other) }).toEqual({
      one,
      other,
      overlap: expected,
    });
    expect(patternsOverlap(other, one)).toBe(expected);
  };
  overlap("a.b", "a.b", true);
  overlap("a.*", "a.b", true);
  overlap("a.>", "a.b.c", true);
  overlap(">", "a", true);
  // Only a.b is on both.
  overlap("a.*", "*.b", true);
  overlap("*.b.>", "a.>", true);

  overlap("a.b", "a.c", false);
  overlap("a.b", "a", false);
  overlap("a.*", "b.*", false);
  overlap("a.*", "a.b.c", false);
  // What ">" stands for is one token at least.
  overlap("a.>", "a", false);
  overlap("a.b.>", "*.c.>", false);
  // Within a token these are ordinary characters.
  overlap("a*", "ab", false);
});
