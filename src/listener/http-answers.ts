/**
 * What clients of InfluxDB 1.x expect of an answer. They match on status, headers and words: Telegraf takes only 204
 * for success and resends for ever what is refused without JSON, Icinga compares the whole Content-Type, and the
 * 1.x Go client takes a 5xx without a version for a broken proxy.
 */
import { harmlessJson } from "../platform/harmless-text.ts";

/** The version that clients are told: they judge by it what the server can do. */
export const INFLUXDB_VERSION = "1.8.10";

const JSON_TYPE = "application/json";
const ERROR_HEADER_MAX_LENGTH = 1024;
/** As InfluxDB looks for it: an empty one does not hide the other. */
const REQUEST_ID_HEADERS = ["X-Request-Id", "Request-Id"] as const;

export function noContent(request: Request): Response {
  return new Response(null, { status: 204, headers: commonHeaders(request) });
}

export function json(request: Request, value: unknown): Response {
  const headers = { ...commonHeaders(request), "Content-Type": JSON_TYPE };
  return new Response(harmlessJson(value), { headers });
}

/** `{"error":"<text>"}` with `status`; `text` may hold what the client sent. */
export function failure(
  request: Request,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(harmlessJson({ error: text }), {
    status,
    headers: {
      ...commonHeaders(request),
      "Content-Type": JSON_TYPE,
      "X-InfluxDB-Error": headerValue(text),
      ...headers,
    },
  });
}

function commonHeaders(request: Request): Record<string, string> {
  const id = requestId(request);
  return {
    "X-Influxdb-Version": INFLUXDB_VERSION,
    "X-Influxdb-Build": "OSS",
    "Request-Id": id,
    "X-Request-Id": id,
  };
}

/** The client's own, so that users can tie its log to others: the first that can be sent back; or a new one. */
function requestId({ headers }: Request): string {
  for (const name of REQUEST_ID_HEADERS) {
    const sent = headers.get(name);
    if (sent !== null && /^[\x21-\x7e]{1,128}$/.test(sent)) return sent;
  }
  return crypto.randomUUID();
}

/** A header holds no line ends and no control bytes, and should hold nothing but ASCII. */
function headerValue(text: string): string {
  return text.slice(0, ERROR_HEADER_MAX_LENGTH).replace(/[^\x20-\x7e]/g, "?");
}
