/** The pages under /debug/pprof/. Method: profilers that note what is asked of them, and a clock that the test moves. */
import { expect, test } from "bun:test";

import { SpoutError } from "../../../src/platform/errors.ts";
import type { Profiler } from "../../../src/platform/profiler.ts";
import { createPprofPages } from "../../../src/pprof/pages.ts";
import { ManualClock } from "../../support/manual-clock.ts";

function setUp(threadCount = 3) {
  const clock = new ManualClock(Date.UTC(2026, 10, 22, 12, 30, 5, 250));
  const notes: string[] = [];
  const fails = { with: undefined as Error | undefined };
  const bytes = (text: string) => new TextEncoder().encode(text);
  const note = (text: string) => {
    notes.push(text);
    if (fails.with !== undefined) throw fails.with;
  };
  const profilerOf = (thread: number): Profiler => ({
    start: async (intervalMs) => note(`start ${thread} every ${intervalMs} ms`),
    async stop() {
      note(`stop ${thread}`);
      return bytes(`profile of ${thread}`);
    },
    async heapSnapshot() {
      note(`snapshot ${thread}`);
      return bytes(`snapshot of ${thread}`);
    },
  });
  const profilers = Array.from({ length: threadCount }, (_, thread) => profilerOf(thread));
  const pages = createPprofPages({ profilers: () => profilers, clock });
  const ask = async (path: string, init: RequestInit = {}, host = "localhost:6060") => {
    const page = pages[`/debug/pprof/${path.replace(/\?.*/, "")}`];
    if (page === undefined) throw new Error(`there is no ${path}`);
    const url = `http://${host}/debug/pprof/${path}`;
    const answer = await page(
      new Request(url, { ...init, headers: { Host: host, ...init.headers } }),
    );
    const disposition = answer.headers.get("Content-Disposition");
    const { status } = answer;
    return { status, text: await answer.text(), ...(disposition !== null && { disposition }) };
  };
  return { clock, notes, fails, profilers, ask };
}

/** Until promises that can settle have. */
const settled = () => Bun.sleep(0);

test("a profile is taken of the main thread for thirty seconds unless it is said otherwise", async () => {
  const { clock, notes, ask } = setUp();
  const asked = ask("profile");
  await settled();
  expect(notes).toEqual(["start 0 every 10 ms"]);
  clock.advance(29_999);
  await settled();
  expect(notes).toHaveLength(1);
  clock.advance(1);
  expect(await asked).toEqual({
    status: 200,
    text: "profile of 0",
    disposition: 'attachment; filename="influx-spout-20261122T123035Z-thread-0.cpuprofile"',
  });
  expect(notes).toEqual(["start 0 every 10 ms", "stop 0"]);

  const other = ask("profile?seconds=300&thread=2");
  await settled();
  clock.advance(300_000);
  expect(await other).toMatchObject({ status: 200, text: "profile of 2" });
  expect(notes.slice(2)).toEqual(["start 2 every 100 ms", "stop 2"]);
});

test("a short profile is not looked for more often than can be told", async () => {
  const { clock, notes, ask } = setUp();
  const asked = ask("profile?seconds=1");
  await settled();
  expect(notes).toEqual(["start 0 every 2 ms"]);
  clock.advance(1000);
  await asked;
});

test("a snapshot is taken of the main thread, or of the one that is asked for", async () => {
  const { notes, ask } = setUp();
  expect(await ask("heap")).toEqual({
    status: 200,
    text: "snapshot of 0",
    disposition: 'attachment; filename="influx-spout-20261122T123005Z-thread-0.heapsnapshot"',
  });
  expect(await ask("heap?thread=2")).toMatchObject({ status: 200, text: "snapshot of 2" });
  expect(notes).toEqual(["snapshot 0", "snapshot 2"]);
});

test("of one thread one thing is taken at a time, of several threads at once", async () => {
  const { clock, notes, ask } = setUp();
  const first = ask("profile?thread=1");
  await settled();
  const busy = {
    status: 409,
    text: "a profile or a snapshot of thread 1 is being taken: one at a time\n",
  };
  expect(await ask("profile?thread=1&seconds=1")).toEqual(busy);
  expect(await ask("heap?thread=1")).toEqual(busy);
  const second = ask("profile?thread=2");
  await settled();
  clock.advance(30_000);
  expect([(await first).text, (await second).text]).toEqual(["profile of 1", "profile of 2"]);
  expect(notes).toEqual(["start 1 every 10 ms", "start 2 every 10 ms", "stop 1", "stop 2"]);
  expect(await ask("heap?thread=1")).toMatchObject({ status: 200 });
});

test("a client that goes away ends its profile, and makes room for the next", async () => {
  const { clock, notes, ask } = setUp();
  const client = new AbortController();
  const asked = ask("profile", { signal: client.signal });
  await settled();
  client.abort();
  await asked;
  expect(notes).toEqual(["start 0 every 10 ms", "stop 0"]);
  expect(clock.timerCount).toBe(0);
  expect(await ask("heap")).toMatchObject({ status: 200 });
  // It was gone before anything had begun.
  await ask("profile", { signal: client.signal });
  expect(clock.timerCount).toBe(0);
});

