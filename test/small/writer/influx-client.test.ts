/** One request and its answer: what is sent, and what each answer is taken for. */
import { describe, expect, test } from "bun:test";

import type { InfluxOptions } from "../../../src/config/config.ts";
import { createInfluxClient } from "../../../src/writer/influx-client.ts";
import type { WriteAnswer } from "../../../src/writer/output.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { FakeInfluxDb, settle } from "./fake-influxdb.ts";

const OPTIONS: InfluxOptions = {
  kind: "influxdb",
  protocol: "http",
  address: "db.example",
  port: 8086,
  database: "metrics",
  user: "",
  password: "",
  tlsCa: "",
  writeTimeoutMs: 30_000,
  retry: { batchesMax: 0, sizeMaxBytes: 0, intervalMs: 1000, timeoutMs: 1000 },
};
const LINES = new TextEncoder().encode("cpu v=1\n");

function setUp(changes: Partial<InfluxOptions> = {}) {
  const influxdb = new FakeInfluxDb();
  const clock = new ManualClock();
  const client = createInfluxClient({ ...OPTIONS, ...changes }, { fetch: influxdb.fetch, clock });
  return { influxdb, clock, client };
}

describe("the request", () => {
  test("is a POST of the very bytes, as plain text, with no redirect, no proxy, no inflating and no time-out but ours", () => {
    const { influxdb, client } = setUp();
    void client.write(LINES);
    const [request] = influxdb.requests;
    expect(request?.url).toBe("http://db.example:8086/write?db=metrics");
    expect(request?.init).toMatchObject({
      method: "POST",
      redirect: "manual",
      proxy: false,
      timeout: false,
      decompress: false,
    });
    expect(new Headers(request?.init.headers).get("accept-encoding")).toBe("identity");
    expect(request?.init.body).toBe(LINES);
    expect(new Headers(request?.init.headers).get("content-type")).toBe(
      "text/plain; charset=utf-8",
    );
    expect(new Headers(request?.init.headers).has("authorization")).toBe(false);
    expect(request?.init.tls).toBeUndefined();
  });

  test("trusts the certificates that are given", () => {
    const { influxdb, client } = setUp({ protocol: "https", tlsCa: "-----BEGIN CERTIFICATE-----" });
    void client.write(LINES);
    expect(influxdb.requests[0]?.init.tls).toEqual({ ca: "-----BEGIN CERTIFICATE-----" });
  });

  test("percent-encodes the database's name", () => {
    expect(setUp({ database: "my db&x=1#ü" }).client.target).toBe(
      "http://db.example:8086/write?db=my%20db%26x%3D1%23%C3%BC",
    );
  });

  test("puts brackets around an IPv6 address that has none", () => {
    const url = "https://[::1]:9999/write?db=metrics";
    expect(setUp({ protocol: "https", port: 9999, address: "::1" }).client.target).toBe(url);
    expect(setUp({ protocol: "https", port: 9999, address: "[::1]" }).client.target).toBe(url);
  });

  test("carries user and password as basic authentication if a user is set", () => {
    const { influxdb, client } = setUp({ user: "wrîter", password: "s:cret" });
    void client.write(LINES);
    const header = new Headers(influxdb.requests[0]?.init.headers).get("authorization") ?? "";
    // The base64 of "wrîter:s:cret" in UTF-8.
    expect(header).toBe("Basic d3LDrnRlcjpzOmNyZXQ=");
    expect(client.target).not.toContain("cret");
  });
});

