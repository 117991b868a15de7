/** The image archive of a small root folder, as skopeo and buildah read it. The real one: large/image.test.ts. */
import { expect, test } from "bun:test";
import { chmod, mkdir } from "node:fs/promises";

import { ociArchive } from "../../../build/oci.ts";
import { VERSION } from "../../support/checkout.ts";
import { run } from "../../support/command.ts";
import { imageStore } from "../../support/image-store.ts";
import { type TempFolder, tempFolder } from "../../support/temp-folder.ts";

const SOURCE = { revision: "0123456789ab", date: new Date("2026-02-03T04:05:06Z") };

test("an image is called as asked, the tag being the version, in Docker's format and in OCI's", async () => {
  await using folder = await tempFolder();
  for (const [name, known] of [
    ["influx-spout", "docker.io/library/influx-spout"],
    ["team/spout", "docker.io/team/spout"],
    ["localhost/spout", "localhost/spout"],
    ["registry.example:5000/team/spout", "registry.example:5000/team/spout"],
  ] as const) {
    const archive = await writeArchive(folder, name);
    const read = async (file: string) => JSON.parse(await run(["tar", "xOf", archive, file]));
    expect(await read("manifest.json")).toMatchObject([{ RepoTags: [`${name}:${VERSION}`] }]);
    expect((await read("index.json")).manifests).toMatchObject([
      { annotations: { "io.containerd.image.name": `${known}:${VERSION}` } },
    ]);
    await run(["skopeo", "inspect", `oci-archive:${archive}:${VERSION}`]);
    await run(["skopeo", "inspect", `docker-archive:${archive}:${name}:${VERSION}`]);
  }
});

test("what was in the folder is in the image, with its modes, but root's and of one time", async () => {
  await using folder = await tempFolder();
  await using store = await imageStore();
  await store.buildah("pull", "--quiet", `oci-archive:${await writeArchive(folder, "small")}`);
  const root = await store.mount(`docker.io/library/small:${VERSION}`);
  const format = "%M %U:%G %TY-%Tm-%Td %TH:%TM %P\\n";
  const found = await run(["find", ".", "-mindepth", "1", "-printf", format], {
    cwd: root,
    env: { TZ: "UTC" },
  });
  expect(found.trim().split("\n").toSorted()).toEqual([
    "-rw-r--r-- 0:0 2026-02-03 04:05 etc/text",
    "-rwxr-xr-x 0:0 2026-02-03 04:05 program",
    "drwxr-xr-x 0:0 2026-02-03 04:05 etc",
    "drwxrwxrwt 0:0 2026-02-03 04:05 tmp",
  ]);
  expect(await Bun.file(`${root}/etc/text`).text()).toBe("text");
});

/** Of a root folder with a file, a program, and an empty folder for everybody. */
async function writeArchive(folder: TempFolder, name: string): Promise<string> {
  const root = folder.file("root");
  await Bun.write(`${root}/etc/text`, "text");
  await Bun.write(`${root}/program`, "program");
  await mkdir(`${root}/tmp`, { recursive: true });
  await chmod(`${root}/etc`, 0o700);
  await chmod(`${root}/program`, 0o755);
  await chmod(`${root}/tmp`, 0o1777);
  const path = folder.file("image.tar");
  await Bun.write(path, await ociArchive(root, name, SOURCE));
  return path;
}
