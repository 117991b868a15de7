/**
 * The container image, by Debian's skopeo and buildah: what it says of itself, what is in it, and how it runs, each
 * container in the network of nats-server, as in docs/installing.md, so that its examples work as they are.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { appendFile } from "node:fs/promises";

import { COMMIT_SECONDS, VERSION } from "../support/checkout.ts";
import { run } from "../support/command.ts";
import { eventually } from "../support/eventually.ts";
import { type ImageStore, imageStore } from "../support/image-store.ts";
import { makeCertificates } from "../support/nats-server.ts";
import { type Network, startNetwork } from "../support/network.ts";
import { asProcessOne, type Program, startProgram } from "../support/program.ts";
import { startRecordingBackend } from "../support/recording-backend.ts";
import { IMAGE_FILE, release, RELEASE_MAX_MS } from "../support/release.ts";
import { freePort } from "../support/server-process.ts";
import { type TempFolder, tempFolder } from "../support/temp-folder.ts";

const PROCESSOR = process.arch === "x64" ? "amd64" : process.arch;
const NAME = `docker.io/library/influx-spout:${VERSION}`;
const NOBODY = 65534;

let archive: string;
let store: ImageStore;
let network: Network;
let folder: TempFolder;

beforeAll(async () => {
  archive = (await release()).file(IMAGE_FILE);
  store = await imageStore();
  await store.buildah("pull", "--quiet", `oci-archive:${archive}`);
  network = await startNetwork();
  folder = await tempFolder();
  await run(["chmod", "755", folder.path]);
}, RELEASE_MAX_MS);

afterAll(async () => {
  await network[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

test("skopeo reads it in both formats, and it says what it is and how it runs", async () => {
  const { sources } = await release();
  for (const format of ["oci-archive", "docker-archive"]) {
    const config = JSON.parse(await run(["skopeo", "inspect", "--config", `${format}:${archive}`]));
    expect(config).toMatchObject({
      created: new Date(COMMIT_SECONDS * 1000).toISOString().replace(".000Z", "Z"),
      architecture: PROCESSOR,
      os: "linux",
      config: {
        User: "65534:65534",
        ExposedPorts: { "10001/udp": {}, "11001/tcp": {} },
        Entrypoint: ["/bin/influx-spout"],
        Cmd: ["/etc/influx-spout/http-listener.toml"],
        StopSignal: "SIGTERM",
        Labels: {
          "org.opencontainers.image.title": "influx-spout",
          "org.opencontainers.image.version": VERSION,
          "org.opencontainers.image.revision": sources.revision,
          "org.opencontainers.image.licenses": "Apache-2.0",
        },
      },
    });
  }
});

test("skopeo copies it to another place, which checks every digest and size", async () => {
  await run(["skopeo", "copy", "--quiet", `oci-archive:${archive}`, `dir:${folder.file("copy")}`]);
  const manifest = await Bun.file(folder.file("copy", "manifest.json")).json();
  expect(manifest.layers.length).toBe(1);
});

test("its name is the same to those who read either format: the tag is the version", async () => {
  expect(await store.buildah("images", "--format", "{{.Name}}:{{.Tag}}")).toBe(`${NAME}\n`);
  const docker = JSON.parse(await run(["tar", "xOf", archive, "manifest.json"]));
  expect(docker).toEqual([
    {
      Config: expect.stringMatching(/^blobs\/sha256\/[0-9a-f]{64}$/),
      RepoTags: [`influx-spout:${VERSION}`],
      Layers: [expect.stringMatching(/^blobs\/sha256\/[0-9a-f]{64}$/)],
    },
  ]);
});

test("it holds the program, the libraries that readelf finds, and what it reads; nothing else", async () => {
  const root = await store.mount(NAME);
  const needed = await run(["readelf", "-dlW", `${root}/bin/influx-spout`]);
  const loader = /program interpreter: \/(\S+)\]/.exec(needed)?.[1] ?? "";
  const libraries = [...needed.matchAll(/Shared library: \[(\S+)\]/g)].map(([, name = ""]) => name);

  const found = await run(["find", ".", "-type", "f", "-printf", "%m %u:%g %P\\n"], { cwd: root });
  const files = found.trim().split("\n");
  const isLibrary = (line: string) => / lib(64)?\//.test(line);
  expect(files.filter((line) => !isLibrary(line)).toSorted()).toEqual([
    "644 root:root etc/influx-spout/http-listener.toml",
    "644 root:root etc/influx-spout/udp-listener.toml",
    "644 root:root etc/passwd",
    "644 root:root etc/ssl/certs/ca-certificates.crt",
    "755 root:root bin/influx-spout",
  ]);
  const paths = files.filter(isLibrary).map((line) => line.replace("755 root:root ", ""));
  expect(paths).toContain(loader);
  expect([...new Set(paths.map((path) => path.split("/").at(-1)))].toSorted()).toEqual(
    [...new Set([...libraries, loader.split("/").at(-1)])].toSorted(),
  );

  expect(await run(["stat", "-c", "%a %u:%g %F", `${root}/tmp`])).toBe("1777 0:0 directory\n");
  expect(await run(["find", `${root}/tmp`, "-mindepth", "1"])).toBe("");
  expect(await Bun.file(`${root}/etc/passwd`).text()).toMatch(/^nobody:x:65534:65534:[^\n]*\n$/);
  expect(
    await run(["grep", "-c", "BEGIN CERT", `${root}/etc/ssl/certs/ca-certificates.crt`]),
  ).toMatch(/^\d{2,}/);
});

test("docs/installing.md says how large it is, and what makes it up, within a few percent", async () => {
  const { sources } = await release();
  const page = await Bun.file(sources.file("docs/installing.md")).text();
  const root = await store.mount(NAME);
  const sizeOf = async (...paths: readonly string[]) => {
    const sizes = await run(["du", "--bytes", "--summarize", "--total", ...paths]);
    return Number(/(\d+)\ttotal/.exec(sizes)?.[1]) / 2 ** 20;
  };
  for (const [row, size] of [
    ["`/bin/influx-spout`", await sizeOf(`${root}/bin/influx-spout`)],
    ["`/lib`, `/lib64`: the loader and C library", await sizeOf(`${root}/lib`, `${root}/lib64`)],
    ["all of it, as the archive to load", await sizeOf(archive)],
  ] as const) {
    const line = page.split("\n").find((each) => each.startsWith(`| ${row} `)) ?? "";
    const stated = Number(/\| ([\d.]+) MiB/.exec(line)?.[1]);
    expect([row, Math.abs(stated / size - 1) < 0.05]).toEqual([row, true]);
  }
});

test("it runs as docs/installing.md says: HTTP by default, UDP by its argument, and a writer with a file from outside", async () => {
  await Bun.write(
    folder.file("tap.toml"),
    'mode = "writer"\noutput = "stdout"\nnats_subject = ["influx-spout"]\nbatch_max_age = "100ms"\n',
  );
  await using http = await runImage([]);
  await using udp = await runImage(["/etc/influx-spout/udp-listener.toml"]);
  await using tap = await runImage(["/configs/tap.toml"]);
  await http.wrote("connected to NATS at localhost:4222");
  await udp.wrote("connected to NATS at localhost:4222");
  await tap.wrote("subscribed to");
  expect(http.status()).toMatchObject({
    Uid: "65534\t65534\t65534\t65534",
    CapEff: "0000000000000000",
  });

  const url = "http://localhost:11001/write?db=mydb";
  const answer = await run(
    network.inside("curl", "-si", "-XPOST", url, "--data-binary", "cpu v=1"),
  );
  expect(answer).toStartWith("HTTP/1.1 204 No Content\r\n");
  await run(network.inside("bash", "-c", "echo 'mem v=2' > /dev/udp/127.0.0.1/10001"));
  await tap.wrote("cpu v=1\n");
  await tap.wrote("mem v=2\n");

  for (const program of [http, udp, tap]) {
    program.signal("SIGTERM");
    expect(await program.exited).toBe(0);
    expect(program.output()).toMatch(/SIGTERM: stopping [^]* nothing lost\n$/);
  }
}, 60_000);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`as process 1 it obeys ${signal}`, async () => {
    const root = await store.mount(NAME);
    await using program = startProgram(
      network.inside(
        ...asProcessOne(root, NOBODY),
        "/bin/influx-spout",
        "/etc/influx-spout/http-listener.toml",
      ),
    );
    await program.wrote("connected to NATS");
    expect(program.status()["NSpid"]).toEndWith("\t1");
    program.signal(signal);
    expect(await program.exited).toBe(0);
    expect(program.output()).toContain(`INFO ${signal}: stopping`);
  });
}

test("it finds a server by its name in /etc/hosts, and trusts the authorities in its own file", async () => {
  await using certificates = await makeCertificates("DNS:influxdb.example");
  await using backend = startRecordingBackend({
    tls: {
      cert: await Bun.file(certificates.certFile).text(),
      key: await Bun.file(certificates.keyFile).text(),
    },
  });
  const root = await store.mount(NAME);
  const port = freePort();
  await Bun.write(`${root}/etc/hosts`, "127.0.0.1 localhost influxdb.example\n");
  await Bun.write(
    `${root}/etc/site.toml`,
    `
mode = "standalone"
batch_max_age = "100ms"
[[component]]
mode = "listener_http"
port = ${port}
[[component]]
mode = "filter"
[[component]]
mode = "writer"
nats_subject = ["influx-spout-junk"]
influxdb_protocol = "https"
influxdb_address = "influxdb.example"
influxdb_port = ${backend.port}
`,
  );
  const bundle = `${root}/etc/ssl/certs/ca-certificates.crt`;
  await appendFile(bundle, await Bun.file(certificates.caFile).text());
  await using program = startProgram([
    ...asProcessOne(root, NOBODY),
    "/bin/influx-spout",
    "/etc/site.toml",
  ]);
  await program.wrote("INFO ready;");
  await fetch(`http://127.0.0.1:${port}/write`, { method: "POST", body: "cpu v=1" });
  await eventually("the line arrives", () => backend.lines().length === 1);
});

/** Its entry point with the arguments that a user gives, or its own; /configs is the test's folder. */
async function runImage(args: readonly string[]): Promise<Program> {
  const config = JSON.parse(
    await run(["skopeo", "inspect", "--config", `oci-archive:${archive}`]),
  ).config;
  const container = await store.container(NAME);
  return startProgram(
    network.inside(
      ...store.command("run", "--isolation", "chroot", "--network", "host"),
      ...["--volume", `${folder.path}:/configs:ro`, container, "--"],
      ...config.Entrypoint,
      ...(args.length > 0 ? args : config.Cmd),
    ),
  );
}
