/** Goal: subjects that NATS would refuse, or that would make data go round in circles are found. */
import { describe, expect, test } from "bun:test";

import { load, problemsOf } from "./load-text.ts";

const RULE = (subject: string) =>
  `\n[[rule]]\ntype = "basic"\nmatch = "cpu"\nsubject = "${subject}"`;

const accepts = (text: string) =>
  expect({ text, warnings: load(text).warnings }).toEqual({ text, warnings: [] });
const refuses = (text: string, problem: string) =>
  expect({ text, problems: problemsOf(text) }).toEqual({
    text,
    problems: [`spout.toml: ${problem}`],
  });
const warns = (text: string, warning: string) =>
  expect({ text, warnings: load(text).warnings }).toEqual({
    text,
    warnings: [`spout.toml: ${warning}`],
  });

describe("nats_subject", () => {
  test("has at least one entry", () => {
    for (const mode of ["listener", "listener_http", "writer"]) {
      refuses(
        `mode = "${mode}"\nnats_subject = []`,
        "nats_subject: expected at least one subject, got an empty list",
      );
    }
  });

  test("may have further entries in listeners and filters, which are ignored with a warning", () => {
    const ignored = 'nats_subject: only the first subject, "cpu", is used';
    warns('mode = "listener"\nnats_subject = ["cpu", "netif"]', ignored);
    warns('mode = "listener_http"\nnats_subject = ["cpu", "netif"]', ignored);
    warns(`mode = "filter"\nnats_subject = ["cpu", "netif"]${RULE("a")}`, ignored);
    expect(load('mode = "listener"\nnats_subject = ["cpu", "netif"]').config).toMatchObject({
      subject: "cpu",
    });
    accepts('mode = "writer"\nnats_subject = ["cpu", "netif"]');
  });

  test("holds no entry twice", () => {
    for (const mode of ["listener", "writer"]) {
      refuses(
        `mode = "${mode}"\nnats_subject = ["a", "b", "a"]`,
        'nats_subject: expected each subject once, got "a" again',
      );
    }
  });

  test("holds wildcards where it is read, not where it is published on", () => {
    accepts('mode = "writer"\nnats_subject = ["a.*", "b.>"]');
    accepts(`mode = "filter"\nnats_subject = ["in.>"]${RULE("out")}`);
    refuses(
      'mode = "listener"\nnats_subject = ["a.*"]',
      'nats_subject: expected NATS subjects without wildcards, got "a.*", which holds the wildcard "*"',
    );
  });

  test("holds what NATS takes as a subject", () => {
    refuses(
      'mode = "writer"\nnats_subject = ["a", ""]',
      "nats_subject: expected NATS subjects, got nothing",
    );
    refuses(
      'mode = "writer"\nnats_subject = ["a\\r\\nPUB b 0"]',
      'nats_subject: expected NATS subjects, got "a\\r\\nPUB b 0", which holds a space or a control character',
    );
    refuses(
      'mode = "listener"\nnats_subject = ["a..b"]',
      'nats_subject: expected NATS subjects without wildcards, got "a..b", which has an empty token (a dot too many)',
    );
  });

  test("may overlap in a writer, which takes each message once", () => {
    accepts('mode = "writer"\nnats_subject = ["a.b", "c", "a.*", "*.b"]');
  });
});

describe("what a component publishes on", () => {
  const noWildcards = "expected a NATS subject without wildcards";

  test("is one valid subject", () => {
    refuses(
      'mode = "listener"\nnats_subject_monitor = ""',
      `nats_subject_monitor: ${noWildcards}, got nothing`,
    );
    refuses(
      'mode = "writer"\nnats_subject_monitor = "a.>"',
      `nats_subject_monitor: ${noWildcards}, got "a.>", which holds the wildcard ">"`,
    );
    refuses(
      `mode = "filter"\nnats_subject_junkyard = "a b"${RULE("a")}`,
      `nats_subject_junkyard: ${noWildcards}, got "a b", which holds a space or a control character`,
    );
    refuses(
      `mode = "filter"${RULE("a.*")}`,
      `rule[1].subject: ${noWildcards}, got "a.*", which holds the wildcard "*"`,
    );
  });

  test("is nothing that the filter reads itself", () => {
    const ownInput = (input: string) =>
      `expected a subject that the filter does not read (its nats_subject is "${input}")`;
    refuses(
      `mode = "filter"\nnats_subject = ["in"]${RULE("in")}`,
      `rule[1].subject: ${ownInput("in")}, got "in"`,
    );
    refuses(
      `mode = "filter"\nnats_subject = ["in.*"]${RULE("out")}${RULE("in.a")}`,
      `rule[2].subject: ${ownInput("in.*")}, got "in.a"`,
    );
    refuses(
      `mode = "filter"\nnats_subject = ["in.>"]\nnats_subject_junkyard = "in.a.b"${RULE("a")}`,
      `nats_subject_junkyard: ${ownInput("in.>")}, got "in.a.b"`,
    );
    refuses(
      `mode = "filter"\nnats_subject = ["influx-spout-junk"]${RULE("a")}`,
      `nats_subject_junkyard: ${ownInput("influx-spout-junk")}, got "influx-spout-junk"`,
    );
    accepts(`mode = "filter"\nnats_subject = ["in.*"]${RULE("in.a.b")}${RULE("in")}`);
  });

  test("may be the same for two rules and the junkyard", () => {
    accepts(`mode = "filter"\nnats_subject_junkyard = "a"${RULE("a")}${RULE("a")}`);
  });
});

test("queue_group is a name that NATS takes", () => {
  refuses(
    'mode = "writer"\nqueue_group = "a b"',
    'queue_group: expected the name of a NATS queue group, got "a b", which holds a space or a control character',
  );
});
