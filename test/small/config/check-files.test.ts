/** Goal: two writers of one process that would append to one file are refused, and no others. */
import { describe, expect, test } from "bun:test";
import { mkdir, symlink } from "node:fs/promises";

import { tempFolder } from "../../support/temp-folder.ts";
import { problemsOf } from "./load-text.ts";

interface Writer {
  readonly path: string;
  readonly subjects?: readonly string[];
}

function problemsFor(...writers: readonly Writer[]): readonly string[] {
  const components = writers.map(({ path, subjects = ["a"] }) =>
    [
      "[[component]]",
      'mode = "writer"',
      'output = "file"',
      `file_path = ${JSON.stringify(path)}`,
      `nats_subject = ${JSON.stringify(subjects)}`,
    ].join("\n"),
  );
  return problemsOf(['mode = "standalone"', 'nats_address = "nats://a"', ...components].join("\n"));
}

const refuses = (path: string, ...writers: readonly Writer[]) =>
  expect(problemsFor(...writers)).toEqual([
    `spout.toml: component "writer-2": file_path: expected a file of its own, got ${JSON.stringify(path)}, which component "writer-1" has too`,
  ]);
const accepts = (...writers: readonly Writer[]) => expect(problemsFor(...writers)).toEqual([]);

const TEMPLATE = "/data/{subject}.lp";

describe("one path with a subject in it", () => {
  test("is for writers whose subjects have nothing in common", () => {
    const of = (...subjects: readonly string[]) => ({ path: TEMPLATE, subjects });
    accepts(of("a"), of("b"), of("c.*", "d"), of("e.>"));
    refuses("/data/a.b.lp", of("a.b"), of("a.*"));
    refuses("/data/a.b.lp", of(">"), of("a.b"));
    refuses("/data/*.b.lp", of("a.*"), of("*.b"));
    refuses("/data/a.>.lp", of("x", "a.*"), of("y", "a.>"));
    refuses("/data/a%2Fb.lp", of("a/b"), of("a/b"));
  });

  test("may be written in several ways", () => {
    const of = (path: string, ...subjects: readonly string[]) => ({ path, subjects });
    refuses("/data/x/../a.*.lp", of(TEMPLATE, "a.*"), of("/data/x/../{subject}.lp", "a.*"));
    refuses("/data//a.lp", of(TEMPLATE, "a"), of("/data//{subject}.lp", "a"));
    refuses("./{date}/a.lp", of("{date}/{subject}.lp", "a"), of("./{date}/{subject}.lp", "a"));
  });
});

describe("one file", () => {
  test("is one in every spelling", () => {
    refuses("a/../a/x", { path: "a/x" }, { path: "a/../a/x" });
    refuses("x", { path: `${process.cwd()}/x` }, { path: "x" });
    accepts({ path: "a/x" }, { path: "a/b/x" }, { path: "A/x" });
  });

  test("is one by every link to a folder", async () => {
    await using folder = await tempFolder();
    await mkdir(folder.file("real"));
    await symlink("real", folder.file("link"));
    const paths = ["real", "link"].map((name) => folder.file(name, "not-yet", "x"));
    refuses(paths[1] ?? "", { path: paths[0] ?? "" }, { path: paths[1] ?? "" });
    const [one = "", other = ""] = ["real", "link"].map((name) => folder.file(name, "{subject}"));
    refuses(
      folder.file("link", "*"),
      { path: one, subjects: ["*"] },
      { path: other, subjects: ["*"] },
    );
  });

  test("may be one of another writer's subjects or days", () => {
    refuses("/data/a.b.lp", { path: TEMPLATE, subjects: ["a.*"] }, { path: "/data/a.b.lp" });
    refuses("/data/a.b.lp", { path: "/data/a.b.lp" }, { path: TEMPLATE, subjects: ["a.*"] });
    accepts({ path: TEMPLATE, subjects: ["a.*"] }, { path: "/data/b.lp" });
    refuses("2026-01-31.lp", { path: "{date}.lp" }, { path: "2026-01-31.lp" });
    refuses("{date}.lp", { path: "{date}.lp" }, { path: "./{date}.lp".slice(2) });
    accepts({ path: "{date}.lp" }, { path: "today.lp" });
  });
});
