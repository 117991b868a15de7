/**
 * What every bus promises, as one suite that each implementation runs. Goal: whatever stands above the bus works on
 * all of them alike. Method: connections of the real thing, observed only through the interface.
 */
import { afterAll, beforeAll, describe, test } from "bun:test";

import type { Bus } from "../../../src/bus/bus.ts";
import { deliveryPromises } from "./conformance-delivery.ts";
import { flowPromises } from "./conformance-flow.ts";
import { stopPromises } from "./conformance-stop.ts";
import type { Tools } from "./conformance-tools.ts";

export interface BusUnderTest {
  readonly name: string;
  /** Starts what the connections need. */
  start(): Promise<RunningBus>;
}

export type RunningBus = Pick<Tools, "open"> & AsyncDisposable;

const CLOSE_MAX_MS = 10_000;

export function runBusConformance(implementation: BusUnderTest): void {
  describe(`bus over ${implementation.name}`, () => {
    let running: RunningBus;
    let subjectCount = 0;
    const opened: Bus[] = [];
    const tools: Tools = {
      open(options) {
        const bus = running.open(options);
        opened.push(bus);
        return bus;
      },
      newSubject: () => `conformance.${++subjectCount}`,
    };

    beforeAll(async () => {
      running = await implementation.start();
    });
    afterAll(async () => {
      await Promise.all(opened.map((bus) => bus.close(CLOSE_MAX_MS)));
      await running[Symbol.asyncDispose]();
    });

    const promises = { ...deliveryPromises, ...flowPromises, ...stopPromises };
    for (const [title, body] of Object.entries(promises)) test(title, () => body(tools));
  });
}
