/**
 * The order in which the components of one process start and stop. It is that of the lines: whoever publishes stops before those
 * who read it, and starts behind them, so that nothing is handed to somebody who is not there. Who reads the metrics is there for
 * the last ones of all others, as far as the lines' order lets them.
 */
import type { ComponentConfig } from "./config.ts";
import { circlesOf, reachOf, readersOf, readsMetrics } from "./flow.ts";

export interface Stage {
  /** In the order of the file. */
  readonly members: readonly ComponentConfig[];
  /** Of the time to stop, in proportion to the other stages. */
  readonly stopWeight: number;
  /** True if they hand lines to one another: no order is right. Otherwise nothing goes from one to another. */
  readonly isCircle: boolean;
}

/** Metrics are few, and every interval they come again: writing the last ones needs next to no time. */
const METRICS_WEIGHT = 0.05;
const LINES_WEIGHT = 1;

/** In the order of starting: sinks first. A circle is a stage of its own. */
export function stagesOf(components: readonly ComponentConfig[]): readonly Stage[] {
  const readers = readersOf(components);
  const circles = circlesOf(readers);
  const isLate = (number: number) => readsOnlyMetrics(number, components, readers);
  const weightOf = (numbers: readonly number[]) =>
    numbers.every(isLate) ? METRICS_WEIGHT : LINES_WEIGHT;
  const following = withMetrics(components, readers);
  const heights = heightsOf(following, circles, components);
  const inCircles = new Set(circles.flat());
  return [...new Set(heights)]
    .sort((one, other) => one - other)
    .flatMap((height) => {
      const level = [...heights.keys()].filter((number) => heights[number] === height);
      const plain = level.filter((number) => !inCircles.has(number));
      const round = circles.filter(([first]) => first !== undefined && level.includes(first));
      return [...round, ...(plain.length > 0 ? [plain] : [])];
    })
    .map((numbers) => ({
      members: numbers.flatMap((number) => components[number] ?? []),
      stopWeight: weightOf(numbers),
      isCircle: circles.includes(numbers),
    }));
}

/** The readers of each, those of its metrics added where that makes no circle. */
function withMetrics(
  components: readonly ComponentConfig[],
  readers: readonly Set<number>[],
): readonly Set<number>[] {
  const following = readers.map((each) => new Set(each));
  const isWriter = (number: number) => components[number]?.mode === "writer";
  // What a writer has taken stays; what a monitor shows is gone with it. So writers come first, and are the last to stop.
  const numbers = [...components.keys()].sort((one, other) => +isWriter(other) - +isWriter(one));
  for (const reader of numbers) {
    const behind = reachOf(reader, following);
    for (const [number, { monitorSubject }] of components.entries()) {
      const component = components[reader];
      if (number === reader || behind.has(number) || component === undefined) continue;
      if (readsMetrics(component, monitorSubject)) following[number]?.add(reader);
    }
  }
  return following;
}

function readsOnlyMetrics(
  number: number,
  components: readonly ComponentConfig[],
  readers: readonly Set<number>[],
): boolean {
  const component = components[number];
  if (component?.mode === "monitor") return true;
  if (component?.mode !== "writer" || readers.some((each) => each.has(number))) return false;
  const metrics = new Set(components.map(({ monitorSubject }) => monitorSubject));
  return component.subjects.every((subject) => metrics.has(subject));
}

/** How many stages there are behind each component; listeners stand in front of all, so that all sockets close first. */
function heightsOf(
  following: readonly Set<number>[],
  circles: readonly (readonly number[])[],
  components: readonly ComponentConfig[],
): readonly number[] {
  const heights = new Map<number, number>();
  const heightOf = (number: number): number => {
    const known = heights.get(number);
    if (known !== undefined) return known;
    const together = circles.find((circle) => circle.includes(number)) ?? [number];
    const behind = together
      .flatMap((member) => [...(following[member] ?? [])])
      .filter((next) => !together.includes(next));
    const height = Math.max(0, ...behind.map((next) => heightOf(next) + 1));
    for (const member of together) heights.set(member, height);
    return height;
  };
  const own = components.map((_, number) => heightOf(number));
  const highest = Math.max(0, ...own);
  return components.map(({ mode }, number) =>
    mode === "listener" || mode === "listener_http" ? highest : (own[number] ?? 0),
  );
}
