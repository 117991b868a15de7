/** Which benchmarks there are, by size, with the load that they are run at. */

export type SuiteName = "small" | "medium" | "large";

export interface Benchmark {
  /** What it is called in tables. */
  readonly name: string;
  /** In this folder. */
  readonly script: string;
  readonly args: readonly string[];
  /** Instead, for seeing in seconds that it still runs. */
  readonly smokeArgs?: readonly string[];
}

const row = (name: string, script: string, text: string, smokeText?: string): Benchmark => ({
  name,
  script,
  args: words(text),
  ...(smokeText === undefined ? {} : { smokeArgs: words(smokeText) }),
});

const words = (text: string) => text.split(" ").filter((word) => word !== "");

/** One second at a rate that any machine keeps. */
const udp = (name: string, args: string) =>
  row(name, "listener.ts", args, `${args} --rate 2000 --seconds 1 --warm-up 0`);
const http = (name: string, args: string) =>
  row(name, "http-listener.ts", args, `${args} --seconds 1 --warm-up 0`);
const filter = (name: string, args: string) =>
  row(name, "filter.ts", args, `${args} --rate 20000 --seconds 1 --warm-up 0`);

export const SUITES: Readonly<Record<SuiteName, readonly Benchmark[]>> = {
  small: [row("functions of the hot path", "line.ts", ""), row("tags", "tags.ts", "", "--smoke")],
  medium: [
    udp("UDP, 10 lines, 50,000/s", "--rate 50000 --lines 10 --batch 10"),
    udp("UDP, 10 lines, 100,000/s", "--rate 100000 --lines 10 --batch 10"),
    udp("UDP, 10 lines, 150,000/s", "--rate 150000 --lines 10 --batch 10"),
    udp("UDP, 1 line, 100,000/s", "--rate 100000 --lines 1 --batch 100"),
    udp("UDP, 1 line, 300,000/s", "--rate 300000 --lines 1 --batch 100"),
    http("HTTP, 1 line", "--lines 1"),
    http("HTTP, 100 lines", "--lines 100"),
    http("HTTP, 5,000 lines", "--lines 5000"),
    filter("filter, 10 rules, 1 worker", "--rules 10 --workers 1 --rate 1000000"),
    filter("filter, 10 rules, 2 workers", "--rules 10 --workers 2 --rate 1000000"),
    filter("filter, 10 rules, 8 workers", "--rules 10 --workers 8 --rate 1000000"),
    filter("filter, 1,000 rules, 1 worker", "--rules 1000 --workers 1 --rate 1000000"),
    row("writer", "writer.ts", "--rate 200000", "--rate 20000 --seconds 1 --warm-up 0"),
    row("starting", "start.ts", "", "--smoke"),
  ],
  large: [
    row(
      "standalone, 1,000,000 lines/s",
      "standalone.ts",
      "--rate 100000",
      "--rate 2000 --seconds 1",
    ),
    row(
      "standalone, 1,500,000 lines/s",
      "standalone.ts",
      "--rate 150000",
      "--rate 2000 --seconds 1",
    ),
    row("what a line costs as the work grows", "scaling.ts", "", "--smoke"),
    row("how long a line is under way", "latency.ts", "", "--smoke"),
    row("what the shape of lines costs", "shapes.ts", "", "--smoke"),
  ],
};

export function suiteNamed(name: string | undefined): readonly Benchmark[] {
  if (name !== undefined && Object.hasOwn(SUITES, name)) return SUITES[name as SuiteName];
  console.error(`expected small, medium or large, got ${name ?? "nothing"}`);
  process.exit(2);
}
