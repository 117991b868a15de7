/** Goal: whatever a subject is, its file lies in the folder that was meant, and is no other subject's. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";

import {
  archivePath,
  commonFolder,
  dateOf,
  holdsSubject,
  isArchiveName,
  overflowName,
  pathOf,
  pathOfSubject,
  subjectFileName,
  subjectPatternOf,
  subjectRoom,
  unfinishedPath,
} from "../../../src/config/file-path.ts";

describe("a path", () => {
  test("has its subject and its day put in, as often as they stand there", () => {
    const template = "/data/{date}/{subject}/{subject}-{date}.lp";
    expect(pathOfSubject(template, "cpu.$&")).toBe("/data/{date}/cpu.$&/cpu.$&-{date}.lp");
    const lastMs = Date.UTC(2026, 1, 28, 23, 59, 59, 999);
    const path = pathOf(template, "cpu.$&", dateOf(lastMs));
    expect(pathOf("{subject}-{date}", "x{date}{subject}", "D")).toBe("x{date}{subject}-D");
    expect(path).toBe("/data/2026-02-28/cpu.$&/cpu.$&-2026-02-28.lp");
    expect(dateOf(lastMs + 1)).toBe("2026-03-01");
    expect(holdsSubject("/data/{subject}.lp")).toBe(true);
    expect(holdsSubject("/data/subject.lp")).toBe(false);
  });

  test("lies in or below the folder in front of its first placeholder", () => {
    expect(commonFolder("/data/all.lp")).toBe("/data");
    expect(commonFolder("all.lp")).toBe(".");
    expect(commonFolder("/data/{subject}.lp")).toBe("/data");
    expect(commonFolder("/data/of-{date}/x-{subject}.lp")).toBe("/data");
    expect(commonFolder("/data/all/x-{subject}/{date}")).toBe("/data/all");
    expect(commonFolder("{subject}")).toBe(".");
    expect(commonFolder("/{date}")).toBe("/");
  });
});

describe("the file name of a subject", () => {
  test("is the subject, where it can be one", () => {
    for (const subject of ["influx-spout", "a.b.c", "über.maß", "a*b", "_x_", "a..b", "..."]) {
      const name = subjectFileName(subject);
      expect(name).toBe(subject.startsWith(".") ? `%2E${subject.slice(1)}` : subject);
    }
  });

  test("leads nowhere else", () => {
    for (const subject of [
      "../etc/passwd",
      "/etc/passwd",
      "..",
      ".",
      "a/../../b",
      "",
      "\0",
      "./x",
    ]) {
      const name = subjectFileName(subject);
      expect(name).not.toMatch(/^\.|[/\0]/);
      expect(join("/data", name)).toBe(`/data/${name}`);
    }
    expect(subjectFileName("../etc/passwd")).toBe("%2E.%2Fetc%2Fpasswd");
    expect(subjectFileName("a b\n")).toBe("a%20b%0A");
  });

  test("is not to be taken for anything else where names are listed or typed", () => {
    expect(subjectFileName("-rf")).toBe("%2Drf");
    expect(subjectFileName("a-b")).toBe("a-b");
    // A control character of eight bits, an override of the direction, a line separator, a space that is none
    expect(subjectFileName("a\u009b31m")).toBe("a%C2%9B31m");
    expect(subjectFileName("a\u202egpj")).toBe("a%E2%80%AEgpj");
    expect(subjectFileName("a\u2028\u00a0")).toBe("a%E2%80%A8%C2%A0");
  });

  test("is no other subject's", () => {
    const subjects = [
      "a/b",
      "a%2Fb",
      "a%b",
      "a_b",
      "",
      "%",
      "%25",
      ".a",
      "%2Ea",
      "-a",
      "%2Da",
      "a.",
      "a",
    ];
    expect(new Set(subjects.map((subject) => subjectFileName(subject))).size).toBe(subjects.length);
  });

  test("is no other subject's where the file system takes small and capital letters for one", () => {
    const name = (subject: string) => subjectFileName(subject, { foldsCase: true });
    expect(name("Hosts.A")).toBe("%48osts.%41");
    expect(name("hosts.a/b")).toBe("hosts.a%2Fb");
    // Two ways to write one letter, and a final dot, which some such systems leave out
    expect(name("\u00fc")).toBe("%C3%BC");
    expect(name("a.")).toBe("a%2E");
    const subjects = ["cpu", "CPU", "Cpu", "\u00fc", "u\u0308", "\u00dc", "a", "a.", "%2f", "/"];
    expect(new Set(subjects.map((subject) => name(subject).toLowerCase())).size).toBe(
      subjects.length,
    );
  });

  test("that was cut is none that another subject could have", () => {
    // Of these subjects the hash of one would begin like an escape if it stood behind a percent sign alone.
    for (let i = 0; i < 2000; i++) {
      const name = subjectFileName(`${"a".repeat(200)}${i}`);
      const rival = subjectPatternOf(name.replace("%-", "%"));
      if (rival !== undefined) expect(subjectFileName(rival)).not.toBe(name);
      expect(name).toMatch(/^a+%-[0-9a-f]{16}$/);
    }
  });

  test("leads back to the subject or, if it was cut, to what begins alike", () => {
    for (const subject of ["a.b", "../x", "ü/\u009b", "100%", ".a", "-", "%2E", "a b"]) {
      expect(subjectPatternOf(subjectFileName(subject))).toBe(subject);
    }
    expect(subjectPatternOf(subjectFileName(`a/b.c.${"x".repeat(200)}`))).toBe("a/b.c.>");
    expect(subjectPatternOf(subjectFileName("x".repeat(200)))).toBe(">");
    expect(subjectPatternOf("%")).toBeUndefined();
    expect(subjectPatternOf(overflowName("store"))).toBeUndefined();
  });

  test("is not what stands for the subjects that are too many, which is another one for each writer", () => {
    expect(overflowName("store")).toBe("%other-subjects-store");
    expect(overflowName("a/b")).toBe("%other-subjects-a%2Fb");
    const long = overflowName("x".repeat(300), { maxBytes: 64 });
    expect(long.length).toBeLessThanOrEqual(64);
    expect(long).not.toBe(overflowName("x".repeat(301), { maxBytes: 64 }));
    for (const subject of ["other-subjects-store", "%other-subjects-store"]) {
      expect(subjectFileName(subject)).not.toBe(overflowName("store"));
    }
  });

  test("is short enough for a file system, with a hash of what was cut off", () => {
    expect(subjectFileName("a".repeat(150))).toBe("a".repeat(150));
    for (const subject of [
      "a".repeat(151),
      "ü".repeat(100),
      "/".repeat(1024),
      "a" + "𝄞".repeat(99),
    ]) {
      const name = subjectFileName(subject);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(150);
      expect(name).toMatch(/%-[0-9a-f]{16}$/);
      expect(name).not.toContain("\ufffd");
      expect(name).not.toBe(subjectFileName(`${subject}x`));
    }
  });
});

describe("no file of a subject", () => {
  const pathsOf = (template: string, ...subjects: readonly string[]) =>
    subjects.map((subject) => pathOf(template, subjectFileName(subject), "2026-01-31"));
  const TIME = "20200101T000000.000Z";

  test("is called like a rotated file of another subject", () => {
    const cases = [
      ["{subject}", `s.z.${TIME}`, `s%2Ez%2E20200101T000000%2E000Z`],
      ["{subject}", `s.z.${TIME}.gz`, `s%2Ez%2E20200101T000000%2E000Z%2Egz`],
      ["{subject}", `s.z.${TIME}.gz.unfinished`, `s.z%2E20200101T000000%2E000Z%2Egz%2Eunfinished`],
      // Partly by what the template brings
      ["{subject}.gz", `s.gz.${TIME}`, "s%2Egz%2E20200101T000000%2E000Z.gz"],
      ["{subject}T000000.000Z", "s.20200101", "s%2E20200101T000000.000Z"],
      ["{subject}.000Z", "s.20200101T000000", "s%2E20200101T000000.000Z"],
      ["x.{subject}", TIME, "x.20200101T000000%2E000Z"],
      ["{date}/{subject}", `s.${TIME}`, "2026-01-31/s%2E20200101T000000%2E000Z"],
    ] as const;
    for (const [template, subject, expected] of cases) {
      expect(pathsOf(template, subject)).toEqual([expected]);
      for (const ending of ["", ".gz", ".gz.unfinished"]) {
        const base = expected.replace(ending, "");
        expect(isArchiveName(expected, base.slice(0, -TIME.length - 1))).toBe(false);
      }
    }
  });

  test("loses its own name by that", () => {
    const subjects = [
      `s.${TIME}`,
      `s%2E20200101T000000%2E000Z`,
      `s.${TIME}.x`,
      `s.20200101T000000.00Z`,
    ];
    const paths = pathsOf("{subject}", ...subjects);
    expect(new Set(paths).size).toBe(subjects.length);
    expect(paths.slice(2)).toEqual(subjects.slice(2));
    // Where the template ends in something else nothing has to change.
    expect(pathsOf("{subject}.lp", `s.lp.${TIME}`)).toEqual([`s.lp.${TIME}.lp`]);
  });

  test("is longer than a file system allows, however many dots are escaped", () => {
    for (const template of ["{subject}", `${"p".repeat(100)}{subject}.lp`, "{subject}-{subject}"]) {
      const maxBytes = subjectRoom(template);
      for (const subject of ["x".repeat(1024), `${"a.".repeat(70)}${TIME}`, "/".repeat(1024)]) {
        const path = pathOf(template, subjectFileName(subject, { maxBytes }), "2026-01-31");
        expect(Buffer.byteLength(unfinishedPath(archivePath(path, 0)))).toBeLessThanOrEqual(255);
      }
    }
  });
});

describe("the name of a rotated file", () => {
  test("says when, in UTC, and sorts by that", () => {
    const timeMs = Date.UTC(2026, 0, 31, 23, 59, 59, 7);
    expect(archivePath("/data/all.lp", timeMs + 0.5)).toBe("/data/all.lp.20260131T235959.007Z");
    const names = [1, 10, 1000, 1e5, 1e9].map((ms) => archivePath("x", timeMs + ms));
    expect([...names].sort()).toEqual(names);
  });

  test("is told from any other", () => {
    expect(isArchiveName("all.lp.20260131T235959.007Z", "all.lp")).toBe(true);
    expect(isArchiveName("all.lp.20260131T235959.007Z.gz", "all.lp")).toBe(true);
    for (const other of [
      "all.lp",
      "all.lp.gz",
      "all.lp.20260131T235959.007Z.gz.unfinished",
      "all.lp.20260131T235959Z",
      "all.lp.old.20260131T235959.007Z",
      "xall.lp.20260131T235959.007Z",
      "all.lp20260131T235959.007Z",
    ]) {
      expect([other, isArchiveName(other, "all.lp")]).toEqual([other, false]);
    }
  });
});
