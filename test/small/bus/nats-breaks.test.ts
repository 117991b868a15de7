/** Goal: a break is told if messages are likely to be lost with it, once, and not if they are not. */
import { expect, test } from "bun:test";

import { Breaks } from "../../../src/bus/nats-breaks.ts";
import type { LinkEnd } from "../../../src/bus/nats-link.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const QUIET: LinkEnd = {
  reason: "closed by the server",
  serverId: "S1",
  isInCluster: false,
  isFrozen: false,
  isCut: false,
  wasBusy: false,
  stoodStillMs: 0,
};

/** What is told of a connection that ended so, and of the next one, to `serverId`, half a second later. */
function told(end: Partial<LinkEnd>, serverId: string): string[] {
  const clock = new ManualClock();
  const lines: string[] = [];
  const breaks = new Breaks(clock, { onUncounted: (what) => void lines.push(what) });
  breaks.ended({ ...QUIET, ...end });
  clock.advance(500);
  breaks.connected(serverId);
  breaks.connected(serverId);
  return lines;
}

const LOST = "are lost, and nobody can count them";

test("what the server could not write is lost, whatever else is known", () => {
  for (const end of [{}, { wasBusy: true }, { wasBusy: true, isFrozen: true, isInCluster: true }]) {
    for (const serverId of ["S1", "S2"]) {
      expect(told({ ...end, isCut: true }, serverId)).toEqual([
        `messages that waited there for us (nats-server's log says why) ${LOST}`,
      ]);
    }
  }
});

test("while messages came, what waited or went by is lost", () => {
  const busy = { wasBusy: true };
  expect(told({ ...busy, stoodStillMs: 40_123 }, "S2")).toEqual([
    `this process stood still for 40 s: messages that waited for us ${LOST}`,
  ]);
  expect(told({ ...busy, isFrozen: true }, "S2")).toEqual([
    `messages that waited there for us ${LOST}`,
  ]);
  expect(told({ ...busy, isInCluster: true }, "S2")).toEqual([
    `messages published at other servers until we are back, if nobody else of a queue group takes them, ${LOST}`,
  ]);
  expect(told(busy, "S1")).toEqual([
    `the server went on for 500 ms without us: messages published meanwhile, if nobody else of a queue group took them, ${LOST}`,
  ]);
});

test("nothing is said of a server that was restarted, nor while nothing came", () => {
  expect(told({ wasBusy: true }, "S2")).toEqual([]);
  for (const serverId of ["S1", "S2"]) {
    expect(told({}, serverId)).toEqual([]);
    expect(told({ isFrozen: true, isInCluster: true, stoodStillMs: 40_000 }, serverId)).toEqual([]);
  }
});
