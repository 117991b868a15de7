/** Profiles of a process that runs, for whoever is on the machine. Wraps whatever is started, which knows nothing of it. */
import { startBehind } from "../platform/behind-server.ts";
import type { Clock } from "../platform/clock.ts";
import { serveLocalPages } from "../platform/http-pages.ts";
import type { Running } from "../platform/lifecycle.ts";
import type { Log } from "../platform/log.ts";
import { createProfiler } from "../platform/profiler.ts";
import { createPprofPages, INDEX_PATH } from "./pages.ts";

export interface PprofOptions {
  /** 0: there are no profiles. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Answers on the loopback addresses from before `start` is called until what it started has stopped. Rejects with a
 * SpoutError if the port cannot be bound on either of them, or with what `start` rejects with.
 */
export async function startWithPprof(
  { port, clock, log }: PprofOptions,
  start: () => Promise<Running>,
): Promise<Running> {
  if (port === 0) return start();
  let running: Running | undefined;
  const ownProfiler = createProfiler(clock);
  const profilers = () => [ownProfiler, ...(running?.threadProfilers?.() ?? [])];
  const server = await serveLocalPages(port, createPprofPages({ profilers, clock }), {
    clock,
    log,
  });
  const urls = server.addresses.map((address) => `http://${address}${INDEX_PATH}`);
  log.info(`profiles at ${urls.join(" and ")}`);
  return startBehind(server, async () => {
    running = await start();
    return running;
  });
}
