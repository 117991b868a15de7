/** Which request goes where on the HTTP listener's port. */
import { Hono } from "hono";

import { pathOf } from "../platform/http-server.ts";
import { failure, INFLUXDB_VERSION, json, noContent } from "./http-answers.ts";
import type { Write } from "./http-write.ts";

/** Answers any request. `onError` hears of what should not have been thrown; the client is told 500. */
export function createRoutes(
  write: Write,
  onError: (error: Error) => void,
): (request: Request) => Response | Promise<Response> {
  const app = new Hono({ getPath: pathOf });
  app.all("/write", (context) => wrongMethod(context.req.raw, "POST"));
  // HEAD comes as GET, and hono leaves the body out.
  app.get("/ping", (context) => ping(context.req.raw, parameterOf(context.req.raw, "verbose")));
  app.all("/ping", (context) => wrongMethod(context.req.raw, "GET, HEAD"));
  app.notFound((context) => failure(context.req.raw, 404, "not found"));
  const fail = (error: Error, request: Request): Response => {
    onError(error);
    return failure(request, 500, "internal error");
  };
  app.onError((error, context) => fail(error, context.req.raw));
  return (request) => {
    // Nearly all requests are writes, and hono's way to them costs a twentieth of what a small body does.
    if (request.method !== "POST" || pathOf(request) !== "/write") return app.fetch(request);
    return write(request, parameterOf(request, "precision")).catch((error: Error) =>
      fail(error, request),
    );
  };
}

/** The first value of a parameter in the query, empty if there is none. The URL begins with what the Host header says. */
function parameterOf({ url }: Request, name: string): string {
  const start = url.indexOf("?");
  if (start === -1 || (!url.includes(name, start) && !url.includes("%", start))) return "";
  return new URLSearchParams(url.slice(start + 1)).get(name) ?? "";
}

function ping(request: Request, verbose: string): Response {
  const isVerbose = verbose !== "" && verbose !== "0" && verbose !== "false";
  return isVerbose ? json(request, { version: INFLUXDB_VERSION }) : noContent(request);
}

function wrongMethod(request: Request, allowed: string): Response {
  return failure(request, 405, "method not allowed", { Allow: allowed });
}
