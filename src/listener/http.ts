/**
 * Mode "listener_http": a server that clients of InfluxDB write to. Each body is read to its end before a byte of
 * it goes into the intake, so clients neither wait for one another nor leave half a body behind.
 */
import type { ComponentDeps } from "../config/component.ts";
import type { HttpListenerConfig } from "../config/config.ts";
import { Counters } from "../metrics/counters.ts";
import { formatAddress } from "../platform/bind.ts";
import { earlier, isDoneInTime } from "../platform/deadline.ts";
import { stackOf } from "../platform/errors.ts";
import { type HttpServer, serveHttp } from "../platform/http-server.ts";
import type { Running } from "../platform/lifecycle.ts";
import { throttledByReason } from "../platform/log.ts";
import { senderOf } from "../platform/sender.ts";
import { HTTP_COUNTERS, type HttpCounters } from "./counters.ts";
import { createBodyReader } from "./http-body.ts";
import { SMALL_SHARE } from "./http-room.ts";
import { createRoutes } from "./http-routes.ts";
import { createWrite } from "./http-write.ts";
import { openOutlet } from "./outlet.ts";

export interface HttpListener extends Running {
  /** The port it is bound to, which the system chose if the configuration says 0. */
  readonly port: number;
}

/** Longer than agents pause between writes, so that they can keep their connection; a stalled one ends with it. */
const IDLE_MAX_SECONDS = 120;

/** What requests in flight get of the time to stop; the rest is for the bus. */
const REQUESTS_STOP_SHARE = 0.5;

/** Resolves once the port is bound; the bus connects in the background. Rejects with a SpoutError if it cannot be. */
export async function startHttpListener(
  config: HttpListenerConfig,
  deps: ComponentDeps,
): Promise<HttpListener> {
  const { clock, log } = deps;
  const counters: HttpCounters = new Counters(HTTP_COUNTERS);
  const outlet = openOutlet(config, counters, deps);
  const { bus } = outlet;
  const reportError = throttledByReason(log.error.bind(log), clock);
  let isStopping = false;

  let server: HttpServer | undefined;
  const bodies = createBodyReader({
    bodyMaxBytes: config.bodyMaxBytes,
    // What waits in front of the bus may be as much as what waits in it, and one body always fits.
    totalMaxBytes: Math.max(config.outboundMaxBytes, config.bodyMaxBytes) / (1 - SMALL_SHARE),
    clock,
    senderName: (request) => senderOf(server?.addressOf(request) ?? ""),
  });
  const write = createWrite({
    ...outlet,
    subject: config.subject,
    counters,
    bodies,
    publishedMaxBytes: config.outboundMaxBytes,
    clock,
    log,
  });
  const onError = (error: Error) =>
    reportError(error.message, `cannot answer a request: ${stackOf(error)}`);
  const listening = await serveHttp({
    port: config.port,
    answer: createRoutes(write, onError),
    onError,
    idleMaxSeconds: IDLE_MAX_SECONDS,
    // That limit answers without JSON: ours is judged while reading.
    bodyMaxBytes: Number.MAX_SAFE_INTEGER,
    clock,
    log,
  }).catch(async (error: unknown) => {
    await bus.close(0);
    throw error;
  });
  server = listening;
  const { hostname, port } = listening;
  outlet.announce("HTTP", formatAddress(hostname, port));

  return {
    name: `listener_http "${config.name}"`,
    port,
    ready: () => !isStopping && bus.isReady(),
    metrics: () => outlet.metrics(),
    async stop(deadline) {
      isStopping = true;
      const answered = listening.stop("when answered");
      await isDoneInTime(answered, earlier(deadline, REQUESTS_STOP_SHARE), clock);
      // What is left now has not been answered, so its clients know, and is not taken any more.
      void listening.stop("at once");
      return outlet.close(deadline);
    },
    // A port once bound stays bound.
    failed: new Promise(() => {}),
  };
}
