/** Chooses the bus: what the run modes and the filter's threads call. */
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { OpenBus } from "./bus.ts";
import type { NatsOptions } from "./nats-options.ts";
import { openNatsBus } from "./nats.ts";

export interface BusDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/** A function that opens connections to the servers that `options` names, one a call. */
export function createOpenBus(options: NatsOptions, deps: BusDeps): OpenBus {
  return (busOptions) => openNatsBus(busOptions, options, deps);
}
