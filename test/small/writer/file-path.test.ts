/** Goal: whatever a subject is, its file lies in the folder that was meant, and is no other subject's. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";

import {
  archivePath,
  commonFolder,
  holdsSubject,
  isArchiveName,
  pathOfDay,
  pathOfSubject,
  subjectFileName,
} from "../../../src/writer/file-path.ts";

describe("a path", () => {
  test("has its subject and its day put in, as often as they stand there", () => {
    const path = pathOfSubject("/data/{date}/{subject}/{subject}-{date}.lp", "cpu.$&");
    expect(path).toBe("/data/{date}/cpu.$&/cpu.$&-{date}.lp");
    const lastMs = Date.UTC(2026, 1, 28, 23, 59, 59, 999);
    expect(pathOfDay(path, lastMs)).toBe("/data/2026-02-28/cpu.$&/cpu.$&-2026-02-28.lp");
    expect(pathOfDay("{date}", lastMs + 1)).toBe("2026-03-01");
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

  test("is no other subject's", () => {
    const subjects = ["a/b", "a%2Fb", "a%b", "a_b", "", "%", "%25", ".a", "%2Ea"];
    expect(new Set(subjects.map(subjectFileName)).size).toBe(subjects.length);
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
      expect(name).toMatch(/%[0-9a-f]{16}$/);
      expect(name).not.toContain("\ufffd");
      expect(name).not.toBe(subjectFileName(`${subject}x`));
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
