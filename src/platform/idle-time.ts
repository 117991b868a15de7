/** Tells in a profile when the thread waited. */
import type { Profiler } from "node:inspector";

/**
 * `profile` with samples of "(idle)" in it, as V8 has them. This runtime takes none while a thread waits, and tools
 * count the time up to the next sample for whatever ran last: a thread with little to do would look busy. A sample
 * stands for `intervalUs`, or for more if the next one is less than two away; `tookUs` is the time from start to stop.
 */
export function withIdleTime(
  profile: Profiler.Profile,
  { intervalUs, tookUs }: { readonly intervalUs: number; readonly tookUs: number },
): Profiler.Profile {
  const { samples: given = [], timeDeltas: givenDeltas = [], startTime } = profile;
  const idleId = Math.max(0, ...profile.nodes.map(({ id }) => id)) + 1;
  const samples: number[] = [];
  const timeDeltas: number[] = [];
  let lastUs = 0;
  const add = (sample: number, atUs: number) => {
    samples.push(sample);
    timeDeltas.push(atUs - lastUs);
    lastUs = atUs;
  };

  let atUs = 0;
  let workedUntilUs = 0;
  let idleUs = 0;
  const addIdle = (untilUs: number) => {
    add(idleId, workedUntilUs);
    idleUs += untilUs - workedUntilUs;
  };
  for (const [index, sample] of given.entries()) {
    atUs += givenDeltas[index] ?? 0;
    if (atUs - workedUntilUs >= intervalUs) addIdle(atUs);
    add(sample, atUs);
    workedUntilUs = atUs + intervalUs;
  }
  const endUs = Math.max(atUs, tookUs);
  if (endUs > workedUntilUs) addIdle(endUs);
  // Some tools go by the hits instead: of idle time there are as many as there would be of work.
  const nodes = withIdleNode(profile.nodes, idleId, Math.round(idleUs / intervalUs));
  return { nodes, startTime, endTime: startTime + endUs, samples, timeDeltas };
}

/** The first node is the root. */
function withIdleNode(
  nodes: readonly Profiler.ProfileNode[],
  id: number,
  hitCount: number,
): Profiler.ProfileNode[] {
  const place = { scriptId: "0", url: "", lineNumber: -1, columnNumber: -1 };
  return [
    ...nodes.map((node, index) =>
      index === 0 ? { ...node, children: [...(node.children ?? []), id] } : node,
    ),
    { id, callFrame: { functionName: "(idle)", ...place }, hitCount },
  ];
}
