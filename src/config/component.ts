/** What every component is given to start with: the world outside of it. */
import type { OpenBus } from "../bus/bus.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";

export interface ComponentDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Bound to the configured servers. */
  readonly openBus: OpenBus;
  /** True if no other component shares the process: then one may keep its event loop from everything for some milliseconds. */
  readonly isAlone?: boolean;
}
