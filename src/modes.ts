/** The mode router: which mode starts which component. The only file that knows them all. */
import type { OpenBus } from "./bus/bus.ts";
import { createInprocOpenBus } from "./bus/inproc.ts";
import { createOpenBus } from "./bus/open.ts";
import type { ComponentConfig, Config, StandaloneConfig } from "./config/config.ts";
import { type Stage, stagesOf } from "./config/stages.ts";
import { COUNTER_DOCS } from "./counter-docs.ts";
import { startDownsampler } from "./downsampler/downsampler.ts";
import { startFilter } from "./filter/filter.ts";
import { startHttpListener } from "./listener/http.ts";
import { startUdpListener } from "./listener/udp.ts";
import { PAGE_TYPE, pageSample, printPage } from "./metrics/page.ts";
import { samplesHere } from "./metrics/samples.ts";
import { startMonitor } from "./monitor/monitor.ts";
import type { Clock } from "./platform/clock.ts";
import { type Member, startGroup } from "./platform/group.ts";
import type { Running } from "./platform/lifecycle.ts";
import { componentLog, type Log } from "./platform/log.ts";
import { startWithPprof } from "./pprof/pprof.ts";
import { startWithProbes } from "./probes/probes.ts";
import { openFileSystem } from "./writer/file-system.ts";
import { startWriter } from "./writer/writer.ts";

export interface ModeDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Where a filter's threads start; only `main.ts` can tell, see there. */
  readonly workerUrl: URL;
}

interface StartDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly openBus: OpenBus;
  /** Undefined: filters work on this thread. */
  readonly workerUrl: URL | undefined;
  readonly isAlone?: boolean;
}

/** Rejects with a SpoutError if the component, or one of them, cannot start. */
export function startMode(config: Config, deps: ModeDeps): Promise<Running> {
  if (config.mode === "standalone") {
    return withOwnPages(config, deps, () => startStandalone(config, deps));
  }
  return startComponent(config, {
    ...deps,
    openBus: createOpenBus(config.nats, deps),
    isAlone: true,
  });
}

/** With probes and profiles around it, if it is to have them. */
function withOwnPages(
  ports: { readonly probePort: number; readonly pprofPort: number },
  deps: { readonly clock: Clock; readonly log: Log },
  start: () => Promise<Running>,
): Promise<Running> {
  const { clock, log } = deps;
  return startWithProbes(
    {
      port: ports.probePort,
      printMetrics: (sets) => printPage(sets.flatMap(samplesHere).map(pageSample), COUNTER_DOCS),
      metricsType: PAGE_TYPE,
      clock,
      log,
    },
    () => startWithPprof({ port: ports.pprofPort, clock, log }, start),
  );
}

async function startStandalone(config: StandaloneConfig, deps: ModeDeps): Promise<Running> {
  const { clock } = deps;
  const openInproc = config.inproc ? createInprocOpenBus({ clock }) : undefined;
  const memberOf = (component: ComponentConfig, { stopWeight, isCircle }: Stage): Member => {
    const log = componentLog(deps.log, component.name, component.debug);
    const openBus = openInproc ?? createOpenBus(component.nats, { clock, log });
    return {
      name: `${component.mode} "${component.name}"`,
      start: () => startComponent(component, { clock, log, openBus, workerUrl: undefined }),
      stopWeight,
      isInCircle: isCircle,
    };
  };
  const group = await startGroup({
    name: `standalone "${config.name}"`,
    stages: stagesOf(config.components).map((stage) =>
      stage.members.map((component) => memberOf(component, stage)),
    ),
    stopTimeoutMs: config.stopTimeoutMs,
    clock,
  });
  const http = config.components.find(({ mode }) => mode === "listener_http");
  if (http !== undefined && "port" in http) {
    const url = `http://localhost:${http.port}/write`;
    deps.log.info(`ready; to try it: curl -i ${url} --data-binary 'cpu,host=me usage=1'`);
  }
  return group;
}

function startComponent(config: ComponentConfig, deps: StartDeps): Promise<Running> {
  return withOwnPages(config, deps, () => startBare(config, deps));
}

function startBare(config: ComponentConfig, deps: StartDeps): Promise<Running> {
  switch (config.mode) {
    case "listener":
      return startUdpListener(config, deps);
    case "listener_http":
      return startHttpListener(config, deps);
    case "filter":
      return startFilter(config, deps);
    case "downsampler":
      return startDownsampler(config, deps);
    case "writer":
      return startWriter(config, {
        ...deps,
        fetch,
        files: openFileSystem(),
        stdout: process.stdout,
      });
    case "monitor":
      return startMonitor(config, { ...deps, counterDocs: COUNTER_DOCS });
  }
}