describe("the answer", () => {
  const answerOf = async (
    status: number,
    body?: string,
    headers?: Record<string, string>,
  ): Promise<WriteAnswer> => {
    const { influxdb, client } = setUp();
    const answer = client.write(LINES);
    influxdb.requests[0]?.answer(status, body, headers);
    return answer;
  };

  test("is success for every 2xx", async () => {
    expect(await answerOf(204)).toEqual({ kind: "written" });
    expect(await answerOf(200, "whatever")).toEqual({ kind: "written" });
    expect(await answerOf(299)).toEqual({ kind: "written" });
  });

  test("is a rejection for a 4xx, in InfluxDB's own words", async () => {
    const rejected = (reason: string) => ({ kind: "rejected", reason }) as const;
    // 1.x, 2.x, text, header alone, nothing
    expect(await answerOf(401, '{"code":"unauthorized","message":"unauthorized access"}')).toEqual(
      rejected("HTTP 401: unauthorized access"),
    );
    expect(await answerOf(404, "404 page not found\n")).toEqual(
      rejected("HTTP 404: 404 page not found"),
    );
    expect(await answerOf(400, "", { "X-Influxdb-Error": "partial write" })).toEqual(
      rejected("HTTP 400: partial write"),
    );
    expect(await answerOf(499)).toEqual(rejected("HTTP 499"));
    expect(await answerOf(400, "[1]")).toEqual(rejected("HTTP 400: [1]"));
  });

  test("says how many lines a partial write left out, as InfluxDB 1.x tells it", async () => {
    const refused = async (words: string) => {
      const answer = await answerOf(400, JSON.stringify({ error: words }));
      expect(answer).toMatchObject({
        kind: "rejected",
        reason: expect.stringContaining("HTTP 400"),
      });
      return answer.kind === "rejected" ? answer.refusedLines : undefined;
    };
    expect(await refused("partial write: points beyond retention policy dropped=6")).toBe(6);
    const unparsed = "unable to parse 'bad': missing fields";
    expect(await refused(`partial write: ${unparsed} dropped=0`)).toBe(1);
    expect(await refused(`partial write: ${unparsed}\n${unparsed} dropped=0`)).toBe(2);
    // Of a batch that was refused whole, and of a form unheard of, nothing is told.
    expect(await refused(unparsed)).toBeUndefined();
    expect(await refused("partial write: who knows dropped=0")).toBeUndefined();
  });

  test("may be worth a retry for a 5xx, for one that says too slow or too much, and for a database that is not there yet", async () => {
    const retry = (reason: string) => ({ kind: "retry", reason }) as const;
    expect(await answerOf(503, '{"error":"timeout"}')).toEqual(retry("HTTP 503: timeout"));
    expect(await answerOf(500)).toEqual(retry("HTTP 500"));
    expect(await answerOf(408)).toEqual(retry("HTTP 408"));
    expect(await answerOf(429, "slow down")).toEqual(retry("HTTP 429: slow down"));
    // 1.x, 2.x
    expect(await answerOf(404, '{"error":"database not found: \\"x\\""}\n')).toEqual(
      retry('HTTP 404: database not found: "x"'),
    );
    for (const message of ["bucket not found", 'bucket \\"x\\" not found']) {
      expect(await answerOf(404, `{"code":"not found","message":"${message}"}`)).toMatchObject({
        kind: "retry",
      });
    }
    // Only a 404 says so of the whole request.
    expect(await answerOf(400, "database not found")).toMatchObject({ kind: "rejected" });
  });

  test("is too large for a 413", async () => {
    expect(await answerOf(413, '{"error":"Request Entity Too Large"}')).toEqual({
      kind: "too-large",
      reason: "HTTP 413: Request Entity Too Large",
    });
  });

  test("says after how long a retry is welcome, in seconds or as a date", async () => {
    const waitFor = async (status: number, text: string) => {
      const answer = await answerOf(status, "", { "Retry-After": text });
      return answer.kind === "retry" ? answer.retryAfterMs : answer.kind;
    };
    expect(await waitFor(503, "120")).toBe(120_000);
    expect(await waitFor(429, "0.5")).toBe(500);
    expect(await waitFor(503, "0")).toBe(0);
    // The clock stands at the beginning of 2026.
    expect(await waitFor(503, "Thu, 01 Jan 2026 00:01:00 GMT")).toBe(60_000);
    expect(await waitFor(503, "Wed, 31 Dec 2025 00:00:00 GMT")).toBe(0);
    expect(await waitFor(503, "soon")).toBeUndefined();
    expect(await waitFor(503, "")).toBeUndefined();
    expect(await waitFor(503, "-5")).not.toBeGreaterThan(0);
    expect(await waitFor(400, "5")).toBe("rejected");
  });

  test("tells the date of a retry by the server's clock, where it shows it: ours may be wrong", async () => {
    const waitFor = async (text: string, date: string) => {
      const answer = await answerOf(503, "", { "Retry-After": text, Date: date });
      return answer.kind === "retry" ? answer.retryAfterMs : answer.kind;
    };
    const at = (time: string) => `Fri, 05 Jun 2026 ${time} GMT`;
    expect(await waitFor(at("00:01:00"), at("00:00:20"))).toBe(40_000);
    expect(await waitFor(at("00:00:00"), at("00:00:20"))).toBe(0);
    expect(await waitFor("30", at("00:00:20"))).toBe(30_000);
    // The clock stands at the beginning of 2026.
    expect(await waitFor("Thu, 01 Jan 2026 00:01:00 GMT", "yesterday")).toBe(60_000);
  });

  test("is a failure for a redirect, which it names", async () => {
    expect(await answerOf(302, "moved", { Location: "/login" })).toEqual({
      kind: "retry",
      reason: 'HTTP 302: redirect to "/login", which is not followed',
    });
  });

  test("is read to no more than 64 KB, and told in no more than 1000 characters", async () => {
    let sent = 0;
    const endless = new ReadableStream({
      pull(controller) {
        sent += 1024;
        controller.enqueue(new Uint8Array(1024).fill(0x78));
      },
    });
    const client = createInfluxClient(OPTIONS, {
      fetch: async () => new Response(endless, { status: 500 }),
      clock: new ManualClock(),
    });
    expect(await client.write(LINES)).toEqual({
      kind: "retry",
      reason: `HTTP 500: ${"x".repeat(1000 - "HTTP 500: ".length)}...`,
    });
    expect(sent).toBeLessThan(80 * 1024);
  });

  test("stands even if its body breaks off", async () => {
    const broken = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode("half an ans"));
        controller.error(new Error("connection reset"));
      },
    });
    const client = createInfluxClient(OPTIONS, {
      fetch: async () => new Response(broken, { status: 200 }),
      clock: new ManualClock(),
    });
    expect(await client.write(LINES)).toEqual({ kind: "written" });
  });
});

