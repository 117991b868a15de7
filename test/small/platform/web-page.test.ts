/**
 * Who made a browser ask. Expected values: what browsers send by Fetch Metadata (W3C) and RFC 6454, and that tools send
 * nothing of it.
 */
import { describe, expect, test } from "bun:test";

import { howAsked, protect } from "../../../src/platform/web-page.ts";

const asked = (headers: Record<string, string>) =>
  howAsked(
    new Request("http://localhost:6060/x", { headers: { Host: "localhost:6060", ...headers } }),
  );

const fetched = (site: string, mode: string, dest = "empty") => ({
  "Sec-Fetch-Site": site,
  "Sec-Fetch-Mode": mode,
  "Sec-Fetch-Dest": dest,
});

test("tools, typed addresses and the port's own pages ask by hand", () => {
  expect(asked({})).toBe("by-hand");
  expect(asked({ "User-Agent": "Prometheus/2.42.0", Accept: "text/plain" })).toBe("by-hand");
  expect(asked({ "User-Agent": "kube-probe/1.29" })).toBe("by-hand");
  expect(asked(fetched("none", "navigate", "document"))).toBe("by-hand");
  expect(
    asked({
      ...fetched("same-origin", "navigate", "document"),
      Referer: "http://localhost:6060/debug/pprof/",
    }),
  ).toBe("by-hand");
  expect(asked({ ...fetched("same-origin", "cors"), Origin: "http://localhost:6060" })).toBe(
    "by-hand",
  );
  expect(asked({ Origin: "http://localhost:6060" })).toBe("by-hand");
  expect(asked({ Referer: "http://localhost:6060/debug/pprof/" })).toBe("by-hand");
  expect(asked({ Host: "localhost", Origin: "http://localhost:80" })).toBe("by-hand");
});

test("scripts, images and frames of another site do not, nor of another port of this machine", () => {
  for (const site of ["cross-site", "same-site", "a value of tomorrow"]) {
    expect(asked(fetched(site, "no-cors", "image"))).toBe("by-page");
    expect(asked(fetched(site, "no-cors", "script"))).toBe("by-page");
    expect(asked(fetched(site, "cors"))).toBe("by-page");
    expect(asked(fetched(site, "navigate", "iframe"))).toBe("by-page");
    expect(asked({ "Sec-Fetch-Site": site })).toBe("by-page");
  }
  // Browsers that do not say it, and origins to which they do not.
  for (const origin of ["http://evil.example", "https://localhost:3000", "null", "", "file://"]) {
    expect(asked({ Origin: origin })).toBe("by-page");
  }
});

test("a link may have been followed by a script", () => {
  for (const site of ["cross-site", "same-site"]) {
    expect(asked(fetched(site, "navigate", "document"))).toBe("by-link");
  }
  expect(asked({ Referer: "http://evil.example/" })).toBe("by-link");
  expect(asked({ Referer: "http://localhost:3000/" })).toBe("by-link");
  expect(asked({ Referer: "no address" })).toBe("by-link");
});

describe("an answer", () => {
  test("is not for other sites' pages to show, and is what it says it is", () => {
    const { status, headers } = protect(new Response("x", { status: 404 }));
    expect(status).toBe(404);
    expect(Object.fromEntries(headers)).toMatchObject({
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
      "x-frame-options": "DENY",
    });
  });
});
