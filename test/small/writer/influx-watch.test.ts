/** Whether InfluxDB is there. Method: a database that the test holds in its hands, and a clock that it moves. */
import { expect, test } from "bun:test";

import type { Fetch } from "../../../src/writer/influx-client.ts";
import { watchOutput } from "../../../src/writer/influx-watch.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { fileOptions, writerConfig } from "../../support/writer-config.ts";
import { settle } from "./fake-influxdb.ts";

function setUp(changes: { user?: string; password?: string } = {}) {
  const clock = new ManualClock();
  const asked: { readonly url: string; readonly headers: Headers }[] = [];
  let writtenLines = 0;
  let answer: () => Promise<Response> = async () => new Response(null, { status: 204 });
  const fetch: Fetch = (url, init) => {
    asked.push({ url, headers: new Headers(init.headers as Record<string, string>) });
    const { promise, reject } = Promise.withResolvers<Response>();
    init.signal?.addEventListener("abort", () => reject(new Error("aborted")));
    return Promise.race([answer(), promise]);
  };
  const watch = watchOutput(
    { ...writerConfig().output, ...changes },
    {
      fetch,
      clock,
      writtenLines: () => writtenLines,
    },
  );
  /** What it says, once it has had the time to find out. */
  const look = async () => {
    watch.isAnswering();
    await settle();
    return watch.isAnswering();
  };
  return {
    clock,
    asked,
    watch,
    look,
    answerWith: (status: number) => (answer = async () => new Response("text", { status })),
    failWith: (error: Error) => (answer = () => Promise.reject(error)),
    write: () => void writtenLines++,
    hang: () => (answer = () => new Promise(() => {})),
  };
}

test("InfluxDB is not asked before somebody wants to know, and counts as there from its first answer", async () => {
  const { asked, watch } = setUp({ user: "me", password: "hush" });
  await settle();
  expect(asked).toEqual([]);
  expect(watch.isAnswering()).toBe(false);
  await settle();
  expect(watch.isAnswering()).toBe(true);
  expect(asked.map(({ url }) => url)).toEqual(["http://127.0.0.1:8086/ping"]);
  // me:hush in base64
  expect(asked[0]?.headers.get("Authorization")).toBe("Basic bWU6aHVzaA==");
});

test("any answer will do, but for the 5xx of a server in trouble", async () => {
  for (const [status, isThere] of [
    [200, true],
    [401, true],
    [404, true],
    [500, false],
    [503, false],
  ] as const) {
    const { look, answerWith } = setUp();
    answerWith(status);
    expect([status, await look()]).toEqual([status, isThere]);
  }
});

test("it is asked again when its answer is five seconds old, however often somebody wants to know", async () => {
  const { clock, asked, look, failWith, answerWith } = setUp();
  for (let times = 0; times < 10; times++) expect(await look()).toBe(true);
  clock.advance(4999);
  await look();
  expect(asked).toHaveLength(1);
  clock.advance(1);
  failWith(new Error("connection refused"));
  expect(await look()).toBe(false);
  expect(asked).toHaveLength(2);
  clock.advance(5000);
  answerWith(204);
  expect(await look()).toBe(true);
  expect(clock.timerCount).toBe(0);
});

test("no answer within five seconds is none", async () => {
  const { clock, asked, look, hang } = setUp();
  expect(await look()).toBe(true);
  clock.advance(5000);
  hang();
  // Asked and not answered yet: what was known before still stands.
  expect(await look()).toBe(true);
  clock.advance(4999);
  expect(await look()).toBe(true);
  clock.advance(1);
  await settle();
  expect(await look()).toBe(false);
  expect(asked).toHaveLength(2);
});

test("other outputs are always there, and nobody is asked", async () => {
  const fetch: Fetch = () => {
    throw new Error("asked");
  };
  const clock = new ManualClock();
  for (const output of [fileOptions("lines"), { kind: "stdout" } as const]) {
    expect(watchOutput(output, { fetch, clock, writtenLines: () => 0 }).isAnswering()).toBe(true);
  }
});

test("one that writes is there, however long it takes to say so, until it writes no more", async () => {
  const { clock, watch, look, write, hang } = setUp();
  hang();
  for (let round = 0; round < 3; round++) {
    watch.isAnswering();
    write();
    clock.advance(5000);
    await settle();
    expect(watch.isAnswering()).toBe(true);
    clock.advance(5000);
  }
  await settle();
  expect(await look()).toBe(false);
});
