/**
 * An InfluxDB in trouble: slow, failing, hanging or breaking off, as it is told. By hand:
 *
 *     bun test/support/slow-influxd.ts [--port 8086] [--delay 30s] [--status 204] [--trouble hang|deaf|close]
 *     curl -XPOST 'localhost:8086/temper?delay=2s&status=503&retry_after=5'      # from now on; the rest is as it was
 *     curl localhost:8086/counts
 *
 * It keeps no line, so it can run for hours.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";

import { parseDuration } from "../../src/platform/units.ts";

/** How writes are answered. */
export interface Temper {
  /** This long after the request is there. */
  delayMs: number;
  status: number;
  /** The Retry-After header; "" for none. */
  retryAfter: string;
  /** A larger request is answered with 413. */
  bodyMaxBytes: number;
  /** Reads the request and never answers; does not even read it; closes the connection instead of answering. */
  trouble: "none" | "hang" | "deaf" | "close";
}

export const CALM: Temper = {
  delayMs: 0,
  status: 204,
  retryAfter: "",
  bodyMaxBytes: Infinity,
  trouble: "none",
};

export interface Counts {
  /** Writes that began. */
  requests: number;
  /** Those that were answered with success, and the lines in them. */
  taken: number;
  lines: number;
}

export interface SlowInfluxd extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  readonly counts: Readonly<Counts>;
  /** Changes how requests are answered that have not been yet. */
  behave(changes: Partial<Temper>): void;
}

const NEWLINE = 0x0a;

export async function startSlowInfluxd(
  changes: Partial<Temper> = {},
  port = 0,
): Promise<SlowInfluxd> {
  const temper: Temper = { ...CALM, ...changes };
  const counts: Counts = { requests: 0, taken: 0, lines: 0 };

  async function answerWrite(request: IncomingMessage, response: ServerResponse): Promise<void> {
    counts.requests++;
    if (temper.trouble === "deaf") return;
    let [sizeBytes, lines] = [0, 0];
    for await (const chunk of request as AsyncIterable<Uint8Array>) {
      sizeBytes += chunk.length;
      for (const byte of chunk) if (byte === NEWLINE) lines++;
    }
    if (temper.delayMs > 0) await Bun.sleep(temper.delayMs);
    if (temper.trouble === "hang") return;
    if (temper.trouble === "close") return void request.socket.destroy();
    const status = sizeBytes > temper.bodyMaxBytes ? 413 : temper.status;
    if (status < 300) {
      counts.taken++;
      counts.lines += lines;
    }
    const headers = temper.retryAfter === "" ? {} : { "Retry-After": temper.retryAfter };
    response.writeHead(status, headers);
    response.end(status < 300 ? undefined : `{"error":"told to answer ${status}"}\n`);
  }

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    if (pathname === "/write") {
      // A client that goes away in the middle of its request has nobody to tell.
      answerWrite(request, response).catch(() => request.socket.destroy());
      return;
    }
    request.resume();
    try {
      if (pathname === "/temper") Object.assign(temper, temperOf(Object.fromEntries(searchParams)));
      const answer = { "/temper": temper, "/counts": counts }[pathname];
      response.writeHead(answer === undefined ? 204 : 200);
      response.end(answer === undefined ? undefined : `${JSON.stringify(answer)}\n`);
    } catch (error) {
      response.writeHead(400).end(`${String(error)}\n`);
    }
  });
  // Only what it is told ends a connection.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    counts,
    behave: (later) => void Object.assign(temper, later),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Texts as they come from the command line or a URL; what is not among them stays out. */
function temperOf(texts: Readonly<Record<string, string | undefined>>): Partial<Temper> {
  const { delay, status, retry_after, body_max, trouble } = texts;
  const changes: Partial<Temper> = {};
  if (delay !== undefined) changes.delayMs = durationMs(delay);
  if (status !== undefined) changes.status = Number(status);
  if (retry_after !== undefined) changes.retryAfter = retry_after;
  if (body_max !== undefined) changes.bodyMaxBytes = Number(body_max);
  if (trouble !== undefined) changes.trouble = trouble as Temper["trouble"];
  return changes;
}

function durationMs(text: string): number {
  const parsed = parseDuration(text);
  if ("problem" in parsed) throw new Error(`${text}: ${parsed.problem}`);
  return Number(parsed.value) / 1e6;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "8086" },
      delay: { type: "string", default: "30s" },
      status: { type: "string" },
      retry_after: { type: "string" },
      body_max: { type: "string" },
      trouble: { type: "string" },
    },
  });
  const { port, ...temper } = values;
  const influxd = await startSlowInfluxd(temperOf(temper), Number(port));
  console.log(`answers on 127.0.0.1:${influxd.port}: ${JSON.stringify(temper)}`);
}
