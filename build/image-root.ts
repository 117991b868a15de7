/**
 * The root of the container image's file system, as a folder. There is nothing under it: no shell, no package of any
 * distribution; only the program, the C library of this machine that it is linked to, and what it reads.
 */
import { chmod, copyFile, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

import { PROGRAM, ROOT } from "./source.ts";

/** Where the program and its configuration files lie in the image. */
export const IMAGE_BINARY = `/bin/${PROGRAM}`;
export const IMAGE_CONFIGS = `/etc/${PROGRAM}`;
/** "nobody", by its number: Kubernetes cannot see that a name is not root's. */
export const IMAGE_USER = 65534;

const CONFIGS = ["http-listener.toml", "udp-listener.toml"];
/** Where distributions keep the authorities that they trust, and where the program looks for them. */
const AUTHORITIES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];
const IMAGE_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt";
const PASSWD = `nobody:x:${IMAGE_USER}:${IMAGE_USER}:nobody:/:/\n`;

/** Writes the folder anew. `binary` is for this machine. Rejects where something that belongs in it cannot be found. */
export async function writeImageRoot(folder: string, binary: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await put(folder, IMAGE_BINARY, binary, 0o755);
  for (const library of librariesOf(binary)) await put(folder, library, library, 0o755);
  await put(folder, IMAGE_AUTHORITIES, await authorities(), 0o644);
  for (const name of CONFIGS) {
    await put(folder, join(IMAGE_CONFIGS, name), join(ROOT, "configs", name), 0o644);
  }
  await Bun.write(join(folder, "etc/passwd"), PASSWD);
  await mkdir(join(folder, "tmp"));
  // Whatever the umask made of them.
  await chmod(join(folder, "etc/passwd"), 0o644);
  await chmod(join(folder, "tmp"), 0o1777);
}

async function put(folder: string, path: string, from: string, mode: number): Promise<void> {
  const to = join(folder, path);
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
  await chmod(to, mode);
}

/** The loader and the libraries, at the paths at which the loader finds them. */
function librariesOf(binary: string): string[] {
  if (Bun.which("ldd") === null) {
    throw new Error("cannot make the image on this system, it has no ldd: use docker build .");
  }
  const { success, stdout, stderr } = Bun.spawnSync(["ldd", binary]);
  const text = stdout.toString();
  if (!success || text.includes("not found")) {
    throw new Error(`cannot find the libraries of "${binary}": ${text}${stderr.toString()}`);
  }
  return [...text.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? "");
}

async function authorities(): Promise<string> {
  for (const path of AUTHORITIES) if (await Bun.file(path).exists()) return path;
  throw new Error(
    `cannot find certificate authorities in ${AUTHORITIES.join(" or ")}: install ca-certificates`,
  );
}
