/** What a component and its probes may not both have. */
import type { ComponentMode } from "./config.ts";
import { type Problems, show } from "./problems.ts";
import type { Settings } from "./settings.ts";

/** Modes whose `port` is a TCP port, as that of the probes is. */
const SERVING: readonly ComponentMode[] = ["listener_http", "monitor"];

/** The port for the probes of a component; 0: none. */
export function probePort(settings: Settings, mode: ComponentMode, problems: Problems): number {
  const port = settings.number("probe_port");
  if (port !== 0 && SERVING.includes(mode) && port === settings.number("port")) {
    const got = `${show(settings.get("probe_port"))}, which is that port`;
    problems.add(settings.place("probe_port"), "another port than the one of the component", got);
  }
  return port;
}
