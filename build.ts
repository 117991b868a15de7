/**
 * Builds the single-file executable: `bun run build [--outfile PATH]` (default dist/influx-spout).
 *
 * The date compiled in is SOURCE_DATE_EPOCH's when that is set, so that two builds of one revision are equal.
 */
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { outfile: { type: "string", default: "dist/influx-spout" } },
});

const result = await Bun.build({
  // The filter's thread is an entry point of its own: it is started by URL, which the bundler does not follow.
  entrypoints: ["src/main.ts", "src/filter/worker.ts"],
  root: "src",
  target: "bun",
  minify: true,
  sourcemap: "linked",
  define: {
    BUILD_REVISION: JSON.stringify(gitRevision()),
    BUILD_DATE: JSON.stringify(buildDate()),
  },
  compile: {
    outfile: values.outfile,
    // A binary must not read settings, preload scripts among them, from whatever folder it is started in.
    autoloadDotenv: false,
    autoloadBunfig: false,
  },
});
for (const message of result.logs) console.error(String(message));
if (!result.success) process.exit(1);
console.log(`${values.outfile}: ${(Bun.file(values.outfile).size / 2 ** 20).toFixed(1)} MiB`);

function gitRevision(): string {
  const revision = git("rev-parse", "--short=12", "HEAD");
  if (revision === undefined) return "unknown";
  return git("status", "--porcelain", "--untracked-files=no") === ""
    ? revision
    : `${revision}-dirty`;
}

function git(...command: string[]): string | undefined {
  const { success, stdout } = Bun.spawnSync(["git", ...command], { stderr: "ignore" });
  return success ? stdout.toString().trim() : undefined;
}

function buildDate(): string {
  const epoch = process.env["SOURCE_DATE_EPOCH"];
  const date = epoch === undefined ? new Date() : new Date(Number(epoch) * 1000);
  return `${date.toISOString().slice(0, 19)}Z`;
}
