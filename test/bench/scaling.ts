/**
 * What a line costs as the work grows, in six tables: `bun test/bench/scaling.ts [--seconds 3] [--smoke]` (for each
 * value). Writes `results/scaling.md` and `results/scaling.svg`; with `--smoke` only the ends of each table are run, at
 * a low rate, and nothing is written. Fails if a line is lost.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";

import { buildBinary } from "../support/binary.ts";
import { readCost } from "./cost.ts";
import { type Chart, plotSvg, type Point, printFigure } from "./plot.ts";
import { describeMachine } from "./process-usage.ts";

interface Table {
  /** What grows. */
  readonly title: string;
  readonly xLabel: string;
  readonly unit: string;
  readonly isLogarithmic: boolean;
  readonly values: readonly number[];
  readonly script: "filter.ts" | "listener.ts";
  readonly args: (value: number) => string;
}

/**
 * Lines or datagrams a second, in all tables, so that only one thing grows: as many as two cores keep of the longest
 * lines and of the smallest messages, with nats-server and the generator on them.
 */
const RATE = 100_000;
/** Until what runs most is compiled. */
const WARM_UP_SECONDS = 2;
const SMOKE = { rate: 5000, seconds: 0.3, warmUpSeconds: 0 };
const RESULTS = join(import.meta.dir, "results");

const FILTER = { script: "filter.ts", unit: "µs CPU a line", isLogarithmic: true } as const;
const TABLES: readonly Table[] = [
  {
    ...FILTER,
    title: "Line length",
    xLabel: "bytes a line",
    isLogarithmic: false,
    values: [60, 220, 440, 660, 880],
    args: (value) => `--length ${value}`,
  },
  {
    ...FILTER,
    title: "Lines per message",
    xLabel: "lines a message",
    values: [1, 10, 100, 1000],
    args: (value) => `--lines ${value}`,
  },
  {
    ...FILTER,
    title: "Rules",
    xLabel: "basic rules",
    values: [10, 100, 1000, 10_000],
    args: (value) => `--rules ${value}`,
  },
  {
    ...FILTER,
    title: "Output subjects",
    xLabel: "subjects, in turns",
    values: [1, 3, 10, 30, 100],
    args: (value) => `--rules 100 --subjects ${value}`,
  },
  {
    ...FILTER,
    title: "Filter workers",
    xLabel: "workers",
    values: [1, 2, 4, 8],
    args: (value) => `--workers ${value}`,
  },
  {
    script: "listener.ts",
    title: "Senders",
    xLabel: "UDP sockets that send",
    unit: "µs CPU a datagram",
    isLogarithmic: true,
    values: [1, 2, 4, 8],
    args: (value) => `--lines 1 --batch 100 --senders ${value}`,
  },
];

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "3" },
    smoke: { type: "boolean", default: false },
  },
});
const { rate, seconds, warmUpSeconds } = options.smoke
  ? SMOKE
  : { rate: RATE, seconds: Number(options.seconds), warmUpSeconds: WARM_UP_SECONDS };

const charts: Chart[] = [];
const rows: string[] = [];
const binary = await buildBinary();
for (const table of TABLES) {
  const values = options.smoke ? [table.values[0] ?? 0, table.values.at(-1) ?? 0] : table.values;
  const points: Point[] = [];
  for (const x of values) {
    const y = measure(table, x);
    points.push({ x, y });
    rows.push(printRow(table, x, y));
    console.log(rows.at(-1));
  }
  charts.push({ ...table, yLabel: table.unit, points });
}
const svg = plotSvg(charts);
if (!options.smoke) {
  await Bun.write(join(RESULTS, "scaling.svg"), svg);
  await Bun.write(join(RESULTS, "scaling.md"), printResults());
}

/** Throws if the benchmark failed, with what it printed. */
function measure({ script, args, unit }: Table, value: number): number {
  const { exitCode, stdout } = Bun.spawnSync(
    [
      process.execPath,
      join(import.meta.dir, script),
      ...args(value).split(" "),
      ...["--rate", String(rate), "--seconds", String(seconds), "--warm-up", String(warmUpSeconds)],
    ],
    { env: { ...process.env, SPOUT_BINARY: binary }, stdio: ["ignore", "pipe", "inherit"] },
  );
  const printed = stdout.toString();
  const cost = readCost(printed);
  if (exitCode !== 0 || cost?.unit !== unit) throw new Error(`${script} failed:\n${printed}`);
  return cost.figure;
}

function printRow({ title, xLabel, unit }: Table, x: number, y: number): string {
  return `| ${title} | ${x.toLocaleString("en-US")} ${xLabel} | ${printFigure(y)} ${unit} |`;
}

function printResults(): string {
  return [
    "# What a line costs as the work grows",
    "",
    `\`bun test/bench/scaling.ts --seconds ${seconds}\` on ${describeMachine()}.`,
    `${rate.toLocaleString("en-US")} lines a second (or datagrams, of one line); nats-server, the generator and a subscriber share the machine;`,
    "no line was lost. Where the table does not say otherwise, a filter of one thread with 10 basic rules (100, where subjects grow)",
    "for 10 subjects gets messages of 100 lines of 110 bytes.",
    "",
    "![the tables as charts](scaling.svg)",
    "",
    "| what grows | value | cost |",
    "| --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}
