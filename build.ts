/**
 * Builds what is run and what is shipped: `bun run build`, with the options below. `build/` holds the parts.
 *
 * The date compiled in is SOURCE_DATE_EPOCH's when that is set, else the commit's: two builds of one revision are equal.
 */
import { join, relative } from "node:path";
import { parseArgs } from "node:util";

import { IMAGE_NAME, writeArchive, writeChecksums } from "./build/archive.ts";
import { compile } from "./build/compile.ts";
import { type Target, targetOf, TARGETS } from "./build/executable.ts";
import { writeImageRoot } from "./build/image-root.ts";
import { checkImageName, ociArchive } from "./build/oci.ts";
import { PROGRAM, readSource, ROOT } from "./build/source.ts";

const USAGE = `bun run build                      dist/influx-spout, for this machine
bun run build --outfile PATH       the same, elsewhere; with one --target, for that system
bun run build --target TARGET      dist/influx-spout-VERSION-TARGET.tar.gz; may be given several times
bun run build --all                the archives of all targets
bun run build --image              dist/image/, and dist/influx-spout-VERSION-oci.tar of it
bun run build --image --name NAME  the same, called NAME instead of influx-spout

TARGET is one of ${TARGETS.join(", ")}.
`;
const DIST = join(ROOT, "dist");
const EXIT_USAGE = 2;

const source = readSource(process.env);
const host = await targetOf(process.execPath);
const options = readOptions();

if (options.outfile !== undefined) {
  await compile(options.outfile, options.targets[0] ?? host, source);
  report(options.outfile);
} else if (options.targets.length === 0 && !options.withImage) {
  report(await compileTo(DIST, host));
} else {
  for (const target of options.targets) {
    report(await writeArchive(DIST, target, await compileTo(join(DIST, target), target), source));
  }
  if (options.withImage) await buildImage(options.name);
  console.log(shown(await writeChecksums(DIST)));
}

async function buildImage(name: string): Promise<void> {
  const root = join(DIST, "image");
  await writeImageRoot(root, await compileTo(join(DIST, host), host));
  const path = join(DIST, IMAGE_NAME);
  await Bun.write(path, await ociArchive(root, name, source));
  report(path);
}

async function compileTo(folder: string, target: Target): Promise<string> {
  const outfile = join(folder, PROGRAM);
  await compile(outfile, target, source);
  return outfile;
}

function report(path: string): void {
  console.log(`${shown(path)}: ${(Bun.file(path).size / 2 ** 20).toFixed(1)} MiB`);
}

function shown(path: string): string {
  return relative(process.cwd(), path);
}

function readOptions() {
  try {
    return checkedOptions();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exit(EXIT_USAGE);
  }
}

function checkedOptions() {
  const { values } = parseArgs({
    options: {
      outfile: { type: "string" },
      target: { type: "string", multiple: true, default: [] },
      all: { type: "boolean", default: false },
      image: { type: "boolean", default: false },
      name: { type: "string", default: PROGRAM },
    },
  });
  const targets = values.all ? TARGETS : values.target.map(knownTarget);
  if (values.outfile !== undefined && (targets.length > 1 || values.image)) {
    throw new Error("--outfile: is for one binary; archives and the image go to dist/");
  }
  checkImageName(values.name);
  return {
    outfile: values.outfile,
    targets: [...new Set(targets)],
    withImage: values.image,
    name: values.name,
  };
}

function knownTarget(text: string): Target {
  const target = TARGETS.find((known) => known === text);
  if (target === undefined) throw new Error(`--target: unknown "${text}"`);
  return target;
}
