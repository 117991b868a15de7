/** The binary's command line: what it prints, where, and with which exit status. */
import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import packageJson from "../../package.json" with { type: "json" };
import { buildBinary, runBinary, startSpout } from "../support/binary.ts";
import { freePort } from "../support/server-process.ts";

async function withConfig<Result>(
  toml: string,
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "spout-config-"));
  try {
    const path = join(folder, "spout.toml");
    await Bun.write(path, toml);
    return await use(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("--version names version, revision, build date and runtime", async () => {
  const { exitCode, stdout, stderr } = await runBinary(["--version"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).toMatch(
    /^influx-spout version \S+ \((?:[0-9a-f]{12}(?:-dirty)?|unknown)\), built on \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, Bun \S+\n$/,
  );
  expect(stdout).toContain(`version ${packageJson.version} (`);
  expect(stdout).toContain(`Bun ${Bun.version}\n`);
});

test("--help goes to stdout, wrong usage to stderr with exit status 2", async () => {
  const help = await runBinary(["--help"]);
  expect(help).toMatchObject({ exitCode: 0, stderr: "" });
  expect(help.stdout).toStartWith("Usage: influx-spout CONFIG\n");

  const wrong = await runBinary(["a.toml", "b.toml"]);
  expect(wrong).toMatchObject({ exitCode: 2, stdout: "" });
  expect(wrong.stderr).toContain("expected one configuration file, got 2");
  expect(wrong.stderr).toContain("Usage: influx-spout CONFIG\n");
});

test("what it prints joins what is already in a file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "spout-output-"));
  const binary = await buildBinary();
  await Bun.$`sh -c ${'(echo before; "$0" --version; "$0" --help; echo behind) > out 2> err'} ${binary}`.cwd(
    folder,
  );
  const output = await Bun.file(join(folder, "out")).text();
  await rm(folder, { recursive: true });
  expect(output).toMatch(/^before\ninflux-spout version .*\nUsage: [^]*\nbehind\n$/);
});

test("--check prints the configuration in effect, and what it prints passes the check again", async () => {
  const first = await withConfig('mode = "listener"\nbatch = 7\n', (path) =>
    runBinary(["--check", path]),
  );
  expect(first).toMatchObject({ exitCode: 0 });
  expect(first.stdout).toContain("batch_max_count = 7\n");
  const second = await withConfig(first.stdout, (path) => runBinary(["--check", path]));
  expect(second.stdout).toBe(first.stdout);
});

test("--check --as prints in the spelling of a version, warns of what it has not, and loads again", async () => {
  const toml = 'mode = "writer"\nbatch_max_size = "20MB"\nbatch_max_age = "1500ms"\n';
  const first = await withConfig(toml, (path) => runBinary(["--check", path, "--as", "1.x"]));
  expect(first.exitCode).toBe(0);
  expect(first.stdout).toContain('batch = 10\nbatch_max_mb = 20\nbatch_max_age = "1.5s"\n');
  expect(first.stderr.split("\n")).toEqual([
    'warning: batch_max_age: "1.5s" cannot be written as batch_max_secs of 1.x, which takes whole seconds: ignored there',
    "warning: writer_retry_batches: 1.x does not know it: there a batch whose write fails is lost",
    "",
  ]);
  const second = await withConfig(first.stdout, (path) =>
    runBinary(["--check", "--as", "1.x", path]),
  );
  expect(second).toEqual(first);
  const plain = (text: string) => withConfig(text, (path) => runBinary(["--check", path]));
  expect(await plain(first.stdout)).toEqual(await plain(toml));

  const wrong = await withConfig(toml, (path) => runBinary(["--check", path, "--as", "3.x"]));
  expect(wrong).toMatchObject({ exitCode: 2, stdout: "" });
  expect(wrong.stderr).toContain('--as needs a version, 1.x or 2.x, got "3.x"\n');
});

test("every problem of a configuration is listed, nothing is started, and the exit status is 2", async () => {
  const toml =
    'mode = "writer"\nbatch = "ten"\nworkes = 3\ninfluxdb_port = 0\n[[rule]]\ntype = "regex"\nmatch = "("\n';
  for (const args of [["--check"], []]) {
    const { exitCode, stdout, stderr } = await withConfig(toml, (path) =>
      runBinary([...args, path]),
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/spout\.toml: batch: expected .*, got /);
    expect(stderr).toMatch(/spout\.toml: workes: .*workers/);
    expect(stderr).toMatch(/spout\.toml: influxdb_port: expected .*, got 0/);
    expect(stderr).toMatch(/spout\.toml: rule\[.\].*match/);
  }
});

test("a port that is taken is a clear error with exit status 1", async () => {
  const port = freePort();
  await using taken = Bun.serve({ port, fetch: () => new Response() });
  const toml = `mode = "listener_http"\nport = ${taken.port}\nnats_address = "nats://127.0.0.1:${freePort()}"\n`;
  const { exitCode, stderr } = await withConfig(toml, (path) => runBinary([path]));
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`cannot start listener_http "spout": cannot bind TCP port ${port}: `);
});

test("neither .env nor bunfig.toml in the working directory changes what the binary does", async () => {
  const folder = await mkdtemp(join(tmpdir(), "spout-cwd-"));
  await Bun.write(join(folder, "bunfig.toml"), 'preload = ["./evil.ts"]\n');
  await Bun.write(join(folder, "evil.ts"), 'console.log("preloaded");\n');
  await Bun.write(join(folder, ".env"), "INFLUXDB_USER=somebody\n");
  await Bun.write(join(folder, "w.toml"), 'mode = "writer"\n');
  const { exitCode, stdout } = await runBinary(["--check", "w.toml"], folder);
  await rm(folder, { recursive: true });
  expect(exitCode).toBe(0);
  expect(stdout).not.toContain("preloaded");
});

test("every mode stops with exit status 0 on SIGTERM and on SIGINT while NATS is away", async () => {
  const nats = `nats_address = "nats://127.0.0.1:${freePort()}"\n`;
  const configs = [
    `mode = "listener"\nport = ${freePort()}\n${nats}`,
    `mode = "listener_http"\nport = ${freePort()}\n${nats}`,
    `mode = "filter"\n${nats}[[rule]]\ntype = "basic"\nmatch = "cpu"\nsubject = "hosts"\n`,
    `mode = "writer"\n${nats}`,
  ];
  for (const toml of configs) {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      await using spout = await startSpout("idle", toml);
      await spout.logged("cannot connect to NATS");
      spout.signal(signal);
      expect(await spout.exited).toBe(0);
    }
  }
}, 60_000);
