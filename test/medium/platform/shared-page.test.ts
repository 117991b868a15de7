/** A shared page on a real port: what becomes of readers that do not read, or that go away. */
import { expect, test } from "bun:test";

import { servePages } from "../../../src/platform/http-pages.ts";
import { SharedPage } from "../../../src/platform/shared-page.ts";
import { eventually } from "../../support/eventually.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { openRawConnection } from "../../support/raw-http.ts";
import { RecordingLog } from "../../support/recording-log.ts";

const PIECE = "x".repeat(64 * 1024);
/** 32 MB: more than sockets hold by themselves. */
const PIECES = 512;
const REQUEST = "GET /page HTTP/1.1\r\nHost: x\r\n\r\n";

async function serve() {
  const clock = new ManualClock();
  const log = new RecordingLog();
  let pages = 0;
  let printed = 0;
  const page = new SharedPage({
    contentType: "text/plain",
    clock,
    *print() {
      pages++;
      for (let i = 0; i < PIECES; i++) {
        printed++;
        yield PIECE;
      }
    },
  });
  const server = await servePages(
    0,
    { "/page": (request) => page.answer(request) },
    { clock, log },
  );
  const { port } = server;
  return {
    clock,
    log,
    port,
    pages: () => pages,
    printed: () => printed,
    ask: (init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}/page`, init),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

test("for a reader that does not read, no more is printed than its socket holds", async () => {
  await using site = await serve();
  using connection = await openRawConnection(site.port);
  const readOn = connection.pause();
  connection.send(REQUEST);
  let before = -1;
  await eventually("it stands still", async () => {
    const isStill = site.printed() === before && before > 0;
    before = site.printed();
    await Bun.sleep(50);
    return isStill;
  });
  expect(site.printed()).toBeLessThan(PIECES / 2);
  readOn();
  await eventually("it is all there", () => site.printed() === PIECES);
});

test("who reads gets its page beside those that do not, whose connections end", async () => {
  await using site = await serve();
  const first = await openRawConnection(site.port);
  const second = await openRawConnection(site.port);
  const [readOn] = [first.pause(), second.pause()];
  first.send(REQUEST);
  await eventually("the first page", () => site.pages() === 1);
  site.clock.advance(1000);
  second.send(REQUEST);
  await eventually("the second page", () => site.pages() === 2);
  site.clock.advance(30_000);
  expect((await (await site.ask()).text()).length).toBe(PIECES * PIECE.length);
  expect(site.pages()).toBe(3);
  readOn();
  await first.ended();
  expect(first.received().length).toBeLessThan((PIECES * PIECE.length) / 2);
  expect(site.log.lines).toEqual([]);
  second.breakOff();
});

test("readers that go away at any time leave room for others", async () => {
  await using site = await serve();
  for (let i = 0; i < 150; i++) {
    const client = new AbortController();
    const asked = site.ask({ signal: client.signal }).then(
      (answer) => answer.body?.getReader().read(),
      () => {},
    );
    if (i % 3 === 1) await Bun.sleep(1);
    if (i % 3 === 2) await asked;
    client.abort();
    await asked?.catch(() => {});
  }
  const answer = await site.ask();
  expect([answer.status, (await answer.text()).length]).toEqual([200, PIECES * PIECE.length]);
  expect(site.log.lines).toEqual([]);
});
