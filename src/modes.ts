/** The mode router: which mode starts which component. The only file that knows them all. */
import { createOpenBus } from "./bus/open.ts";
import type { Config } from "./config/config.ts";
import { startFilter } from "./filter/filter.ts";
import { startHttpListener } from "./listener/http.ts";
import { startUdpListener } from "./listener/udp.ts";
import type { Clock } from "./platform/clock.ts";
import type { Running } from "./platform/lifecycle.ts";
import type { Log } from "./platform/log.ts";
import { startWriter } from "./writer/writer.ts";

export interface ModeDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Where a filter's threads start; only `main.ts` can tell, see there. */
  readonly workerUrl: URL;
}

export function startMode(config: Config, deps: ModeDeps): Promise<Running> {
  const openBus = createOpenBus(config.nats, deps);
  const componentDeps = { clock: deps.clock, log: deps.log, openBus };
  switch (config.mode) {
    case "listener":
      return startUdpListener(config, componentDeps);
    case "listener_http":
      return startHttpListener(config, componentDeps);
    case "filter":
      return startFilter(config, { ...componentDeps, workerUrl: deps.workerUrl });
    case "writer":
      return startWriter(config, { ...componentDeps, fetch });
  }
}
