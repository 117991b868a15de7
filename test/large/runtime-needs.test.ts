/** What docs/installing.md says that the binaries need is what readelf finds in them. */
import { expect, test } from "bun:test";

import { run } from "../support/command.ts";
import { release, RELEASE_MAX_MS } from "../support/release.ts";

const LINUX = ["linux-x64", "linux-arm64", "linux-x64-musl", "linux-arm64-musl"];

for (const target of LINUX) {
  test(
    `docs/installing.md names the loader and the libraries of the binary for ${target}`,
    async () => {
      const { file, sources } = await release();
      const needed = await neededBy(file(target, "influx-spout"));
      const page = await Bun.file(sources.file("docs/installing.md")).text();
      const row = page.split("\n").find((line) => line.startsWith(`| \`${target}\` `)) ?? "";
      const [, , loader = "", libraries = "", atLeast = ""] = row
        .split("|")
        .map((cell) => cell.trim());
      expect({
        loader,
        libraries: libraries.split(" ").toSorted(),
        glibc: atLeast.startsWith("glibc ") ? atLeast : "",
      }).toEqual(needed);
    },
    RELEASE_MAX_MS,
  );
}

test(
  "docs/installing.md names the oldest macOS that the binaries run on",
  async () => {
    const { file, sources } = await release();
    const page = await Bun.file(sources.file("docs/installing.md")).text();
    for (const target of ["darwin-x64", "darwin-arm64"]) {
      const oldest = await oldestMacOs(file(target, "influx-spout"));
      expect(page).toMatch(new RegExp(`^\\| \`${target}\` .*\\| macOS ${oldest} `, "m"));
    }
  },
  RELEASE_MAX_MS,
);

async function neededBy(binary: string) {
  const headers = await run(["readelf", "-lW", binary]);
  const dynamic = await run(["readelf", "-dW", binary]);
  const versions = await run(["readelf", "-VW", binary]);
  const loader = /program interpreter: (\S+)\]/.exec(headers)?.[1] ?? "";
  const libraries = [...dynamic.matchAll(/Shared library: \[(\S+)\]/g)]
    .map(([, name = ""]) => name)
    // The loader stands among its libraries in glibc.
    .filter((name) => !loader.endsWith(`/${name}`));
  const glibc = [...versions.matchAll(/GLIBC_([\d.]+)/g)]
    .map(([, version = ""]) => version)
    .toSorted((left, right) => left.localeCompare(right, undefined, { numeric: true }))
    .at(-1);
  return {
    loader: `\`${loader}\``,
    libraries: libraries.map((name) => `\`${name}\``).toSorted(),
    glibc: glibc === undefined ? "" : `glibc ${glibc}`,
  };
}

/** The major version in the load command LC_BUILD_VERSION. */
async function oldestMacOs(binary: string): Promise<number> {
  const BUILD_VERSION = 0x32;
  const head = new DataView(await Bun.file(binary).slice(0, 65_536).arrayBuffer());
  const commands = head.getUint32(16, true);
  for (let index = 0, at = 32; index < commands; index++) {
    if (head.getUint32(at, true) === BUILD_VERSION) return head.getUint32(at + 12, true) >>> 16;
    at += head.getUint32(at + 4, true);
  }
  throw new Error(`"${binary}" does not say which macOS it needs`);
}
