/** What listeners tell the monitor subject, in the form of 1.x. */
import { expect, test } from "bun:test";
import { hostname } from "node:os";

import {
  HTTP_COUNTERS,
  listenerMetrics,
  printState,
  UDP_COUNTERS,
} from "../../../src/listener/counters.ts";
import { Counters } from "../../../src/metrics/counters.ts";
import { printMetrics } from "../../../src/metrics/print.ts";
import { STARTED_MS } from "../../../src/platform/host.ts";

test("both listeners publish 1.x's measurement, tag and first fields, then their own", () => {
  const kinds = [
    ["listener", UDP_COUNTERS],
    ["listener_http", HTTP_COUNTERS],
  ] as const;
  for (const [mode, declarations] of kinds) {
    const counters = new Counters<string>(declarations);
    counters.add("received", 5);
    counters.add("sent");
    counters.add("read_errors", 2);
    const sets = listenerMetrics({ mode, name: "my udp" }, counters.snapshot());
    const [line = "", ...others] = printMetrics(sets, "line", 0);
    expect(others).toEqual([]);
    const tags = `listener=my\\ udp,mode=${mode},host=${hostname()}`;
    expect(line).toStartWith(`spout_stat_listener,${tags} received=5,sent=1,read_errors=2,`);
    expect(line).toEndWith(`,started_ms=${STARTED_MS}\n`);
    expect(line.match(/[ ,]\w+=\d+/g)).toHaveLength(Object.keys(declarations).length + 1);
  }
});

test("states are 1.x's, the process's id bare", () => {
  expect(printState("boot")).toBe(`spout_mon type="listener",state="boot",pid=${process.pid}\n`);
  expect(printState("ready")).toBe(`spout_mon type="listener",state="ready",pid=${process.pid}\n`);
});
