/** The ports on which a process answers about itself, and which it may not have for something else. */
import type { CommonConfig, Mode } from "./config.ts";
import { type Problems, show } from "./problems.ts";
import type { Settings } from "./settings.ts";

/** Modes whose `port` is a TCP port, as those here are. */
const SERVING: readonly Mode[] = ["listener_http", "monitor"];

export function ownPorts(
  settings: Settings,
  mode: Mode,
  problems: Problems,
): Pick<CommonConfig, "probePort" | "pprofPort"> {
  const probePort = settings.number("probe_port");
  const pprofPort = settings.number("pprof_port");
  const port = SERVING.includes(mode) ? settings.number("port") : 0;
  const refuse = (name: "probe_port" | "pprof_port", whose: string) => {
    const got = `${show(settings.get(name))}, which is that port`;
    problems.add(settings.place(name), `another port than the one of the ${whose}`, got);
  };
  if (probePort !== 0 && probePort === port) refuse("probe_port", "component");
  if (pprofPort !== 0 && pprofPort === port) refuse("pprof_port", "component");
  if (pprofPort !== 0 && pprofPort === probePort) refuse("pprof_port", "probes");
  return { probePort, pprofPort };
}
