/**
 * Entry point of one thread of the filter: its own bus connection in the queue group and its own router, nothing
 * shared. The component (`filter.ts`, on the main thread) starts it, hears what it counts, and stops it.
 */
import { createOpenBus } from "../bus/open.ts";
import type { FilterConfig } from "../config/config.ts";
import { every, systemClock } from "../platform/clock.ts";
import { messageOf, stackOf } from "../platform/errors.ts";
import { deadlineIn } from "../platform/lifecycle.ts";
import type { Log } from "../platform/log.ts";
import { createCollector } from "../platform/memory.ts";
import { Naps } from "../platform/naps.ts";
import { createProfiler, type Profiler } from "../platform/profiler.ts";
import { adoptRuntimeMessages } from "../platform/runtime-messages.ts";
import { DropRelay } from "./drop-relay.ts";
import type { AskProfiler, FromThread, StartThread, ToThread } from "./messages.ts";
import { FilterPart } from "./part.ts";

declare const self: Worker;

const REPORT_INTERVAL_MS = 250;

/** How long a thread rests while messages follow one another: so much later they leave. */
const NAP_MS = 4;

/** Used-up memory of all threads together, and the least on one of them, at which it is collected. */
const COLLECT_ALL_BYTES = 64 * 1024 * 1024;
const COLLECT_MIN_BYTES = 8 * 1024 * 1024;

/** Set before anything is awaited: what is posted to a thread without a handler is lost. */
self.onmessage = ({ data: { config } }: MessageEvent<StartThread>) => {
  const started = start(config);
  const profiler = createProfiler(systemClock);
  self.onmessage = ({ data }: MessageEvent<ToThread>) => {
    if (data.kind === "stop") void stop(started, data.remainingMs);
    else void askProfiler(profiler, data);
  };
};

interface Started {
  readonly part: FilterPart;
  readonly drops: DropRelay;
}

function start(config: FilterConfig): Started {
  const clock = systemClock;
  const log = logToComponent(config.debug);
  const drops = new DropRelay();
  const openBus = createOpenBus(config.nats, { clock, log });
  let reportedMs = 0;
  const report = () => {
    reportedMs = clock.monotonicMs();
    tellDropped(drops);
    post({ kind: "report", ready: part.ready(), totals: part.totals() });
  };
  const collectEveryBytes = Math.max(COLLECT_MIN_BYTES, COLLECT_ALL_BYTES / config.workers);
  const collect = createCollector(collectEveryBytes);
  const naps = new Naps(NAP_MS);
  const part = new FilterPart({
    config,
    openBus,
    clock,
    log,
    drops,
    onReady: report,
    // No timer fires meanwhile, and who is not heard of counts as hanging.
    onWorking: () => {
      if (clock.monotonicMs() - reportedMs >= REPORT_INTERVAL_MS) report();
    },
    onRouted: (bytes) => {
      naps.took(bytes);
      collect(bytes);
    },
  });

  const die = async (thrown: unknown) => {
    // With no time to stop in, what it holds is counted as dropped or lost.
    await part.stop(deadlineIn(clock, 0));
    tellDropped(drops);
    post({ kind: "died", reason: stackOf(thrown), totals: part.totals() });
    process.exit(1);
  };
  adoptRuntimeMessages(log, clock, (thrown) => void die(thrown));
  every(clock, REPORT_INTERVAL_MS, report);
  return { part, drops };
}

async function stop({ part, drops }: Started, remainingMs: number): Promise<void> {
  const { lostLines } = await part.stop(deadlineIn(systemClock, remainingMs));
  tellDropped(drops);
  post({ kind: "stopped", lostLines, totals: part.totals() });
  process.exit(0);
}

/** Whatever goes wrong is for the one who asked: lines are more important than profiles. */
async function askProfiler(profiler: Profiler, ask: AskProfiler): Promise<void> {
  const { kind, id, method, intervalMs } = ask;
  try {
    const bytes = (await profiler[method](intervalMs)) ?? new Uint8Array();
    self.postMessage({ kind, id, bytes, problem: "" } satisfies FromThread, [bytes.buffer]);
  } catch (error) {
    post({ kind, id, bytes: new Uint8Array(), problem: messageOf(error) });
  }
}

/** The component writes the log. What is normal (connected) it says for all threads: they say it with `debug` alone. */
function logToComponent(debug: boolean): Log {
  const at = (level: keyof Log) => (text: string) => post({ kind: "log", level, text });
  const whenDebugging = debug ? at("debug") : () => {};
  return { debug: whenDebugging, info: whenDebugging, warn: at("warn"), error: at("error") };
}

function tellDropped(drops: DropRelay): void {
  const dropped = drops.take();
  if (dropped.length > 0) post({ kind: "dropped", dropped });
}

function post(message: FromThread): void {
  self.postMessage(message);
}