test("what a thread cannot do is a 503 that says why, and no reason to refuse the next", async () => {
  const { fails, ask } = setUp();
  fails.with = new SpoutError("cannot profile worker 1: it died meanwhile");
  const died = { status: 503, text: "cannot profile worker 1: it died meanwhile\n" };
  expect(await ask("heap?thread=1")).toEqual(died);
  expect(await ask("profile?thread=1")).toEqual(died);
  fails.with = new Error("of ours");
  await expect(ask("heap?thread=1")).rejects.toThrow("of ours");
  fails.with = undefined;
  expect(await ask("heap?thread=1")).toMatchObject({ status: 200 });
});

test("bad parameters are a 400 that says what is expected", async () => {
  const { notes, ask } = setUp();
  expect(await ask("profile?seconds=0")).toEqual({
    status: 400,
    text: 'seconds: expected an integer from 1 to 300, got "0"\n',
  });
  const thread = { status: 400, text: 'thread: expected an integer from 0 to 2, got "3"\n' };
  expect(await ask("profile?thread=3")).toEqual(thread);
  expect(await ask("heap?thread=3")).toEqual(thread);
  expect(await ask("heap?seconds=5")).toEqual({
    status: 400,
    text: 'unknown parameter "seconds": this page has thread\n',
  });
  expect(notes).toEqual([]);
});

test("threads that come later can be asked for", async () => {
  const { profilers, ask } = setUp(1);
  expect(await ask("heap?thread=1")).toMatchObject({ status: 400 });
  expect((await ask("")).text).toContain("Threads: 0, the main one.\n");
  profilers.push(...setUp(3).profilers.slice(1));
  expect(await ask("heap?thread=2")).toMatchObject({ status: 200 });
  expect((await ask("")).text).toContain("Threads: 0, the main one, to 2.\n");
});

test("the first page names the others, what opens them, and what is in a snapshot", async () => {
  const { status, text } = await setUp().ask("");
  expect(status).toBe(200);
  for (const said of [
    "/debug/pprof/profile?seconds=30&thread=0\n",
    "/debug/pprof/heap?thread=0\n",
    "for 1 to 300 seconds: a .cpuprofile",
    "Chrome DevTools",
    "VS Code",
    "speedscope",
    "stands still while it is taken",
    "passwords, tokens and lines",
  ]) {
    expect(text).toContain(said);
  }
});

test("only GET will do", async () => {
  const { notes, ask } = setUp();
  for (const method of ["POST", "HEAD", "PUT"]) {
    for (const path of ["", "profile", "heap"]) {
      expect(await ask(path, { method })).toMatchObject({ status: 404 });
    }
  }
  expect(notes).toEqual([]);
});

test("a name that a web page may have made its own is refused, addresses are not", async () => {
  const { notes, ask } = setUp();
  for (const host of ["evil.example:6060", "localhost.evil.example", "127.0.0.1.evil.example:80"]) {
    expect(await ask("heap", {}, host)).toEqual({
      status: 403,
      text: "ask for it by localhost or an IP address, not by another name\n",
    });
  }
  expect(notes).toEqual([]);
  for (const host of [
    "localhost",
    "LOCALHOST:1",
    "127.0.0.1:6060",
    "10.1.2.3",
    "[::1]:6060",
    "[::1]",
  ]) {
    expect(await ask("heap", {}, host)).toMatchObject({ status: 200 });
  }
});

test("what another site makes a browser ask starts nothing, not even by a link", async () => {
  const { notes, ask } = setUp();
  const link = { "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" };
  const image = { "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image" };
  for (const headers of [
    { "Sec-Fetch-Site": "cross-site", ...image },
    { "Sec-Fetch-Site": "cross-site", ...link },
    { "Sec-Fetch-Site": "same-site", ...link, "Sec-Fetch-User": "?1" },
    { Origin: "http://evil.example" },
    { Origin: "null" },
    { Referer: "http://localhost:3000/" },
  ]) {
    for (const path of ["heap", "profile", "profile?seconds=1&thread=1", ""]) {
      expect(await ask(path, { headers })).toEqual({
        status: 403,
        text: "another site may not ask for it: type or paste the address, or use curl\n",
      });
    }
  }
  expect(notes).toEqual([]);
});

test("an address that was typed, or a link on the page of the port itself, starts it", async () => {
  const { notes, ask } = setUp();
  const typed = { "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate" };
  const own = { "Sec-Fetch-Site": "same-origin", Referer: "http://localhost:6060/debug/pprof/" };
  for (const headers of [typed, own, { "User-Agent": "curl/7.88.1", Accept: "*/*" }]) {
    expect(await ask("heap", { headers })).toMatchObject({ status: 200, text: "snapshot of 0" });
  }
  expect(notes).toHaveLength(3);
});