describe("no answer", () => {
  test("within the time-out ends the request", async () => {
    const { influxdb, clock, client } = setUp();
    const answer = client.write(LINES);
    clock.advance(29_999);
    expect(influxdb.requests[0]?.init.signal?.aborted).toBe(false);
    clock.advance(1);
    expect(await answer).toEqual({ kind: "retry", reason: "no answer within 30 s" });
  });

  test("within the time-out ends the request while its body is being read, too", async () => {
    const clock = new ManualClock();
    const client = createInfluxClient(OPTIONS, {
      clock,
      fetch: async (_, init) => {
        const stuck = new ReadableStream({
          start: (controller) =>
            init.signal?.addEventListener("abort", () => controller.error(new Error("aborted"))),
        });
        return new Response(stuck, { status: 500 });
      },
    });
    const answer = client.write(LINES);
    await settle();
    clock.advance(30_000);
    expect(await answer).toEqual({ kind: "retry", reason: "HTTP 500" });
  });

  test("is waited for without end if the time-out is 0", async () => {
    const { influxdb, clock, client } = setUp({ writeTimeoutMs: 0 });
    const answer = client.write(LINES);
    clock.advance(24 * 3600 * 1000);
    influxdb.requests[0]?.answer(204);
    expect(await answer).toEqual({ kind: "written" });
  });

  test("leaves no timer behind once there is one", async () => {
    const { influxdb, clock, client } = setUp();
    const answer = client.write(LINES);
    influxdb.requests[0]?.answer(204);
    await answer;
    expect(clock.timerCount).toBe(0);
  });

  test("because of the network is told with its cause", async () => {
    const { influxdb, client } = setUp();
    const failWith = async (error: Error) => {
      const answer = client.write(LINES);
      influxdb.requests.at(-1)?.fail(error);
      return answer;
    };
    const coded = (code: string) => Object.assign(new TypeError(`${code}: long text`), { code });
    expect(await failWith(coded("ECONNREFUSED"))).toEqual({
      kind: "retry",
      reason: "connection refused",
    });
    expect(await failWith(coded("ECONNRESET"))).toEqual({
      kind: "retry",
      reason: "connection closed before the answer",
    });
    expect(await failWith(new Error("self signed certificate"))).toEqual({
      kind: "retry",
      reason: "self signed certificate",
    });
  });

  test("is what abort() makes of every request in flight, and of no earlier or later one", async () => {
    const { influxdb, client } = setUp();
    const zeroth = client.write(LINES);
    influxdb.requests[0]?.answer(204);
    await zeroth;
    const first = client.write(LINES);
    const second = client.write(LINES);
    client.abort();
    const givenUp = { kind: "retry", reason: "given up because the writer stops" } as const;
    expect(await Promise.all([first, second])).toEqual([givenUp, givenUp]);
    const third = client.write(LINES);
    influxdb.requests[3]?.answer(204);
    expect(influxdb.requests[0]?.init.signal?.aborted).toBe(false);
    expect(await third).toEqual({ kind: "written" });
  });
});
