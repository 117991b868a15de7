/**
 * What is shipped, made as a release makes it: from a copy of the sources that is committed and tagged, by
 * `bun run release --dry-run`. The tools of the system say what came out.
 */
import { expect, test } from "bun:test";
import { appendFile } from "node:fs/promises";

import { checkout, COMMIT_SECONDS, VERSION } from "../support/checkout.ts";
import { run } from "../support/command.ts";
import { archiveFile, IMAGE_FILE, release, RELEASE_MAX_MS } from "../support/release.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** What `file` says of each binary. */
const MACHINES = {
  "linux-x64": /^ELF 64-bit LSB executable, x86-64,.* interpreter \/lib64\/ld-linux-x86-64\.so\.2/,
  "linux-arm64": /^ELF 64-bit LSB executable, ARM aarch64,.* interpreter \/lib\/ld-linux-aarch64/,
  "linux-x64-musl": /^ELF 64-bit LSB executable, x86-64,.* interpreter \/lib\/ld-musl-x86_64/,
  "linux-arm64-musl": /^ELF 64-bit LSB executable, ARM aarch64,.* interpreter \/lib\/ld-musl-aarch/,
  "darwin-x64": /^Mach-O 64-bit x86_64 executable/,
  "darwin-arm64": /^Mach-O 64-bit arm64 executable/,
};
const TARGETS = Object.keys(MACHINES);

test(
  "a release is an archive for each system, the image, and their checksums, which are right",
  async () => {
    const { folder, file } = await release();
    const names = [...TARGETS.map(archiveFile), IMAGE_FILE].toSorted();
    const sums = await Bun.file(file("SHA256SUMS")).text();
    expect(sums.replaceAll(/^[0-9a-f]{64} {2}/gm, "")).toBe(
      names.map((name) => `${name}\n`).join(""),
    );
    const verdict = await run(["sha256sum", "-c", "SHA256SUMS"], { cwd: folder });
    expect(verdict).toBe(names.map((name) => `${name}: OK\n`).join(""));
  },
  RELEASE_MAX_MS,
);

test(
  "a release prints the notes of its version",
  async () => {
    const { output, sources } = await release();
    const changelog = await Bun.file(sources.file("CHANGELOG.md")).text();
    const start = changelog.indexOf(`## ${VERSION}`);
    const [notes = ""] = changelog.slice(start).split("\n\n## ");
    expect(output).toEndWith(`${notes.trimEnd()}\n`);
  },
  RELEASE_MAX_MS,
);

for (const [target, machine] of Object.entries(MACHINES)) {
  test(
    `the archive for ${target} holds the program for it, and what one reads and edits, under one folder`,
    async () => {
      const { file } = await release();
      const archive = file(archiveFile(target));
      const folder = `influx-spout-${VERSION}-${target}/`;
      const listing = await run(["tar", "tzf", archive]);
      const names = listing.split("\n").filter((name) => name !== "");
      expect(names.filter((name) => !name.startsWith(folder))).toEqual([]);
      expect(names.map((name) => name.slice(folder.length))).toContainValues([
        "influx-spout",
        "LICENSE",
        "README.md",
        "docs/installing.md",
        "CHANGELOG.md",
        "configs/http-listener.toml",
        "configs/influx-spout@.service",
        "configs/compose.yaml",
        "configs/kubernetes/filter.yaml",
      ]);
      expect(names).toEqual(names.toSorted());

      await using unpacked = await tempFolder();
      await run(["tar", "xzf", archive, "-C", unpacked.path, `${folder}influx-spout`]);
      expect(await run(["file", "-b", unpacked.file(folder, "influx-spout")])).toMatch(machine);
    },
    RELEASE_MAX_MS,
  );
}

