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
  app.post("/write", (context) => write(context.req.raw, context.req.query("precision") ?? ""));
  app.all("/write", (context) => wrongMethod(context.req.raw, "POST"));
  // HEAD comes as GET, and hono leaves the body out.
  app.get("/ping", (context) => ping(context.req.raw, context.req.query("verbose") ?? ""));
  app.all("/ping", (context) => wrongMethod(context.req.raw, "GET, HEAD"));
  app.notFound((context) => failure(context.req.raw, 404, "not found"));
  app.onError((error, context) => {
    onError(error);
    return failure(context.req.raw, 500, "internal error");
  });
  return (request) => app.fetch(request);
}

function ping(request: Request, verbose: string): Response {
  const isVerbose = verbose !== "" && verbose !== "0" && verbose !== "false";
  return isVerbose ? json(request, { version: INFLUXDB_VERSION }) : noContent(request);
}

function wrongMethod(request: Request, allowed: string): Response {
  return failure(request, 405, "method not allowed", { Allow: allowed });
}
