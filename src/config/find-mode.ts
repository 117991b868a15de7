/** Which mode the layers ask for: what decides which options there are. */
import type { Mode } from "./config.ts";
import { placeIn } from "./layer.ts";
import { nearestName } from "./nearest-name.ts";
import { type Problems, show } from "./problems.ts";
import type { Layers } from "./settings.ts";

/**
 * One of `modes`; after telling `problems`, the one that was probably meant, so that what else is wrong is told in the
 * same go, or undefined if that cannot be guessed.
 */
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
    return guess(name, modes);
  }
  if (mode !== "standalone") refuseComponents(layers, mode, problems);
  return mode;
}

function describe(name: unknown): string {
  if (name === "") return "nothing: mode not specified in config";
  return show(name);
}

/** More than this is no slip of the fingers. */
const MISSPELT_EDITS_MAX = 3;

function guess<Known extends Mode>(name: unknown, modes: readonly Known[]): Known | undefined {
  if (typeof name !== "string" || name === "") return undefined;
  const nearest = nearestName(name, modes, MISSPELT_EDITS_MAX);
  return modes.find((known) => known === nearest);
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
