/** Asks a process for its profiles, and reads them. */
import type { Profiler } from "node:inspector";

export interface Pprof {
  /** The functions that a thread was seen in, or that called those, as `name file:line`, over `seconds`. */
  functionsOf(thread: number, seconds?: number): Promise<readonly string[]>;
  /** The functions of as many profiles as it takes until each pattern has matched one, or there were enough. */
  functionsUntil(thread: number, wanted: readonly RegExp[]): Promise<readonly string[]>;
  /** The texts in the snapshot of a thread: names of classes and functions are among them. */
  textsIn(thread: number): Promise<readonly string[]>;
  /** The status and, where it is no file, the text. */
  ask(path: string, init?: RequestInit): Promise<string>;
}

/** Each takes a second. A sample every two milliseconds may miss what is done in microseconds. */
const PROFILES_MAX = 15;

interface HeapSnapshot {
  readonly snapshot: {
    readonly meta: { readonly node_fields: readonly string[] };
    readonly node_count: number;
  };
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
}

export function pprofAt(port: number): Pprof {
  const get = async (path: string, init: RequestInit = {}) => {
    return fetch(`http://127.0.0.1:${port}/debug/pprof/${path}`, init);
  };
  const fileAt = async (path: string) => {
    const answer = await get(path);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as unknown;
  };
  const functionsOf = async (thread: number, seconds = 1) => {
    const path = `profile?seconds=${seconds}&thread=${thread}`;
    return functionsIn((await fileAt(path)) as Profiler.Profile);
  };
  return {
    functionsOf,
    async functionsUntil(thread, wanted) {
      const functions: string[] = [];
      for (let count = 0; count < PROFILES_MAX; count++) {
        functions.push(...(await functionsOf(thread)));
        if (wanted.every((pattern) => functions.some((name) => pattern.test(name)))) break;
      }
      return functions;
    },
    async textsIn(thread) {
      const { snapshot, nodes, strings } = (await fileAt(`heap?thread=${thread}`)) as HeapSnapshot;
      const { meta, node_count } = snapshot;
      if (nodes.length !== node_count * meta.node_fields.length) throw new Error("it is cut off");
      return strings;
    },
    async ask(path, init) {
      const answer = await get(path, init);
      const isFile = answer.headers.has("Content-Disposition");
      return isFile ? `${answer.status} file` : `${answer.status} ${await answer.text()}`;
    },
  };
}

function functionsIn({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): string[] {
  if (samples.length !== timeDeltas.length) throw new Error("samples and times do not match");
  const ids = new Set(nodes.map(({ id }) => id));
  if (samples.some((sample) => !ids.has(sample))) throw new Error("a sample is of no node");
  return nodes.map(({ callFrame: { functionName, url } }) => `${functionName} ${url}`);
}
