/** A few pages over HTTP, for machines that ask how the process is doing. */
import { formatAddress } from "./bind.ts";
import type { Clock } from "./clock.ts";
import { pathOf, serveHttp } from "./http-server.ts";
import { type Log, throttled } from "./log.ts";

/** By path. A page answers any method, as it did in 2.x. */
export type Pages = Readonly<Record<string, () => Response>>;

export interface PageServer {
  readonly port: number;
  /** As it is written: `[::]:9331`. */
  readonly address: string;
  /** Ends all connections. */
  stop(): Promise<void>;
}

/** Longer than Prometheus waits from one scrape to the next, so that it can keep its connection. */
const IDLE_MAX_SECONDS = 120;
/** Nobody has anything to send here. */
const BODY_MAX_BYTES = 4096;

/** Resolves once the port is bound; 0 lets the system choose one. Rejects with a SpoutError that names it if it cannot be. */
export async function servePages(
  port: number,
  pages: Pages,
  deps: { readonly clock: Clock; readonly log: Log },
): Promise<PageServer> {
  const reportError = throttled((text) => deps.log.error(text), deps.clock);
  const server = await serveHttp({
    port,
    answer(request) {
      const path = pathOf(request);
      const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
      return page?.() ?? new Response("404 page not found\n", { status: 404 });
    },
    onError: (error) => reportError(`cannot answer a request: ${error.stack ?? error.message}`),
    idleMaxSeconds: IDLE_MAX_SECONDS,
    bodyMaxBytes: BODY_MAX_BYTES,
  });
  const boundPort = server.port ?? port;
  return {
    port: boundPort,
    address: formatAddress(server.hostname ?? "", boundPort),
    stop: () => server.stop(true),
  };
}
