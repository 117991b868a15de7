/**
 * What a process tells those who watch over it: whether it lives, whether it can do its work, what it has counted.
 * Wraps whatever is started, which knows nothing of it.
 */
import { startBehind } from "../platform/behind-server.ts";
import { type Cancel, type Clock, every } from "../platform/clock.ts";
import { type Pages, servePages } from "../platform/http-pages.ts";
import type { Running } from "../platform/lifecycle.ts";
import type { Log } from "../platform/log.ts";
import type { MetricSet } from "../platform/metric-set.ts";
import { SharedPage } from "../platform/shared-page.ts";

export interface ProbeOptions {
  /** 0: there are no probes. */
  readonly port: number;
  /** The page of metrics, in pieces, and its Content-Type. */
  readonly printMetrics: (sets: readonly MetricSet[]) => Iterable<string>;
  readonly metricsType: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Whoever has to find out whether it is ready does so when asked, and knows the next time. */
const LOOK_INTERVAL_MS = 1000;

/**
 * Answers probes from before `start` is called until what it started has stopped: `/healthz` while the event loop and
 * the threads live, `/readyz` while the work can be done. Rejects with a SpoutError if the port cannot be bound, or with
 * what `start` rejects with.
 */
export async function startWithProbes(
  options: ProbeOptions,
  start: () => Promise<Running>,
): Promise<Running> {
  const { port, clock, log } = options;
  if (port === 0) return start();
  let running: Running | undefined;
  let isStopping = false;
  let stopLooking: Cancel = () => {};
  const metricsPage = new SharedPage({
    print: () => options.printMetrics(running?.metrics() ?? []),
    contentType: options.metricsType,
    clock,
  });
  const pages: Pages = {
    "/healthz": () => verdict(running?.alive?.() ?? true),
    "/readyz": () => verdict(!isStopping && running?.ready() === true),
    "/metrics": (request) => metricsPage.answer(request),
  };
  const server = await servePages(port, pages, { clock, log });
  log.info(`probes and metrics at http://${server.address}`);
  const started = await startBehind(server, start);
  running = started;
  stopLooking = every(clock, LOOK_INTERVAL_MS, () => void started.ready());
  started.ready();
  return {
    ...started,
    stop(deadline) {
      isStopping = true;
      stopLooking();
      return started.stop(deadline);
    },
  };
}

/** In the words of 2.x. */
function verdict(isGood: boolean): Response {
  if (isGood) return new Response(null, { status: 200 });
  return new Response("Service Unavailable\n", {
    status: 503,
    headers: { "Content-Type": "text/plain" },
  });
}
