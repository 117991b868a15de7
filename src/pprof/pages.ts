/** The pages under /debug/pprof/: what a thread spends its processor time on, and what is in its memory. */
import { isIP } from "node:net";

import type { Clock } from "../platform/clock.ts";
import { messageOf, SpoutError } from "../platform/errors.ts";
import type { Pages } from "../platform/http-pages.ts";
import type { FileBytes, Profiler } from "../platform/profiler.ts";
import { howAsked } from "../platform/web-page.ts";
import { readParameters } from "./parameters.ts";

export interface PprofPagesOptions {
  /** Of the threads that there are now, the main one first. */
  readonly profilers: () => readonly Profiler[];
  readonly clock: Clock;
}

export const INDEX_PATH = "/debug/pprof/";

const SECONDS = { min: 1, max: 300, absent: 30 };
/** Each costs memory, and time at the end. Go takes as many in 30 seconds. */
const SAMPLES_MAX = 3000;
/** More often, what is late on a busy machine would look like time in which the thread waited. */
const INTERVAL_MIN_MS = 2;

export function createPprofPages({ profilers, clock }: PprofPagesOptions): Pages {
  const busy = new Set<number>();
  const threadRange = () => ({ min: 0, max: profilers().length - 1, absent: 0 });

  const answer = async (
    thread: number,
    extension: string,
    take: (profiler: Profiler) => Promise<FileBytes>,
  ): Promise<Response> => {
    const profiler = profilers()[thread];
    if (profiler === undefined) return refusal(503, `thread ${thread} has ended`);
    if (busy.has(thread)) {
      const why = `a profile or a snapshot of thread ${thread} is being taken: one at a time`;
      return refusal(409, why);
    }
    busy.add(thread);
    try {
      return file(await take(profiler), thread, extension, clock);
    } catch (error) {
      if (!(error instanceof SpoutError)) throw error;
      return refusal(503, messageOf(error));
    } finally {
      busy.delete(thread);
    }
  };

  const pages: Pages = {
    [INDEX_PATH]: () => plainText(200, indexText(profilers().length)),
    [`${INDEX_PATH}profile`](request) {
      const ranges = { seconds: SECONDS, thread: threadRange() };
      const parameters = readParameters(request.url, ranges);
      if (typeof parameters === "string") return refusal(400, parameters);
      const { signal } = request;
      const totalMs = parameters.seconds * 1000;
      return answer(parameters.thread, "cpuprofile", async (profiler) => {
        await profiler.start(Math.max(INTERVAL_MIN_MS, totalMs / SAMPLES_MAX));
        await timeOrAbort(clock, totalMs, signal);
        return profiler.stop();
      });
    },
    [`${INDEX_PATH}heap`](request) {
      const parameters = readParameters(request.url, { thread: threadRange() });
      if (typeof parameters === "string") return refusal(400, parameters);
      return answer(parameters.thread, "heapsnapshot", (profiler) => profiler.heapSnapshot());
    },
  };
  return Object.fromEntries(Object.entries(pages).map(([path, page]) => [path, guarded(page)]));
}

type Page = Pages[string];

function guarded(page: Page): Page {
  return (request) => {
    if (request.method !== "GET") return plainText(404, "404 page not found\n");
    if (!isAskedByAddress(request)) {
      return refusal(403, "ask for it by localhost or an IP address, not by another name");
    }
    // Another site's script can follow a link without a click, and what is behind one here costs time and memory.
    if (howAsked(request) !== "by-hand") {
      return refusal(
        403,
        "another site may not ask for it: type or paste the address, or use curl",
      );
    }
    return page(request);
  };
}

/** A web page can make its own name mean this machine, and its script in the operator's browser could read the answer. */
function isAskedByAddress(request: Request): boolean {
  const host = request.headers.get("Host");
  if (host === null) return true;
  const name = host.replace(/:\d*$/, "").replace(/^\[(.*)\]$/, "$1");
  return name.toLowerCase() === "localhost" || isIP(name) !== 0;
}

/** Resolves when the time has passed or `signal` says that nobody waits any longer; leaves no timer behind. */
function timeOrAbort(clock: Clock, timeMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const cancel = clock.after(timeMs, resolve);
    signal.addEventListener("abort", () => {
      cancel();
      resolve();
    });
  });
}

function file(bytes: FileBytes, thread: number, extension: string, clock: Clock): Response {
  const time = new Date(clock.nowMs()).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const name = `influx-spout-${time}-thread-${thread}.${extension}`;
  return new Response(bytes, {
    headers: {
      "Content-Type": "application/json",
      "Content-Disposition": `attachment; filename="${name}"`,
      "Cache-Control": "no-store",
    },
  });
}

function refusal(status: number, why: string): Response {
  return plainText(status, `${why}\n`);
}

function plainText(status: number, text: string): Response {
  return new Response(text, { status, headers: { "Content-Type": "text/plain" } });
}

function indexText(threadCount: number): string {
  const threads = threadCount === 1 ? "0, the main one" : `0, the main one, to ${threadCount - 1}`;
  return `Profiles of this process, one thread at a time

${INDEX_PATH}profile?seconds=${SECONDS.absent}&thread=0
    What the thread spends its processor time on, for ${SECONDS.min} to ${SECONDS.max} seconds: a .cpuprofile.
    Open it with Chrome DevTools (Performance), VS Code, or speedscope (https://www.speedscope.app).

${INDEX_PATH}heap?thread=0
    What is in the thread's memory: a .heapsnapshot. Open it with Chrome DevTools (Memory) or VS Code.
    The thread stands still while it is taken, for seconds if there is much: what arrives meanwhile may be lost.
    It needs several times the memory that it describes.
    It holds whatever is in memory, passwords, tokens and lines included: keep it as secret as those.

Threads: ${threads}.
`;
}