test(
  "an archive holds the files as they are in the sources, all of the commit's time and owned by root",
  async () => {
    const { file, sources } = await release();
    await using unpacked = await tempFolder();
    await run(["tar", "xzf", file(archiveFile("linux-x64")), "-C", unpacked.path]);
    const folder = unpacked.file(`influx-spout-${VERSION}-linux-x64`);
    expect(await run(["diff", "-r", `${folder}/configs`, sources.file("configs")])).toBe("");
    expect(await run(["diff", "-r", `${folder}/docs`, sources.file("docs")])).toBe("");
    expect(await run(["diff", `${folder}/README.md`, sources.file("README.md")])).toBe("");

    const details = await run(
      ["tar", "tzvf", file(archiveFile("linux-x64")), "--numeric-owner", "--full-time"],
      { env: { TZ: "UTC" } },
    );
    const kinds = details
      .trim()
      .split("\n")
      .map((line) => line.replace(/^(\S+) (\S+) +\d+ (\S+ \S+) .*/, "$1 $2 $3"));
    expect([...new Set(kinds)].toSorted()).toEqual([
      "-rw-r--r-- 0/0 2026-02-03 04:05:06",
      "-rwxr-xr-x 0/0 2026-02-03 04:05:06",
      "drwxr-xr-x 0/0 2026-02-03 04:05:06",
    ]);
  },
  RELEASE_MAX_MS,
);

test(
  "two builds of one revision, in two places, are equal to the byte",
  async () => {
    const { file, sources } = await release();
    await using again = await checkout(sources.path);
    expect(again.revision).toBe(sources.revision);
    const { exitCode, stderr } = await again.script(
      "build",
      ...["--target", "linux-x64", "--target", "linux-arm64-musl", "--image"],
    );
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    for (const name of [archiveFile("linux-x64"), archiveFile("linux-arm64-musl"), IMAGE_FILE]) {
      expect(await run(["cmp", file(name), again.file("dist", name)])).toBe("");
    }
  },
  RELEASE_MAX_MS,
);

test(
  "a build says its version, its revision, and when that was committed",
  async () => {
    const { folder, sources } = await release();
    const version = await run([`${folder}/linux-x64/influx-spout`, "--version"]);
    expect(version).toBe(
      `influx-spout version ${VERSION} (${sources.revision}), built on 2026-02-03T04:05:06Z, Bun ${Bun.version}\n`,
    );
  },
  RELEASE_MAX_MS,
);

test("a build of changed sources says so, and its date is SOURCE_DATE_EPOCH's", async () => {
  await using sources = await checkout();
  await appendFile(sources.file("LICENSE"), "\n");
  const outfile = sources.file("spout");
  await run([process.execPath, "build.ts", "--outfile", outfile], {
    cwd: sources.path,
    env: { SOURCE_DATE_EPOCH: String(COMMIT_SECONDS + 60) },
  });
  expect(await run([outfile, "--version"])).toBe(
    `influx-spout version ${VERSION} (${sources.revision}-dirty), built on 2026-02-03T04:06:06Z, Bun ${Bun.version}\n`,
  );
});

test(
  "an error in the minified binary is reported where the sources have it",
  async () => {
    // The names of the sources are part of the map; the code itself has none of them.
    const binary = Buffer.from(
      await Bun.file((await release()).file("linux-x64/influx-spout")).arrayBuffer(),
    );
    expect(binary.includes("src/listener/udp.ts")).toBe(true);
    expect(binary.includes("src/filter/worker.ts")).toBe(true);
  },
  RELEASE_MAX_MS,
);

test("a release is refused when a file is changed or new, or when the commit is not tagged", async () => {
  await using sources = await checkout();
  const refusal = async () => {
    const { exitCode, stderr } = await sources.script("release", "--dry-run");
    expect(exitCode).toBe(1);
    return stderr;
  };
  expect(await refusal()).toContain(`not tagged v${VERSION}: git tag v${VERSION}`);
  await sources.git("tag", `v${VERSION}`);
  await appendFile(sources.file("configs/filter.toml"), "\n");
  expect(await refusal()).toContain("M configs/filter.toml");
  await sources.git("checkout", "--quiet", "configs/filter.toml");
  await Bun.write(sources.file("configs/mine.toml"), "\n");
  expect(await refusal()).toContain("?? configs/mine.toml");
  expect(await Bun.file(sources.file("dist/SHA256SUMS")).exists()).toBe(false);
});

test("a release that is more than a dry run is refused", async () => {
  await using sources = await checkout();
  const { exitCode, stderr } = await sources.script("release");
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringContaining("usage: bun run release --dry-run"),
  });
});
