/**
 * How much memory a writer takes in front of an InfluxDB in trouble, and that it is no more in the second half of the time than
 * in the first: `bun test/bench/writer-memory.ts [--trouble slow|failing|hanging|deaf] [--seconds 60] [--rate 100]`
 * (messages of 100 KB a second). Without --trouble, all of them in turn, each with a writer of its own. Prints what is
 * resident every few seconds, then the plateau and the writer's counters; fails if there is no plateau.
 */
import { parseArgs } from "node:util";

import type { Temper } from "../support/slow-influxd.ts";
import { watchWriterMemory } from "../support/watch-memory.ts";
import { describeMachine } from "./process-usage.ts";

const TROUBLES: Readonly<Record<string, Partial<Temper>>> = {
  slow: { delayMs: 3000 },
  failing: { status: 503 },
  hanging: { trouble: "hang" },
  deaf: { trouble: "deaf" },
};

const FIGURES = 12;
/** Freed memory goes back in steps, not at once. */
const SLACK = 1.15;

const { values } = parseArgs({
  options: {
    trouble: { type: "string" },
    seconds: { type: "string", default: "60" },
    rate: { type: "string", default: "100" },
    toml: { type: "string", default: "" },
  },
});
const troubles = values.trouble === undefined ? Object.keys(TROUBLES) : [values.trouble];

console.log(describeMachine());
for (const trouble of troubles) {
  const hasPlateau = await watch(trouble);
  if (!hasPlateau) process.exitCode = 1;
}

/** False if memory still grows in the second half. */
async function watch(trouble: string): Promise<boolean> {
  const temper = TROUBLES[trouble];
  if (temper === undefined) throw new Error(`--trouble: one of ${Object.keys(TROUBLES).join(" ")}`);
  const seconds = Number(values.seconds);
  const { residentBytes, counts } = await watchWriterMemory({
    temper,
    toml: values.toml.replaceAll(";", "\n"),
    messagesPerSecond: Number(values.rate),
    seconds,
  });
  const resident = residentBytes.map((bytes) => Math.round(bytes / 1024 ** 2));
  const [first, second] = halves(resident).map((half) => Math.max(...half)) as [number, number];
  console.log(
    `\n${trouble}, MB resident every ${seconds / FIGURES} s: ${everyFew(resident).join(" ")}`,
  );
  console.log(`at most ${first} MB in the first half, ${second} MB in the second`);
  const told = Object.entries(counts).filter(([, count]) => count > 0);
  console.log(told.map(([name, count]) => `${name} ${count}`).join(", "));
  if (second <= first * SLACK) return true;
  console.log("NO PLATEAU");
  return false;
}

function halves<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const middle = Math.floor(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

/** The first, the last, and others at equal distances between them. */
function everyFew(items: readonly number[]): readonly (number | undefined)[] {
  return Array.from({ length: FIGURES + 1 }, (_, figure) =>
    items.at(Math.round((figure / FIGURES) * (items.length - 1))),
  );
}
