/**
 * One page for many readers: how often it is printed, how far, and how many are held. Method: pages of pieces that the
 * test counts, readers that read when the test says, a clock that it moves.
 */
import { expect, test } from "bun:test";

import { SharedPage } from "../../../src/platform/shared-page.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const PIECE = "x".repeat(16 * 1024);

/** Each page begins with its number and has `pieces` more, of 16 KB. */
function setUp(pieces: number) {
  const clock = new ManualClock();
  let pages = 0;
  let printed = 0;
  const page = new SharedPage({
    contentType: "text/plain",
    clock,
    *print() {
      yield `page ${++pages}\n`;
      for (let i = 0; i < pieces; i++) {
        printed++;
        yield PIECE;
      }
    },
  });
  const ask = (init: RequestInit = {}) => page.answer(new Request("http://x/metrics", init));
  return {
    clock,
    ask,
    read: async () => (await ask()).text(),
    pages: () => pages,
    printed: () => printed,
  };
}

/** What a reader has after its first chunk. */
async function firstChunk(response: Response) {
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error("no body");
  const { value = new Uint8Array() } = await reader.read();
  return { reader, number: new TextDecoder().decode(value).slice(0, 6) };
}

test("all who ask at the same time get the same page, printed once", async () => {
  const { read, pages, printed } = setUp(100);
  const texts = await Promise.all(Array.from({ length: 20 }, read));
  expect(new Set(texts).size).toBe(1);
  expect(texts[0]).toBe(`page 1\n${PIECE.repeat(100)}`);
  expect([pages(), printed()]).toEqual([1, 100]);
});

test("who asks when nobody reads any more gets a new one, large or small", async () => {
  for (const pieces of [0, 100]) {
    const { read } = setUp(pieces);
    expect(await read()).toStartWith("page 1\n");
    expect(await read()).toStartWith("page 2\n");
  }
});

test("a small page has its length", async () => {
  const { ask } = setUp(1);
  const response = await ask();
  expect(response.headers.get("Content-Type")).toBe("text/plain");
  expect((await response.blob()).size).toBe("page 1\n".length + PIECE.length);
});

test("the event loop goes round while a page is printed", async () => {
  const { read, printed } = setUp(1000);
  const reading = read();
  const seen = new Set<number>();
  let isOver = false;
  void reading.then(() => (isOver = true));
  while (!isOver) {
    seen.add(printed());
    await new Promise((resolve) => setImmediate(resolve));
  }
  // Four pieces of 16 KB a chunk at most.
  expect(seen.size).toBeGreaterThan(200);
});

test("no more is printed than the fastest reader has read", async () => {
  const { ask, printed } = setUp(1000);
  const fast = await firstChunk(await ask());
  const slow = await firstChunk(await ask());
  for (let i = 0; i < 50; i++) await fast.reader.read();
  expect(printed()).toBeLessThan(300);
  const before = printed();
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(printed()).toBe(before);
  for (let i = 0; i < 30; i++) await slow.reader.read();
  expect(printed()).toBe(before);
});

test("there are no more than two pages; a third makes the slowest readers' connections end", async () => {
  const { clock, ask } = setUp(100);
  const first = await firstChunk(await ask());
  clock.advance(999);
  expect((await firstChunk(await ask())).number).toBe("page 1");
  clock.advance(1);
  const second = await firstChunk(await ask());
  expect(second.number).toBe("page 2");
  clock.advance(28_999);
  expect((await firstChunk(await ask())).number).toBe("page 2");
  clock.advance(1);
  expect((await firstChunk(await ask())).number).toBe("page 3");
  expect(first.reader.read()).rejects.toThrow("read too slowly");
  expect((await second.reader.read()).done).toBe(false);
});

test("a reader that goes away makes room, also before it has read anything", async () => {
  const { clock, ask } = setUp(100);
  for (let page = 1; page <= 5; page++) {
    const { reader, number } = await firstChunk(await ask());
    expect(number).toBe(`page ${page}`);
    await reader.cancel();
    clock.advance(1000);
  }
  const gone = new AbortController();
  await ask({ signal: gone.signal });
  gone.abort();
  expect((await firstChunk(await ask())).number).toBe("page 7");
});

test("above a hundred readers the answer is 503, until one has left", async () => {
  const { ask } = setUp(100);
  const readers = await Promise.all(
    Array.from({ length: 100 }, async () => firstChunk(await ask())),
  );
  const refused = await ask();
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "10"]);
  await readers[50]?.reader.cancel();
  expect((await ask()).status).toBe(200);
});

test("HEAD takes no page", async () => {
  const { ask, pages } = setUp(100);
  const response = await ask({ method: "HEAD" });
  expect([response.status, await response.text(), pages()]).toEqual([200, "", 0]);
});

test("what goes wrong while it is printed is told to all, and the next one is printed anew", async () => {
  let count = 0;
  const page = new SharedPage({
    contentType: "text/plain",
    clock: new ManualClock(),
    *print() {
      yield "begun\n";
      if (++count === 1) throw new Error("out of ideas");
    },
  });
  const ask = () => page.answer(new Request("http://x/"));
  const both = await Promise.allSettled([ask(), ask()]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await (await ask()).text()).toBe("begun\n");
});
