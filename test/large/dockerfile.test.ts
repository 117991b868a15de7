/**
 * `docker build .`, done by buildah from a clone: the same image as `bun run build --image`. What Docker would fetch as
 * the first stage's base is made here out of this machine's own /usr, so that only packages come from elsewhere.
 */
import { expect, test } from "bun:test";
import { cp, mkdir, symlink } from "node:fs/promises";

import { checkout, VERSION } from "../support/checkout.ts";
import { run } from "../support/command.ts";
import { type ImageStore, imageStore } from "../support/image-store.ts";
import { asProcessOne, startProgram } from "../support/program.ts";
import { IMAGE_FILE, release, RELEASE_MAX_MS } from "../support/release.ts";

const NOBODY = 65534;
const NAME = `localhost/spout:${VERSION}`;

test(
  "the Dockerfile makes the image that the build makes, from a clone and nothing else",
  async () => {
    const { sources: released, file } = await release();
    await using store = await imageStore();
    await using clone = await checkout(released.path);
    const dockerfile = await Bun.file(clone.file("Dockerfile")).text();
    await makeBase(store, /^FROM (\S+) AS build$/m.exec(dockerfile)?.[1] ?? "");
    await store.buildah(
      ...["build", "--quiet", "--pull-never", "--isolation", "chroot", "--network", "host"],
      ...["--volume", "/usr:/usr:ro", "--volume", "/etc/alternatives:/etc/alternatives:ro"],
      ...["--build-arg", `REVISION=${clone.revision}`, "--tag", NAME, clone.path],
    );

    const built = await configOf(store, NAME);
    await store.buildah("pull", "--quiet", `oci-archive:${file(IMAGE_FILE)}`);
    const ours = await configOf(store, `docker.io/library/influx-spout:${VERSION}`);
    expect(built).toEqual({ ...ours, Labels: expect.objectContaining(ours.Labels) });

    const [theirRoot, ourRoot] = [
      await store.mount(NAME),
      await store.mount(`docker.io/library/influx-spout:${VERSION}`),
    ];
    expect(await run(["diff", "-r", "--no-dereference", theirRoot, ourRoot])).toBe("");
    const modes = (root: string) =>
      run(["sh", "-c", "find . -mindepth 1 -printf '%M %U:%G %P\\n' | sort"], { cwd: root });
    expect(await modes(theirRoot)).toBe(await modes(ourRoot));

    await using program = startProgram([
      ...asProcessOne(theirRoot, NOBODY),
      ...built.Entrypoint,
      "--check",
      ...built.Cmd,
    ]);
    expect(await program.exited).toBe(0);
    expect(program.output()).toContain('mode = "listener_http"');
  },
  RELEASE_MAX_MS,
);

/** How containers of the image run. */
async function configOf(store: ImageStore, name: string) {
  const { OCIv1 } = JSON.parse(await store.buildah("inspect", "--type", "image", name));
  const { Env: _path, ...config } = OCIv1.config;
  return config;
}

/** An image of this name in which everything is where this machine has it, once its /usr is mounted. */
async function makeBase(store: ImageStore, name: string): Promise<void> {
  const container = (await store.buildah("from", "scratch")).trim();
  const root = (await store.buildah("mount", container)).trim();
  for (const folder of ["bin", "sbin", "lib", "lib64"]) {
    await symlink(`usr/${folder}`, `${root}/${folder}`);
  }
  for (const folder of ["usr", "etc", "root", "tmp"]) await mkdir(`${root}/${folder}`);
  for (const path of ["/etc/passwd", "/etc/group", "/etc/ssl"]) {
    await cp(path, `${root}${path}`, { recursive: true, verbatimSymlinks: true });
  }
  await store.buildah("commit", "--quiet", container, `docker.io/library/${name}`);
}
