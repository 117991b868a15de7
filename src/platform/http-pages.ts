/** A few pages over HTTP, for whoever asks how the process is doing. */
import { formatAddress } from "./bind.ts";
import type { Clock } from "./clock.ts";
import { stackOf } from "./errors.ts";
import {
  type HttpServer,
  type HttpServerOptions,
  pathOf,
  serveHttp,
  serveHttpLocally,
} from "./http-server.ts";
import { type Log, throttledByReason } from "./log.ts";
import { howAsked, protect } from "./web-page.ts";

/**
 * By path. A page is asked whatever the method is: those of 2.x answered any. None is asked for another site's page, and
 * none of them says that such a page may read it.
 */
export type Pages = Readonly<Record<string, (request: Request) => Response | Promise<Response>>>;

export interface PageServer {
  readonly port: number;
  /** As it is written: `[::]:9331`. */
  readonly address: string;
  /** Ends all connections. */
  stop(): Promise<void>;
}

export interface LocalPageServer {
  /** One or two, as they are written: `127.0.0.1:6060`, `[::1]:6060`. */
  readonly addresses: readonly string[];
  /** Ends all connections. */
  stop(): Promise<void>;
}

interface PageDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/** Longer than Prometheus waits from one scrape to the next, so that it can keep its connection. */
const IDLE_MAX_SECONDS = 120;
/** Nobody has anything to send here. */
const BODY_MAX_BYTES = 4096;

/**
 * On all interfaces. Resolves once the port is bound; 0 lets the system choose one. Rejects with a SpoutError that names
 * it if it cannot be.
 */
export async function servePages(port: number, pages: Pages, deps: PageDeps): Promise<PageServer> {
  const server = await serveHttp(serverOptions(port, pages, IDLE_MAX_SECONDS, deps));
  return {
    port: server.port,
    address: addressOf(server),
    stop: () => server.stop("at once"),
  };
}

/**
 * For clients on this machine alone, and pages that may take their time. Resolves once one of the loopback addresses is
 * bound at least. Rejects with a SpoutError that names the port if none can be.
 */
export async function serveLocalPages(
  port: number,
  pages: Pages,
  deps: PageDeps,
): Promise<LocalPageServer> {
  const servers = await serveHttpLocally(serverOptions(port, pages, 0, deps));
  return {
    addresses: servers.map(addressOf),
    async stop() {
      await Promise.all(servers.map((server) => server.stop("at once")));
    },
  };
}

function serverOptions(
  port: number,
  pages: Pages,
  idleMaxSeconds: number,
  { clock, log }: PageDeps,
): HttpServerOptions {
  const reportError = throttledByReason((text) => log.error(text), clock);
  return {
    port,
    answer: async (request) => protect(await answer(request, pages)),
    onError: (error) => reportError(error.message, `cannot answer a request: ${stackOf(error)}`),
    idleMaxSeconds,
    bodyMaxBytes: BODY_MAX_BYTES,
    clock,
    log,
  };
}

function answer(request: Request, pages: Pages): Response | Promise<Response> {
  if (howAsked(request) === "by-page") {
    return new Response("a page of another site may not ask for this\n", { status: 403 });
  }
  const path = pathOf(request);
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  return page?.(request) ?? new Response("404 page not found\n", { status: 404 });
}

function addressOf({ hostname, port }: HttpServer): string {
  return formatAddress(hostname, port);
}
