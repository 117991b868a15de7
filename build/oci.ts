/**
 * The container image as one file that Docker, Podman, containerd and skopeo load: an OCI image layout, with the
 * `manifest.json` of Docker's own format beside its `index.json`. Written without a daemon, and the same bytes each time.
 *
 * Source: the OCI image specification 1.0.2 (image layout, manifest, configuration).
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import packageJson from "../package.json" with { type: "json" };
import { IMAGE_BINARY, IMAGE_CONFIGS, IMAGE_USER } from "./image-root.ts";
import { PROGRAM, type Source, VERSION } from "./source.ts";
import { gzip, tar, type TarEntry } from "./tar.ts";

/** Go's names of processors, by Node's. */
const PROCESSORS: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };
const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";
const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip";

/** Letters, digits and single separators, in parts; the first may be a registry's host and port. */
const NAME =
  /^([a-z0-9][a-z0-9.-]*(:\d+)?\/)?[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;

interface Blob {
  readonly content: Uint8Array;
  /** What others call it by. */
  readonly descriptor: {
    readonly mediaType: string;
    readonly digest: string;
    readonly size: number;
  };
}

/** Throws unless `name` can be the name of an image. The tag is not part of it. */
export function checkImageName(name: string): void {
  if (!NAME.test(name)) {
    throw new Error(
      `--name: expected a lower-case name without a tag, such as registry.example/${PROGRAM}, got "${name}"`,
    );
  }
}

/** The archive of the image that holds the files under `root`, called `name`, its version being the tag. */
export async function ociArchive(root: string, name: string, source: Source): Promise<Uint8Array> {
  const files = tar(await entriesUnder(root), source.date);
  const layer = blob(LAYER_TYPE, gzip(files));
  const config = json(CONFIG_TYPE, imageConfig(digestOf(files), source));
  const manifest = json(MANIFEST_TYPE, {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: config.descriptor,
    layers: [layer.descriptor],
  });
  const index = {
    schemaVersion: 2,
    mediaType: INDEX_TYPE,
    manifests: [
      {
        ...manifest.descriptor,
        platform: platform(),
        annotations: {
          // The tag, as the specification has it, and the whole name, as Docker and Podman look for it.
          "org.opencontainers.image.ref.name": VERSION,
          "io.containerd.image.name": `${qualified(name)}:${VERSION}`,
        },
      },
    ],
  };
  const dockerManifest = [
    {
      Config: pathOf(config),
      RepoTags: [`${name}:${VERSION}`],
      Layers: [pathOf(layer)],
    },
  ];
  return tar(
    [
      ...["blobs/", "blobs/sha256/"].map(folder),
      ...[layer, config, manifest].map((each) => file(pathOf(each), each.content)),
      file("oci-layout", encode({ imageLayoutVersion: "1.0.0" })),
      file("index.json", encode(index)),
      file("manifest.json", encode(dockerManifest)),
    ],
    source.date,
  );
}

/** What a container of this image does, unless it is told otherwise. `Dockerfile` says the same. */
function imageConfig(filesDigest: string, { revision, date }: Source) {
  return {
    created: date.toISOString(),
    ...platform(),
    config: {
      User: `${IMAGE_USER}:${IMAGE_USER}`,
      ExposedPorts: { "10001/udp": {}, "11001/tcp": {} },
      Entrypoint: [IMAGE_BINARY],
      Cmd: [`${IMAGE_CONFIGS}/http-listener.toml`],
      WorkingDir: "/",
      Labels: {
        "org.opencontainers.image.title": PROGRAM,
        "org.opencontainers.image.description": packageJson.description,
        "org.opencontainers.image.licenses": packageJson.license,
        "org.opencontainers.image.version": VERSION,
        "org.opencontainers.image.revision": revision,
      },
      StopSignal: "SIGTERM",
    },
    rootfs: { type: "layers", diff_ids: [filesDigest] },
    history: [{ created: date.toISOString(), created_by: "bun run build --image" }],
  };
}

function platform() {
  return { architecture: PROCESSORS[process.arch] ?? process.arch, os: "linux" };
}

/** With the registry that Docker assumes written out. */
function qualified(name: string): string {
  const [first = "", ...rest] = name.split("/");
  if (rest.length === 0) return `docker.io/library/${name}`;
  return /[.:]|^localhost$/.test(first) ? name : `docker.io/${name}`;
}

async function entriesUnder(root: string): Promise<TarEntry[]> {
  const found = await readdir(root, { recursive: true, withFileTypes: true });
  const entries = found.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(join(root, "/").length);
    const mode = (await stat(path)).mode & 0o7777;
    // Folders that were made on the way are as the umask of this machine had them.
    if (entry.isDirectory()) return { ...folder(`${name}/`), mode: mode === 0o1777 ? mode : 0o755 };
    return { name, mode, content: await Bun.file(path).bytes() };
  });
  return Promise.all(entries);
}

function blob(mediaType: string, content: Uint8Array): Blob {
  return {
    content,
    descriptor: { mediaType, digest: digestOf(content), size: content.length },
  };
}

function json(mediaType: string, value: unknown): Blob {
  return blob(mediaType, encode(value));
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function digestOf(content: Uint8Array): string {
  return `sha256:${new Bun.CryptoHasher("sha256").update(content).digest("hex")}`;
}

function pathOf({ descriptor }: Blob): string {
  return `blobs/${descriptor.digest.replace(":", "/")}`;
}

function file(name: string, content: Uint8Array): TarEntry {
  return { name, mode: 0o644, content };
}

function folder(name: string): TarEntry {
  return { name, mode: 0o755, content: new Uint8Array() };
}
