/** A server for HTTP, the same for all that answer it. */
import { bindAllAddresses, bindLoopback } from "./bind.ts";
import type { Clock } from "./clock.ts";
import { guardDescriptors } from "./descriptor-guard.ts";
import type { Log } from "./log.ts";

export interface HttpServerOptions {
  readonly port: number;
  readonly answer: (request: Request) => Response | Promise<Response>;
  /** Told what `answer` throws; the client is told 500. */
  readonly onError: (error: Error) => void;
  /** A connection on which nothing happens for longer is closed; 0: never. */
  readonly idleMaxSeconds: number;
  /** A larger body is answered with 413, without text: for those who say more, this is above what they take. */
  readonly bodyMaxBytes: number;
  readonly clock: Clock;
  readonly log: Log;
}

export interface HttpServer {
  readonly port: number;
  readonly hostname: string;
  /** Whoever sent `request`; empty if its connection has ended. */
  addressOf(request: Request): string;
  /**
   * Takes no more connections. Resolves when all have ended: at once, or each when the request on it has been answered.
   * It may be called again.
   */
  stop(when: "at once" | "when answered"): Promise<void>;
}

/** On all interfaces. Resolves once the port is bound. Rejects with a SpoutError that names it if it cannot be. */
export function serveHttp(options: HttpServerOptions): Promise<HttpServer> {
  return bindAllAddresses("TCP", options.port, (hostname) => serveAt(hostname, options));
}

/** For clients on this machine alone: a server for each loopback address that can be bound. Rejects if none can be. */
export function serveHttpLocally(options: HttpServerOptions): Promise<readonly HttpServer[]> {
  return bindLoopback("TCP", options.port, (hostname) => serveAt(hostname, options));
}

/** A request of HTTP/1.0 may lack a Host, and its URL is then the path and the query alone. */
export function pathOf(request: Request): string {
  const { url } = request;
  const start = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("://") + 3);
  const query = url.indexOf("?", start);
  return url.slice(start, query === -1 ? url.length : query);
}

function serveAt(hostname: string, options: HttpServerOptions): HttpServer {
  const { answer, onError, idleMaxSeconds, bodyMaxBytes, clock, log } = options;
  const server = Bun.serve({
    hostname,
    port: options.port,
    fetch: answer,
    error(error) {
      onError(error);
      return new Response("internal error\n", { status: 500 });
    },
    idleTimeout: idleMaxSeconds,
    maxRequestBodySize: bodyMaxBytes,
    development: false,
    // Bun shares the port as soon as `development` is off: a second server would take half of the requests.
    reusePort: false,
  });
  const port = server.port ?? options.port;
  const cancelGuard = guardDescriptors({ port, clock, log });
  return {
    port,
    hostname: server.hostname ?? hostname,
    addressOf: (request) => server.requestIP(request)?.address ?? "",
    stop(when) {
      cancelGuard();
      return server.stop(when === "at once");
    },
  };
}
