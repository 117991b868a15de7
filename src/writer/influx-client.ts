/**
 * One POST to InfluxDB's `/write`, or to whatever else answers like it, and what its answer means.
 * Neither batches nor repeats anything; the connections are kept and reused by `fetch`.
 */
import type { InfluxOptions } from "../config/config.ts";
import type { Clock } from "../platform/clock.ts";
import { messageOf } from "../platform/errors.ts";
import { PROGRAM, VERSION } from "../platform/version.ts";
import { readAnswerText, UNTOUCHED_ANSWER } from "./answer-text.ts";
import { GIVEN_UP, type Output, type WriteAnswer } from "./output.ts";

/** As much of `fetch` as is used, so that a test can answer in InfluxDB's place. */
export type Fetch = (url: string, init: BunFetchRequestInit) => Promise<Response>;

const REASON_MAX_CHARS = 1000;

export function createInfluxClient(
  options: InfluxOptions,
  deps: { readonly fetch: Fetch; readonly clock: Clock },
): Output {
  const url = writeUrl(options);
  const request = requestOptions(options);
  const inFlight = new Set<AbortController>();

  async function write(payload: Uint8Array): Promise<WriteAnswer> {
    const controller = new AbortController();
    inFlight.add(controller);
    const cancelTimeout = startTimeout(options.writeTimeoutMs, deps.clock, controller);
    try {
      const { signal } = controller;
      const response = await deps.fetch(url, { ...request, method: "POST", body: payload, signal });
      const answerText = await readAnswerText(response);
      return classify(response, answerText, deps.clock.nowMs());
    } catch (error) {
      return { kind: "retry", reason: describeFailure(controller.signal, error) };
    } finally {
      cancelTimeout();
      inFlight.delete(controller);
    }
  }

  return {
    target: url,
    write,
    abort() {
      for (const controller of inFlight) controller.abort(GIVEN_UP);
    },
    async close() {},
  };
}

/** Where batches go: holds no credentials. */
export function writeUrl(options: InfluxOptions): string {
  return `${rootUrl(options)}/write?db=${encodeURIComponent(options.database)}`;
}

/** What answers without doing anything. */
export function pingUrl(options: InfluxOptions): string {
  return `${rootUrl(options)}/ping`;
}

function rootUrl({ protocol, address, port }: InfluxOptions): string {
  const host = address.includes(":") && !address.startsWith("[") ? `[${address}]` : address;
  return `${protocol}://${host}:${port}`;
}

/** What every request to the server is made with, the login included. */
export function requestOptions(options: InfluxOptions): BunFetchRequestInit {
  return {
    ...UNTOUCHED_ANSWER,
    headers: { ...UNTOUCHED_ANSWER.headers, ...requestHeaders(options) },
    // A redirected POST may become a GET without a body, and its success would hide the loss.
    redirect: "manual",
    // The database is where the configuration says, whatever proxy the environment names for other programs.
    proxy: false,
    // The runtime's own idle time-out of five minutes would come before a longer write_timeout.
    timeout: false,
    ...(options.tlsCa === "" ? {} : { tls: { ca: options.tlsCa } }),
  };
}

function requestHeaders(options: InfluxOptions): Record<string, string> {
  const headers: Record<string, string> = {
    "Content-Type": "text/plain; charset=utf-8",
    "User-Agent": `${PROGRAM}/${VERSION}`,
  };
  if (options.user !== "") {
    const credentials = Buffer.from(`${options.user}:${options.password}`).toString("base64");
    headers["Authorization"] = `Basic ${credentials}`;
  }
  return headers;
}

/** The time-out covers the whole exchange, the answer's body included. */
function startTimeout(timeoutMs: number, clock: Clock, controller: AbortController): () => void {
  if (timeoutMs === 0) return () => {};
  return clock.after(timeoutMs, () => controller.abort(`no answer within ${timeoutMs / 1000} s`));
}

/** 2xx: InfluxDB has the lines. 4xx, mostly: it refuses (some of) them. A redirect or a 5xx: it may take them later. */
function classify(response: Response, answerText: string, nowMs: number): WriteAnswer {
  const { status } = response;
  if (status >= 200 && status <= 299) return { kind: "written" };
  const words =
    status >= 300 && status <= 399 ? describeRedirect(response) : wordsOf(response, answerText);
  const reason = clip(words === "" ? `HTTP ${status}` : `HTTP ${status}: ${words}`);
  if (status === 413) return { kind: "too-large", reason };
  if (status >= 400 && status <= 499 && !isTemporary(status, words)) {
    const refusedLines = refusedOf(words);
    return { kind: "rejected", reason, ...(refusedLines === undefined ? {} : { refusedLines }) };
  }
  const retryAfterMs = retryAfter(response, nowMs);
  return { kind: "retry", reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** What of 4xx may go away without another configuration: too slow, too much for now, a database that is yet to be created. */
function isTemporary(status: number, words: string): boolean {
  if (status === 404) return /(?:database|bucket)(?: ".*")? not found/s.test(words);
  return status === 408 || status === 429;
}

/**
 * How many lines InfluxDB 1.x says that it left out of a partial write: those of which a field has another type it
 * counts, those that it could not parse it lists. Where there are both, it tells of the former alone. Undefined if all of the
 * lines were refused, or nothing is told.
 */
function refusedOf(words: string): number | undefined {
  const [, told = "", dropped] = /^partial write: (.*) dropped=(\d+)$/s.exec(words) ?? [];
  if (dropped === undefined) return undefined;
  if (Number(dropped) > 0) return Number(dropped);
  const listed = told.split("\n").filter((line) => line.startsWith("unable to parse ")).length;
  return listed > 0 ? listed : undefined;
}

/**
 * Seconds, which some send with decimals, or a date; undefined if there is neither. A date is one of the server's clock, so
 * what that shows counts, where the answer tells (`Date`, RFC 9110, 6.6.1): ours may have been set.
 */
function retryAfter(response: Response, nowMs: number): number | undefined {
  const text = response.headers.get("retry-after")?.trim() ?? "";
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  const sentMs = Date.parse(response.headers.get("date") ?? "");
  const waitMs = Date.parse(text) - (Number.isNaN(sentMs) ? nowMs : sentMs);
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}

function describeRedirect(response: Response): string {
  return `redirect to ${JSON.stringify(response.headers.get("location") ?? "")}, which is not followed`;
}

/** InfluxDB 1.x says `{"error": ...}` and repeats it in a header, 2.x says `{"code": ..., "message": ...}`; proxies say anything. */
function wordsOf(response: Response, answerText: string): string {
  try {
    const answer: unknown = JSON.parse(answerText);
    if (typeof answer === "object" && answer !== null) {
      if ("error" in answer && typeof answer.error === "string") return answer.error;
      if ("message" in answer && typeof answer.message === "string") return answer.message;
    }
  } catch {
    // Not JSON: the text itself is what there is to say.
  }
  return response.headers.get("x-influxdb-error") ?? answerText.trim();
}

/** An aborted request rejects with the reason it was aborted for; a system error carries its code. */
function describeFailure(signal: AbortSignal, error: unknown): string {
  if (signal.aborted) return String(signal.reason);
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ECONNREFUSED") return "connection refused";
  if (code === "ECONNRESET") return "connection closed before the answer";
  // Bun adds advice for programmers.
  return clip(messageOf(error).replace(/\. For more information, pass `verbose: true`.*$/s, ""));
}

function clip(text: string): string {
  return text.length <= REASON_MAX_CHARS ? text : `${text.slice(0, REASON_MAX_CHARS)}...`;
}
