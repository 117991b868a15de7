/** Pages for machines. Method: real requests on a port that the system chooses. */
import { expect, test } from "bun:test";

import { serveLocalPages, servePages } from "../../../src/platform/http-pages.ts";
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

test("what a page of another site asks is refused on every port, and no answer is for such a page", async () => {
  let asked = 0;
  const pages = {
    "/page": () => {
      asked++;
      return new Response("here\n");
    },
  };
  const deps = { clock: new ManualClock(), log: new RecordingLog() };
  const everywhere = await servePages(0, pages, deps);
  const locally = await serveLocalPages(0, pages, deps);
  for (const { port } of [everywhere, { port: locally.addresses[0]?.split(":")[1] }]) {
    const ask = (headers: Record<string, string>, method = "GET") =>
      fetch(`http://127.0.0.1:${port}/page`, { method, headers });
    asked = 0;
    for (const headers of [
      { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors" },
      { Origin: "http://evil.example" },
    ]) {
      for (const method of ["GET", "OPTIONS", "POST"]) {
        const answer = await ask(headers, method);
        expect(answer.status).toBe(403);
        expect([...answer.headers.keys()].filter((name) => name.startsWith("access-"))).toEqual([]);
      }
    }
    expect(asked).toBe(0);
    const answer = await ask({});
    expect([answer.status, await answer.text(), asked]).toEqual([200, "here\n", 1]);
    expect(answer.headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(answer.headers.get("Cross-Origin-Resource-Policy")).toBe("same-origin");
    expect([...answer.headers.keys()].filter((name) => name.startsWith("access-"))).toEqual([]);
    // A link in Prometheus's list of targets, say.
    const followed = { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" };
    expect((await ask({ ...followed, "Sec-Fetch-Dest": "document" })).status).toBe(200);
  }
  await everywhere.stop();
  await locally.stop();
});
