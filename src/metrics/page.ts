/**
 * The page that Prometheus reads, in its text format 0.0.4. Each counter stands there twice: under its 2.x name, without
 * a type, for dashboards made for 2.x; and as `influx_spout_<component>_<counter>_total`, a counter by Prometheus's rules.
 */
import type { CounterDeclarations } from "./counters.ts";
import { metricName, printLabels, type Sample } from "./samples.ts";

export const PAGE_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** What counters count, by component; a component of several kinds has several declarations. */
export type CounterDocs = Readonly<Record<string, readonly CounterDeclarations[]>>;

/** One number, as it stands on the page. */
export interface PageSample {
  readonly name: string;
  /** As {@link printLabels} prints them. */
  readonly labels: string;
  readonly value: number;
}

/** Anything that is no counter, under a name of its own. */
export interface PageGauge extends PageSample {
  readonly help: string;
}

export function pageSample({ name, labels, value }: Sample): PageSample {
  return { name, labels: printLabels(labels), value };
}

/** So many samples are looked at, or characters printed, in one piece. */
const PIECE_SAMPLES = 1000;
const PIECE_CHARS = 16 * 1024;

/**
 * The page in pieces, some of them empty, so that whoever prints a long one can do something else in between. Valid whatever
 * the samples are; of two with the same name and labels, the later one stands there.
 */
export function* printPage(
  samples: Iterable<PageSample>,
  docs: CounterDocs,
  gauges: Iterable<PageGauge> = [],
): Generator<string, void> {
  const families = new Families(docs);
  let count = 0;
  for (const sample of samples) {
    families.addCounter(sample);
    if (++count % PIECE_SAMPLES === 0) yield "";
  }
  for (const gauge of gauges) {
    families.addGauge(gauge);
    if (++count % PIECE_SAMPLES === 0) yield "";
  }
  yield* families.print();
}

const COMPONENT_START = 'component="';
const VALUE = /(?:[^"\\]|\\.)*/sy;

/** Empty if none is named. A quote within a value has a backslash before it: nothing but the label looks as it does. */
function componentOf(labels: string): string {
  const start = componentStart(labels);
  if (start < 0) return "";
  VALUE.lastIndex = start + COMPONENT_START.length;
  return VALUE.exec(labels)?.[0] ?? "";
}

function componentStart(labels: string): number {
  let start = labels.indexOf(COMPONENT_START);
  while (start >= 0 && labels[start - 1] !== "{" && labels[start - 1] !== ",") {
    start = labels.indexOf(COMPONENT_START, start + 1);
  }
  return start;
}

/** `labels` have a component, which is cut out with the comma that sets it off. */
function withoutComponent(labels: string): string {
  const start = componentStart(labels);
  const end = start + COMPONENT_START.length + componentOf(labels).length + 1;
  if (labels[end] === ",") return labels.slice(0, start) + labels.slice(end + 1);
  return start === 1 ? "" : labels.slice(0, start - 1) + labels.slice(end);
}

type Type = "untyped" | "counter" | "gauge";

interface Family {
  readonly type: Type;
  readonly help: string;
  readonly samples: PageSample[];
  /** Those that stand here without the label `component`, which is in the name. */
  readonly ofComponent: PageSample[];
}

/** All lines of one name stand together below its HELP and TYPE, or Prometheus refuses the page. */
class Families {
  readonly #families = new Map<string, Family>();
  /** By component and name as in 2.x: working a name out takes longer than finding it. */
  readonly #conventional = new Map<string, Family>();
  readonly #help: (components: readonly string[] | undefined, name: string) => string;

  constructor(docs: CounterDocs) {
    this.#help = helpFrom(docs);
  }

  addCounter(sample: PageSample): void {
    const { name } = sample;
    this.#family(name, "untyped", () => this.#help(undefined, name)).samples.push(sample);
    const component = componentOf(sample.labels);
    if (component === "") return;
    const key = `${component} ${name}`;
    let family = this.#conventional.get(key);
    if (family === undefined) {
      const help = () => this.#help([component], name);
      family = this.#family(conventionalName(component, name), "counter", help);
      this.#conventional.set(key, family);
    }
    family.ofComponent.push(sample);
  }

  addGauge(gauge: PageGauge): void {
    this.#family(gauge.name, "gauge", () => gauge.help).samples.push(gauge);
  }

  #family(name: string, type: Type, help: () => string): Family {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { type, help: help(), samples: [], ofComponent: [] };
      this.#families.set(name, family);
    }
    return family;
  }

  *print(): Generator<string, void> {
    let piece = "";
    for (const name of [...this.#families.keys()].sort()) {
      const { type, help, samples, ofComponent } = this.#families.get(name) as Family;
      const helpText = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
      piece += `# HELP ${name} ${helpText}\n# TYPE ${name} ${type}\n`;
      const values = new Map<string, number>();
      for (const { labels, value } of samples) values.set(labels, value);
      for (const { labels, value } of ofComponent) values.set(withoutComponent(labels), value);
      for (const labels of [...values.keys()].sort()) {
        piece += `${name}${labels} ${values.get(labels)}\n`;
        if (piece.length < PIECE_CHARS) continue;
        yield piece;
        piece = "";
      }
    }
    yield piece;
  }
}

/** The name that Prometheus's conventions ask for. */
function conventionalName(component: string, name: string): string {
  const suffix = name.endsWith("_total") ? "" : "_total";
  return metricName(`influx_spout_${component}_${name.replaceAll(":", "_")}${suffix}`);
}

/** Says what a counter counts in those of `components`, or of all, that have it. */
function helpFrom(docs: CounterDocs) {
  const told = new Map<string, { readonly component: string; readonly text: string }[]>();
  for (const [component, declared] of Object.entries(docs)) {
    for (const [counter, text] of declared.flatMap((counters) => Object.entries(counters))) {
      const name = metricName(counter);
      told.set(name, [...(told.get(name) ?? []), { component, text }]);
    }
  }
  return (components: readonly string[] | undefined, name: string): string => {
    const all = told.get(name) ?? [];
    const here = all.filter(({ component }) => components?.includes(component) ?? true);
    const texts = new Set(here.map(({ text }) => text));
    if (texts.size === 0) return "A counter that this version does not know.";
    if (texts.size === 1) return [...texts].join("");
    const named = here.map(({ component, text }) => `In a ${component}: ${text}`);
    return [...new Set(components?.length === 1 ? texts : named)].join(" ");
  };
}
