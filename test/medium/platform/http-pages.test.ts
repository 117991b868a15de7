/** Pages for machines. Method: real requests on a port that the system chooses. */
import { expect, test } from "bun:test";

import { servePages } from "../../../src/platform/http-pages.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { openRawConnection } from "../../support/raw-http.ts";
import { RecordingLog } from "../../support/recording-log.ts";

function serve(pages: Record<string, () => Response>) {
  const log = new RecordingLog();
  const serving = servePages(0, pages, { clock: new ManualClock(), log });
  return { log, serving };
}

test("the address says where", async () => {
  const server = await serve({}).serving;
  expect(server.port).toBeGreaterThan(0);
  expect(server.address).toEndWith(`:${server.port}`);
  await server.stop();
});

test("a page that fails is a 500, and the log tells why", async () => {
  const { log, serving } = serve({
    "/page": () => {
      throw new Error("out of ideas");
    },
  });
  const server = await serving;
  const answer = await fetch(`http://127.0.0.1:${server.port}/page`);
  expect([answer.status, await answer.text()]).toEqual([500, "internal error\n"]);
  expect(log.lines).toHaveLength(1);
  expect(log.lines[0]).toStartWith("ERROR cannot answer a request: Error: out of ideas");
  await server.stop();
});

test("a request of HTTP/1.0 without a Host is answered like any other", async () => {
  const server = await serve({ "/page": () => new Response("here\n") }).serving;
  using connection = await openRawConnection(server.port);
  connection.send("GET /page HTTP/1.0\r\n\r\n");
  await connection.receives(/^HTTP\/1\.1 200 [^]*here\n$/);
  await server.stop();
});

test("a body that nobody wants is refused", async () => {
  const server = await serve({ "/page": () => new Response("here\n") }).serving;
  const answer = await fetch(`http://127.0.0.1:${server.port}/page`, {
    method: "POST",
    body: "x".repeat(100_000),
  });
  expect(answer.status).toBe(413);
  await server.stop();
});
