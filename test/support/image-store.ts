/** A place of a test's own for container images, in a temporary folder, filled and run by buildah. */
import { run } from "./command.ts";
import { tempFolder } from "./temp-folder.ts";

export interface ImageStore extends AsyncDisposable {
  /** The command line of buildah on this store. */
  command(...args: readonly string[]): string[];
  /** Runs it; resolves with what it wrote. */
  buildah(...args: readonly string[]): Promise<string>;
  /** A new container of the image. Resolves with its name. */
  container(image: string): Promise<string>;
  /** The folder that is the root of a new container of the image. */
  mount(image: string): Promise<string>;
}

export async function imageStore(): Promise<ImageStore> {
  const folder = await tempFolder();
  const command = (...args: readonly string[]) => [
    "buildah",
    // Plain folders: works on any file system, and needs no mounts.
    ...["--storage-driver", "vfs", "--root", folder.file("root"), "--runroot", folder.file("run")],
    ...args,
  ];
  const buildah = (...args: readonly string[]) => run(command(...args));
  const container = async (image: string) =>
    (await buildah("from", "--quiet", "--pull-never", image)).trim();
  return {
    command,
    buildah,
    container,
    mount: async (image) => (await buildah("mount", await container(image))).trim(),
    async [Symbol.asyncDispose]() {
      await buildah("rm", "--all");
      await folder[Symbol.asyncDispose]();
    },
  };
}
