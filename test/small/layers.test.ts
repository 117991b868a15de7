/**
 * Holds the table of layers: imports point one way, npm packages stay in the files that may know them, and every
 * source file is reached from an entry point. Method: read the sources' own import statements.
 */
import { expect, test } from "bun:test";
import { dirname, join, normalize, relative } from "node:path";

const SOURCES = join(import.meta.dir, "../../src");

/** From the top down. A file may import from its own folder and from any layer below, never from a sibling or above. */
const LAYERS: readonly (readonly string[])[] = [
  ["main.ts"],
  ["cli.ts", "run.ts"],
  ["modes.ts"],
  ["counter-docs.ts"],
  ["listener", "filter", "downsampler", "writer", "monitor", "tap"],
  ["config"],
  ["rules", "batch", "metrics", "probes", "pprof"],
  ["line"],
  ["bus"],
  ["platform"],
];

/** Where an npm package may be imported: a change of its major version touches these files alone. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  nats: /^bus\//,
  hono: /^listener\/http[^/]*\.ts$/,
  "smol-toml": /^config\/load\.ts$/,
  re2js: /^rules\//,
};

const ENTRY_POINTS = ["main.ts", "filter/worker.ts"];

interface Import {
  readonly from: string;
  readonly specifier: string;
}

const transpiler = new Bun.Transpiler({ loader: "ts" });
const files = [...new Bun.Glob("**/*.ts").scanSync(SOURCES)].sort();
const imports = (await Promise.all(files.map(importsOf))).flat();

/** Type-only imports count as well, which is why the text is read and not the compiled module. */
async function importsOf(file: string): Promise<Import[]> {
  const text = await Bun.file(join(SOURCES, file)).text();
  const statements = text.matchAll(/^(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)"/gm);
  const dynamic = transpiler.scan(text).imports.map((found) => found.path);
  const specifiers = new Set([...Array.from(statements, (match) => match[1] ?? ""), ...dynamic]);
  return Array.from(specifiers, (specifier) => ({ from: file, specifier }));
}

function layerOf(file: string): number {
  const top = file.split("/")[0] ?? "";
  return LAYERS.findIndex((layer) => layer.includes(top));
}

function targetOf({ from, specifier }: Import): string {
  return relative(SOURCES, normalize(join(SOURCES, dirname(from), specifier)));
}

test("every source file belongs to a layer", () => {
  expect(files.filter((file) => layerOf(file) === -1)).toEqual([]);
});

test("imports point down the layers or stay in their folder", () => {
  const wrong = imports
    .filter(({ specifier }) => specifier.startsWith("."))
    .map((found) => ({ from: found.from, to: targetOf(found) }))
    .filter(({ to }) => !to.startsWith(".."))
    .filter(({ from, to }) => dirname(from) !== dirname(to) || dirname(from) === ".")
    .filter(({ from, to }) => layerOf(to) <= layerOf(from));
  expect(wrong).toEqual([]);
});

test("nothing outside of src is imported but package.json", () => {
  const outside = imports
    .filter(({ specifier }) => specifier.startsWith("."))
    .filter((found) => targetOf(found).startsWith(".."))
    .map(({ from, specifier }) => `${from}: ${specifier}`);
  expect(outside).toEqual(["platform/version.ts: ../../package.json"]);
});

test("an npm package is imported only where the table allows it", () => {
  const wrong = imports
    .filter(({ specifier }) => !/^(?:\.|node:|bun(?::|$))/.test(specifier))
    .filter(({ from, specifier }) => {
      const name = Object.keys(PACKAGES).find(
        (known) => specifier === known || specifier.startsWith(`${known}/`),
      );
      return name === undefined || !PACKAGES[name]?.test(from);
    });
  expect(wrong).toEqual([]);
});

test("every source file is reached from an entry point", () => {
  const reached = new Set<string>();
  const visit = (file: string) => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const found of imports) {
      if (found.from === file && found.specifier.startsWith(".")) visit(targetOf(found));
    }
  };
  ENTRY_POINTS.forEach(visit);
  expect(files.filter((file) => !reached.has(file))).toEqual([]);
});

test("only the entry points end the process, or their thread", async () => {
  const texts = await Promise.all(
    files.map(async (file) => ({ file, text: await Bun.file(join(SOURCES, file)).text() })),
  );
  const ending = texts.filter(({ text }) => /process\.exit\(/.test(text));
  expect(ending.map(({ file }) => file).sort()).toEqual([...ENTRY_POINTS].sort());
});
