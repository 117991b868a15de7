/** Which mode the layers ask for: what decides which options there are. */
import type { Mode } from "./config.ts";
import { placeIn } from "./layer.ts";
import { UNAVAILABLE_MODES } from "./option.ts";
import { type Problems, show } from "./problems.ts";
import type { Layers } from "./settings.ts";

/** One of `modes`, or undefined after telling `problems`. */
export function findMode<Known extends Mode>(
  layers: Layers,
  modes: readonly Known[],
  problems: Problems,
): Known | undefined {
  const layer = layers.find(({ entries, refused }) => entries.has("mode") || refused.has("mode"));
  if (layer?.refused.has("mode")) return undefined;
  const entry = layer?.entries.get("mode");
  const name = entry?.value ?? "";
  const mode = modes.find((known) => known === name);
  if (mode === undefined) {
    const expected = `one of ${modes.map((known) => `"${known}"`).join(", ")}`;
    problems.add(entry?.place ?? placeIn(layers[0], "mode"), expected, describe(name));
  } else if (mode !== "standalone") {
    refuseComponents(layers, mode, problems);
  }
  return mode;
}

function describe(name: unknown): string {
  if (name === "") return "nothing: mode not specified in config";
  const isLater = UNAVAILABLE_MODES.some((known) => known === name);
  return `${show(name)}${isLater ? ", which is not available in this version" : ""}`;
}

/** Whoever writes them expects them to run. */
function refuseComponents(layers: Layers, mode: Mode, problems: Problems): void {
  for (const { entries } of layers) {
    const entry = entries.get("component");
    if (entry === undefined) continue;
    const expected = 'mode = "standalone" at the top of a file with [[component]] tables';
    problems.add(entry.place, expected, `them in mode "${mode}"`);
  }
}
