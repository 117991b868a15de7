/** Who publishes lines for whom among the components of one process. Metrics are not among them. */
import { subjectMatches } from "../bus/subject.ts";
import type { ComponentConfig } from "./config.ts";

/** The subjects that its lines leave on. */
function linesOut(component: ComponentConfig): readonly string[] {
  switch (component.mode) {
    case "listener":
    case "listener_http":
      return [component.subject];
    case "filter":
      return [...component.rules.map(({ subject }) => subject), component.junkyardSubject];
    case "downsampler":
      return component.subjects.map((subject) => `${subject}${component.suffix}`);
    case "writer":
    case "monitor":
      return [];
  }
}

/** The subjects that it reads, perhaps with wildcards. */
function subjectsIn(component: ComponentConfig): readonly string[] {
  switch (component.mode) {
    case "listener":
    case "listener_http":
      return [];
    case "filter":
      return [component.subject];
    case "downsampler":
    case "writer":
      return component.subjects;
    case "monitor":
      return [component.monitorSubject];
  }
}

/** True if it reads what the others tell of themselves on `monitorSubject`. */
export function readsMetrics(component: ComponentConfig, monitorSubject: string): boolean {
  return subjectsIn(component).some((pattern) => subjectMatches(pattern, monitorSubject));
}

/** By component, its readers: the numbers of those that its lines go to, itself left out. */
export function readersOf(components: readonly ComponentConfig[]): readonly Set<number>[] {
  const publishers = new Map<string, number[]>();
  for (const [number, component] of components.entries()) {
    for (const subject of new Set(linesOut(component))) {
      publishers.set(subject, [...(publishers.get(subject) ?? []), number]);
    }
  }
  const readers = components.map(() => new Set<number>());
  for (const [reader, component] of components.entries()) {
    for (const pattern of subjectsIn(component)) {
      for (const [subject, numbers] of publishers) {
        if (!subjectMatches(pattern, subject)) continue;
        for (const number of numbers) if (number !== reader) readers[number]?.add(reader);
      }
    }
  }
  return readers;
}

/** All that lines of the component `from` may come to, by way of others as well. It is among them only if it is in a circle. */
export function reachOf(from: number, readers: readonly Set<number>[]): Set<number> {
  const reach = new Set<number>();
  const ways = [...(readers[from] ?? [])];
  for (let next = ways.pop(); next !== undefined; next = ways.pop()) {
    if (reach.has(next)) continue;
    reach.add(next);
    ways.push(...(readers[next] ?? []));
  }
  return reach;
}

/** Those that hand lines to one another, the first of each circle first. Empty where nobody does, as it should be. */
export function circlesOf(readers: readonly Set<number>[]): readonly (readonly number[])[] {
  const reaches = readers.map((_, number) => reachOf(number, readers));
  const seen = new Set<number>();
  return reaches.flatMap((reach, number) => {
    if (!reach.has(number) || seen.has(number)) return [];
    const circle = [...reach].filter((other) => reaches[other]?.has(number)).sort((a, b) => a - b);
    for (const member of circle) seen.add(member);
    return [circle];
  });
}
