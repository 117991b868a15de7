/**
 * `bun run perfcheck small|medium [--base REV] [--rounds 5] [--seconds 3]`: what each benchmark of that size costs
 * in the working tree, beside what it costs at REV (main, unless said otherwise). Exits with 1 if one costs 10 % more.
 *
 * Both programs are built the same way and run in turns, in fresh processes, and in the other order every other round,
 * so that a machine that is busy now and then is busy for both. The medians are compared, and a benchmark counts as
 * slower only if it was so in nearly every round, and again in as many rounds afterwards: of two equal trees one is slower in
 * four of five rounds now and then.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { readCost } from "./cost.ts";
import { type Benchmark, suiteNamed } from "./suites.ts";

const SLOWER_BY = 0.1;
/** Of the rounds, how many must agree. */
const AGREED_SHARE = 0.8;

const ROOT = join(import.meta.dir, "../..");

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    base: { type: "string", default: "main" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
  },
});
const suite = positionals[0] ?? "";

const folder = await mkdtemp(join(tmpdir(), "spout-perfcheck-"));
const base = join(folder, "base");
try {
  command(["git", "worktree", "add", "--detach", base, values.base], ROOT);
  await symlink(join(ROOT, "node_modules"), join(base, "node_modules"));
  process.exitCode = suite === "small" ? await compareSmall() : await compareMedium();
} finally {
  Bun.spawnSync(["git", "worktree", "remove", "--force", base], { cwd: ROOT });
  await rm(folder, { recursive: true, force: true });
}

/** Functions: each tree's own benchmark, on its own sources. */
function compareSmall(): Promise<number> {
  return compare(suiteNamed(suite), (tree, { script, args }) => {
    const path = join(tree === "old" ? base : ROOT, "test/bench", script);
    return existsSync(path) ? [process.execPath, path, ...args] : undefined;
  });
}

/** Programs: the same benchmark, with each tree's binary. */
async function compareMedium(): Promise<number> {
  const binaries = { old: join(folder, "old"), new: join(folder, "new") };
  command([process.execPath, "build.ts", "--outfile", join(binaries.old, "influx-spout")], base);
  command([process.execPath, "build.ts", "--outfile", join(binaries.new, "influx-spout")], ROOT);
  return compare(suiteNamed(suite), (tree, { script, args }) => [
    "env",
    `SPOUT_BINARY=${join(binaries[tree], "influx-spout")}`,
    process.execPath,
    join(import.meta.dir, script),
    ...args,
    ...(script === "start.ts" ? [] : ["--seconds", values.seconds]),
  ]);
}

type Tree = "old" | "new";

async function compare(
  benchmarks: readonly Benchmark[],
  commandOf: (tree: Tree, benchmark: Benchmark) => readonly string[] | undefined,
): Promise<number> {
  let slower = 0;
  for (const benchmark of benchmarks) {
    const measured = measure((tree) => commandOf(tree, benchmark));
    const isSlower =
      isSlowerIn(measured) && isSlowerIn(measure((tree) => commandOf(tree, benchmark)));
    printRow(benchmark.name, measured, isSlower);
    if (isSlower) slower++;
  }
  return slower === 0 ? 0 : 1;
}

interface Measured {
  readonly figures: Readonly<Record<Tree, number[]>>;
  readonly unit: string;
}

function measure(commandOf: (tree: Tree) => readonly string[] | undefined): Measured {
  const figures: Record<Tree, number[]> = { old: [], new: [] };
  let unit = "";
  for (let round = 0; round < Number(values.rounds); round++) {
    const order: readonly Tree[] = round % 2 === 0 ? ["old", "new"] : ["new", "old"];
    for (const tree of order) {
      const args = commandOf(tree);
      const output = args && Bun.spawnSync([...args], { stderr: "ignore" }).stdout.toString();
      const cost = readCost(output ?? "");
      if (cost === undefined) continue;
      figures[tree].push(cost.figure);
      unit = cost.unit;
    }
  }
  return { figures, unit };
}

function isSlowerIn({ figures }: Measured): boolean {
  const delta = deltaOf(figures);
  const slowerRounds = figures.new.filter(
    (figure, round) => figure > (figures.old[round] ?? Infinity),
  );
  const areAgreed = slowerRounds.length >= figures.new.length * AGREED_SHARE;
  return delta !== undefined && delta >= SLOWER_BY && areAgreed;
}

function printRow(name: string, { figures, unit }: Measured, isSlower: boolean): void {
  const [before, now, delta] = [median(figures.old), median(figures.new), deltaOf(figures)];
  if (before === undefined || now === undefined || delta === undefined) {
    console.log(`${name.padEnd(36)} cannot be compared: only one of the two has a figure`);
    return;
  }
  const percent = `${delta < 0 ? "" : "+"}${(delta * 100).toFixed(1)} %`;
  console.log(
    `${name.padEnd(36)} ${before.toPrecision(3).padStart(8)} ${now.toPrecision(3).padStart(8)} ${percent.padStart(9)}  ` +
      `${unit}${isSlower ? "  SLOWER" : ""}`,
  );
}

/** By how much the new tree costs more, as a share; undefined if one of the two has no figure. */
function deltaOf(figures: Readonly<Record<Tree, number[]>>): number | undefined {
  const [before, now] = [median(figures.old), median(figures.new)];
  return before === undefined || now === undefined ? undefined : now / before - 1;
}

function median(figures: readonly number[]): number | undefined {
  const sorted = [...figures].sort((left, right) => left - right);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

function command(args: string[], cwd: string): void {
  const { success, stderr } = Bun.spawnSync(args, { cwd });
  if (!success) throw new Error(`${args.join(" ")}: ${stderr.toString()}`);
}
