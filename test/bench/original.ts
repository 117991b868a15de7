/**
 * Ours beside the original: `bun test/bench/original.ts [--original PATH] [--seconds 5] [--rounds 3] [--warm-up 10] [--row TEXT]`.
 *
 * Each row is work that the original was measured at, with what a process that does nothing with the load costs (the
 * floor) beside it, then and now. Absolute figures move from machine to machine, and from hour to hour: so ours and the
 * floor are measured in turns, in fresh processes, and compared by their medians, ours scaled to the machine of the
 * original's figures by the floor. With `--original`, a binary of the original (2.x) takes its turns too, and then it is
 * what counts. Fails if a row misses what is promised or loses a line.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";

import { readCost } from "./cost.ts";
import { measurementNames } from "./host-lines.ts";
import { describeMachine } from "./process-usage.ts";

interface Row {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  /** Arguments of floor.ts; the writer has no floor. */
  readonly floorArgs?: readonly string[];
  /** What the original and the floor cost on the machine where the original was measured, in the script's unit. */
  readonly originalThen: number;
  readonly floorThen?: number;
  /** How much of the original's figure ours may be. */
  readonly ratioMax: number;
}

const NAMES = measurementNames(10);

const words = (text: string) => text.split(" ");

const udp = (load: string, originalThen: number, floorThen: number, ratioMax: number): Row => ({
  name: `UDP ${load}`,
  script: "listener.ts",
  args: words(load),
  floorArgs: ["udp", ...words(load.replace(/ --batch \d+/, ""))],
  originalThen,
  floorThen,
  ratioMax,
});
const http = (lines: number, originalThen: number, floorThen: number, ratioMax: number): Row => ({
  name: `HTTP --lines ${lines}`,
  script: "http-listener.ts",
  args: ["--lines", `${lines}`],
  floorArgs: ["http", "--lines", `${lines}`],
  originalThen,
  floorThen,
  ratioMax,
});
const filter = (
  name: string,
  rate: number,
  rules: readonly string[],
  [originalThen, floorThen, ratioMax]: readonly [number, number, number],
): Row => ({
  name: `filter, 1 worker, ${name}, ${rate} lines/s`,
  script: "filter.ts",
  args: ["--workers", "1", "--rate", `${rate}`, "--toml", rules.join("\n")],
  floorArgs: ["nats", "--rate", `${rate}`],
  originalThen,
  floorThen,
  ratioMax,
});

const basic = (match: string) => rule("basic", `match = "${match}"`, match);
const unused = Array.from({ length: 15 }, (_, index) => basic(`unused${index}`));
const half = NAMES.slice(0, 5).map(basic);
const regexes = NAMES.slice(0, 5).map((name) =>
  rule("regex", `match = "^${name},.*region=eu-"`, name),
);
const tags = ["0001", "0002", "0003"].map((host) =>
  rule("tags", `tags = [["host", "server${host}"], ["region", "eu-west-1"]]`, `host${host}`),
);

const ROWS: readonly Row[] = [
  udp("--rate 50000 --lines 10 --batch 10", 4.2, 1.9, 0.8),
  udp("--rate 100000 --lines 10 --batch 10", 3.5, 1.45, 0.8),
  udp("--rate 100000 --lines 1 --batch 100", 3.2, 1.2, 0.6),
  udp("--rate 300000 --lines 1 --batch 100", 1.6, 1.15, 0.8),
  filter("5 basic rules and junk", 1_000_000, half, [1.0, 0.22, 0.4]),
  filter("20 basic rules and junk", 200_000, [...unused, ...half], [1.8, 0.4, 0.4]),
  filter("5 regex rules", 50_000, regexes, [3.0, 0.84, 0.5]),
  filter("3 tags rules", 100_000, tags, [2.3, 0.6, 0.5]),
  {
    name: "writer, 200,000 lines/s",
    script: "writer.ts",
    args: ["--rate", "200000"],
    originalThen: 1.2,
    ratioMax: 0.4,
  },
  http(1, 15, 11, 1.0),
  http(100, 16, 12, 1.2),
  http(5000, 270, 190, 1.5),
];

const { values } = parseArgs({
  options: {
    original: { type: "string" },
    seconds: { type: "string", default: "5" },
    rounds: { type: "string", default: "3" },
    /** Ours is compiled while it runs, and what runs for months is to be compared: at 50,000 lines/s that takes so long. */
    "warm-up": { type: "string", default: "10" },
    row: { type: "string", default: "" },
  },
});

console.log(`${describeMachine()}; medians of ${values.rounds} rounds of ${values.seconds} s\n`);
console.log(
  "| work | floor | ours | the original | ratio | at most |\n| --- | --- | --- | --- | --- | --- |",
);
let missed = 0;
for (const row of ROWS) if (row.name.includes(values.row)) missed += compare(row) ? 0 : 1;
process.exitCode = missed === 0 ? 0 : 1;

/** Prints the row; false if it misses what is promised. */
function compare(row: Row): boolean {
  const figures = { floor: [] as number[], ours: [] as number[], original: [] as number[] };
  let unit = "";
  for (let round = 0; round < Number(values.rounds); round++) {
    if (row.floorArgs !== undefined) figures.floor.push(run("floor.ts", row.floorArgs).figure);
    const ours = run(row.script, row.args);
    unit = ours.unit;
    figures.ours.push(ours.figure);
    if (values.original !== undefined) {
      figures.original.push(run(row.script, row.args, values.original).figure);
    }
  }
  const [floor, ours] = [median(figures.floor), median(figures.ours)];
  const scale = row.floorThen === undefined || floor === 0 ? 1 : floor / row.floorThen;
  const isMeasured = figures.original.length > 0;
  const original = isMeasured ? median(figures.original) : row.originalThen * scale;
  const ratio = ours / original;
  const digits = (figure: number) => figure.toPrecision(3);
  console.log(
    `| ${row.name} | ${floor === 0 ? "" : digits(floor)} | ${digits(ours)} ${unit} | ` +
      `${digits(original)}${isMeasured ? "" : " (scaled)"} | ${ratio.toFixed(2)} | ${row.ratioMax}${ratio > row.ratioMax ? " MISSED" : ""} |`,
  );
  return ratio <= row.ratioMax;
}

function run(script: string, args: readonly string[], binary?: string) {
  const warmUp = script === "floor.ts" ? [] : ["--warm-up", values["warm-up"]];
  const child = Bun.spawnSync(
    [
      process.execPath,
      join(import.meta.dir, script),
      ...args,
      "--seconds",
      values.seconds,
      ...warmUp,
    ],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ...(binary === undefined ? {} : { SPOUT_BINARY: binary }) },
    },
  );
  const output = child.stdout.toString();
  const cost = readCost(output);
  // What the original loses, and it does, is not ours to answer for.
  if (cost === undefined || (child.exitCode !== 0 && binary === undefined)) {
    throw new Error(`${script} ${args.join(" ")} failed:\n${output}`);
  }
  return cost;
}

function rule(type: string, wanted: string, subject: string): string {
  return `[[rule]]\ntype = "${type}"\n${wanted}\nsubject = "out.${subject}"\n`;
}

function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((left, right) => left - right);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
