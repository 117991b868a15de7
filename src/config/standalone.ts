/** Mode "standalone": what each of its components is, and what they may not do to one another. */
import { buildComponent, type LoadedComponent, processConfig } from "./build.ts";
import { checkFiles } from "./check-files.ts";
import { checkFlow } from "./check-flow.ts";
import { isInproc } from "./check-nats.ts";
import { ownPorts } from "./check-ports.ts";
import { nameComponents } from "./component-tables.ts";
import type { ComponentConfig, StandaloneConfig } from "./config.ts";
import { findMode } from "./find-mode.ts";
import { type Layer, readLayer } from "./layer.ts";
import { COMPONENT_MODES } from "./option.ts";
import { OPTIONS } from "./options.ts";
import { type Place, type Problems, show } from "./problems.ts";
import { type Layers, type Settings, settle } from "./settings.ts";

export interface StandaloneRequest {
  /** The files, the specific one first. */
  readonly layers: Layers;
  /** What the files say of the process itself. */
  readonly settings: Settings;
  /** The process's name where none is set. */
  readonly derivedName: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly problems: Problems;
}

export interface Standalone {
  readonly config: StandaloneConfig;
  /** Those of `config`, with what they were made of. */
  readonly components: readonly LoadedComponent[];
}

/** What it returns is fit for use only if `problems` stays empty. */
export function buildStandalone(request: StandaloneRequest): Standalone {
  const { layers, settings, derivedName, problems } = request;
  refuseRules(layers, problems);
  const components = loadComponents(request);
  const inproc = isInproc(settings);
  checkClaims(components, settings, problems);
  checkFiles(components, problems);
  checkFlow(components, inproc, problems);
  return {
    config: {
      mode: "standalone",
      ...processConfig(settings, derivedName, problems),
      ...ownPorts(settings, "standalone", problems),
      inproc,
      components: components.map(({ config }) => config),
    },
    components,
  };
}

function loadComponents(request: StandaloneRequest): readonly LoadedComponent[] {
  const { layers, env, problems } = request;
  const tables = request.settings.get("component");
  const place = request.settings.place("component");
  if (tables.length === 0 && !layers.some(({ refused }) => refused.has("component"))) {
    problems.add(place, "at least one [[component]] table with a mode in it", "none");
  }
  const defaults = defaultLayers(layers, problems);
  return nameComponents(tables, place, problems).flatMap(({ table, section, derivedName }) => {
    const own = readLayer(section, table, problems);
    const mode = findMode([own], COMPONENT_MODES, problems);
    if (mode === undefined) return [];
    const settings = settle([own, ...defaults], mode, problems);
    checkBus(own, settings, request.settings, problems);
    refusePprof(own, problems);
    const isInStandalone = true;
    const parts = { mode, settings, derivedName, isInStandalone, env, problems };
    return [{ config: buildComponent(parts), settings }];
  });
}

/** What the process is, and what each component has of its own. */
const NOT_INHERITED = ["mode", "name", "rule", "component", "probe_port", "pprof_port"];

/** What stands at the top level as the components inherit it; last, where this mode has a default of its own. */
function defaultLayers(layers: Layers, problems: Problems): readonly Layer[] {
  const { file } = layers[0];
  const ownDefaults = { nats_address: OPTIONS.nats_address.default.standalone };
  return [
    ...layers.map((layer) => ({
      ...layer,
      entries: new Map([...layer.entries].filter(([name]) => !NOT_INHERITED.includes(name))),
    })),
    readLayer({ file, component: "" }, ownDefaults, problems),
  ];
}

/** Rules at the top level would sort what the writers read as well: surely a `component.` was forgotten. */
function refuseRules(layers: Layers, problems: Problems): void {
  for (const { entries } of layers) {
    const entry = entries.get("rule");
    if (entry === undefined) continue;
    const expected = "[[component.rule]] below the component whose rules they are";
    problems.add(entry.place, expected, "[[rule]] at the top level");
  }
}

/** Components on different buses never hear of one another, which nobody wants who has them in one file. */
function checkBus(own: Layer, settings: Settings, ofProcess: Settings, problems: Problems): void {
  const entry = own.entries.get("nats_address");
  if (entry === undefined || isInproc(settings) === isInproc(ofProcess)) return;
  const [expected, got] = isInproc(ofProcess) ? ["inproc://", "NATS"] : ["NATS", "inproc://"];
  problems.add(entry.place, `${expected} like the whole process's at the top level`, got);
}

/** Profiles are of threads, and those are the process's. */
function refusePprof(own: Layer, problems: Problems): void {
  const entry = own.entries.get("pprof_port");
  if (entry === undefined || entry.value === 0n) return;
  const expected = "it at the top level: a process is profiled as a whole";
  problems.add(entry.place, expected, `${show(entry.value)} for this component`);
}

interface Claim {
  readonly noun: string;
  readonly value: bigint | string;
  readonly place: Place;
}

/** Reports what two components claim, or one and the process itself, whose settings are `ofProcess`. */
function checkClaims(
  components: readonly LoadedComponent[],
  ofProcess: Settings,
  problems: Problems,
): void {
  const holders = new Map<string, string>();
  const claim = (holder: string, claims: readonly Claim[]) => {
    for (const { noun, value, place } of claims) {
      const earlier = holders.get(`${noun} ${value}`);
      if (earlier === undefined) holders.set(`${noun} ${value}`, holder);
      else if (earlier !== holder)
        problems.add(place, `${noun} of its own`, `${show(value)}, which ${earlier} has too`);
    }
  };
  claim("the process", [
    ...ownPortClaims(ofProcess, "probe_port"),
    ...ownPortClaims(ofProcess, "pprof_port"),
  ]);
  for (const component of components) {
    claim(`component ${show(component.config.name)}`, claimsOf(component));
  }
}

/** What a component must have for itself: its ports, its averages. */
function claimsOf({ config, settings }: LoadedComponent): readonly Claim[] {
  return [
    ...portClaims(config, settings),
    ...ownPortClaims(settings, "probe_port"),
    ...archiveClaims(config, settings),
  ];
}

function portClaims(config: ComponentConfig, settings: Settings): readonly Claim[] {
  if (!("port" in config)) return [];
  const noun = config.mode === "listener" ? "a UDP port" : "a TCP port";
  return [{ noun, value: settings.get("port"), place: settings.place("port") }];
}

function ownPortClaims(settings: Settings, name: "probe_port" | "pprof_port"): readonly Claim[] {
  const value = settings.get(name);
  return value === 0n ? [] : [{ noun: "a TCP port", value, place: settings.place(name) }];
}

/** Two downsamplers of one subject would publish each average twice; with another suffix, they may differ in period. */
function archiveClaims(config: ComponentConfig, settings: Settings): readonly Claim[] {
  if (config.mode !== "downsampler") return [];
  const noun = "a subject for averages";
  const place = settings.place("downsample_suffix");
  return config.subjects.map((subject) => ({ noun, value: `${subject}${config.suffix}`, place }));
}
