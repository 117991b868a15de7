/** Goal: a rule that cannot work is found, named by its place among the rules, before anything is started. */
import { describe, expect, test } from "bun:test";

import { load, problemsOf } from "./load-text.ts";

const refuses = (mode: string, rule: string, ...problems: string[]) =>
  expect({ rule, problems: problemsOf(`mode = "${mode}"\n[[rule]]\n${rule}`) }).toEqual({
    rule,
    problems: problems.map((problem) => `spout.toml: ${problem}`),
  });

const TYPES = '"basic", "regex", "negregex" or "tags"';

test("rules keep their order", () => {
  const text = `
    mode = "filter"
    [[rule]]
    type = "basic"
    match = "hello"
    subject = "hello-subject"
    [[rule]]
    type = "regex"
    match = 'foo\\d+'
    subject = "foo-subject"
    [[rule]]
    type = "tags"
    tags = [["host", "web 1"], ["dc", 'a\\b']]
    subject = "web"
  `;
  expect(load(text).config).toMatchObject({
    rules: [
      { type: "basic", match: "hello", subject: "hello-subject" },
      { type: "regex", match: "foo\\d+", subject: "foo-subject" },
      {
        type: "tags",
        tags: [
          ["host", "web 1"],
          ["dc", "a\\b"],
        ],
        subject: "web",
      },
    ],
  });
});

describe("in a filter and in a writer", () => {
  for (const mode of ["filter", "writer"]) {
    const subject = mode === "filter" ? 'subject = "s"' : "";

    test(`${mode}: a rule has a type of this version`, () => {
      refuses(mode, `match = "a"\n${subject}`, `rule[1].type: expected ${TYPES}, got nothing`);
      refuses(
        mode,
        `type = "glob"\nmatch = "a"\n${subject}`,
        `rule[1].type: expected ${TYPES}, got "glob"`,
      );
    });

    test(`${mode}: a rule has something to match`, () => {
      refuses(
        mode,
        `type = "basic"\n${subject}`,
        "rule[1].match: expected the name of a measurement, got nothing",
      );
      refuses(
        mode,
        `type = "negregex"\nmatch = ""\n${subject}`,
        "rule[1].match: expected a regular expression in RE2 syntax, got nothing",
      );
      refuses(
        mode,
        `type = "basic"\nmatch = "a"\ntags = []\n${subject}`,
        "rule[1].tags: expected no tags in a basic rule, got some",
      );
    });

    test(`${mode}: a tags rule has tags, and no match`, () => {
      const expected = 'expected the tags to match, such as [["host", "a"]], got none';
      refuses(mode, `type = "tags"\n${subject}`, `rule[1].tags: ${expected}`);
      refuses(mode, `type = "tags"\ntags = []\n${subject}`, `rule[1].tags: ${expected}`);
      refuses(
        mode,
        `type = "tags"\nmatch = "a"\ntags = [["a", "b"]]\n${subject}`,
        'rule[1].match: expected no match in a tags rule, got "a"',
      );
      refuses(
        mode,
        `type = "tags"\nmatch = "a"\n${subject}`,
        'rule[1].match: expected no match in a tags rule, got "a"',
        `rule[1].tags: ${expected}`,
      );
      refuses(mode, `type = "tags"\nmatch = ""\ntags = [["a", "("]]\n${subject}`);
    });

    test(`${mode}: a tags rule that can match nothing gets a warning`, () => {
      for (const tags of ['[["a", ""]]', '[["a", "b"], ["", "c"]]']) {
        const rule = `type = "tags"\ntags = ${tags}\n${subject}`;
        expect(load(`mode = "${mode}"\n[[rule]]\n${rule}`).warnings).toEqual([
          "spout.toml: rule[1].tags: no line has a tag without key or value: matches nothing",
        ]);
      }
    });

    test(`${mode}: an expression is RE2's`, () => {
      const wrong = (match: string) =>
        problemsOf(
          `mode = "${mode}"\n[[rule]]\ntype = "basic"\nmatch = "("\n${subject}\n` +
            `[[rule]]\ntype = "regex"\nmatch = '${match}'\n${subject}`,
        );
      for (const match of ["(", "[a", "*", "(?<!a)b", "(a)\\1"]) {
        const problems = wrong(match);
        expect(problems).toHaveLength(1);
        expect(problems[0]).toStartWith(
          `spout.toml: rule[2].match: expected a regular expression in RE2 syntax, got ${JSON.stringify(match)} (`,
        );
      }
      for (const match of ["(?i)a", "(?P<n>a)", "\\Aa\\z", "[[:alpha:]]", "\\pL"]) {
        expect({ match, problems: wrong(match) }).toEqual({ match, problems: [] });
      }
    });

    test(`${mode}: a rule has the keys of rules, of their types`, () => {
      refuses(mode, "type = 1", "rule[1].type: expected a string, got 1");
      refuses(
        mode,
        `type = "basic"\nmach = "a"\n${subject}`,
        "rule[1].mach: expected the name of a rule's key, got an unknown one; the nearest is match",
      );
      refuses(
        mode,
        `type = "basic"\nmatch = "a"\nMATCH = "b"\n${subject}`,
        "rule[1].MATCH: expected match once, got it twice, in upper and lower case",
      );
      for (const tags of ['"a"', '["a"]', '[["a"]]', '[["a", "b", "c"]]', '[["a", 1]]']) {
        refuses(
          mode,
          `type = "tags"\ntags = ${tags}\n${subject}`,
          `rule[1].tags: expected a list of pairs of strings, got ${tags === '"a"' ? tags : "a list"}`,
        );
      }
    });
  }
});

test("everything that is wrong with the rules is reported", () => {
  refuses(
    "filter",
    '[[rule]]\ntype = "regex"\nmatch = "a"',
    "rule[1].subject: expected a NATS subject without wildcards, got nothing",
    `rule[1].type: expected ${TYPES}, got nothing`,
    "rule[1].match: expected what to match, got nothing",
    "rule[2].subject: expected a NATS subject without wildcards, got nothing",
  );
});

test("a writer's rules have no subject: one that is there is ignored with a warning", () => {
  const { config, warnings } = load(
    'mode = "writer"\n[[rule]]\ntype = "basic"\nmatch = "cpu"\nsubject = "not a subject"',
  );
  expect(config).toMatchObject({ rules: [{ type: "basic", match: "cpu", subject: "" }] });
  expect(warnings).toEqual(["spout.toml: rule[1].subject: a writer's rules need none: ignored"]);
});

test("listeners do not mind what rules say, only that they are rules", () => {
  const rule = '[[rule]]\ntype = "tags"\ntags = [["a", "b"]]\nmatch = "("\nsubject = "in put"';
  for (const mode of ["listener", "listener_http"]) {
    expect(load(`mode = "${mode}"\n${rule}`).warnings).toEqual([]);
    refuses(mode, "match = 1", "rule[1].match: expected a string, got 1");
  }
});
