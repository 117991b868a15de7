/**
 * The page that Prometheus reads, in its text format 0.0.4. Each counter stands there twice: under its 2.x name, without
 * a type, for dashboards made for 2.x; and as `influx_spout_<component>_<counter>_total`, a counter by Prometheus's rules.
 */
import type { CounterDeclarations } from "./counters.ts";
import { metricName, printLabels, type Sample } from "./samples.ts";

export const PAGE_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** What counters count, by component; a component of several kinds has several declarations. */
export type CounterDocs = Readonly<Record<string, readonly CounterDeclarations[]>>;

/** Anything that is no counter, under a name of its own. */
export interface Gauge extends Sample {
  readonly help: string;
}

/** Valid whatever the samples are; of two with the same name and labels, the later one stands there. */
export function printPage(
  samples: Iterable<Sample>,
  docs: CounterDocs,
  gauges: Iterable<Gauge> = [],
): string {
  const families = new Families();
  for (const sample of samples) {
    const { name } = sample;
    families.add("untyped", sample, () => describe(Object.keys(docs), name, docs));
    const counter = conventional(sample);
    if (counter === undefined) continue;
    families.add("counter", counter, () =>
      describe([sample.labels["component"] ?? ""], name, docs),
    );
  }
  for (const gauge of gauges) families.add("gauge", gauge, () => gauge.help);
  return families.print();
}

/** The same number under the name that Prometheus's conventions ask for; undefined if it is of no component. */
function conventional({ name, labels, value }: Sample): Sample | undefined {
  const { component = "", ...others } = labels;
  if (component === "") return undefined;
  const suffix = name.endsWith("_total") ? "" : "_total";
  return {
    name: metricName(`influx_spout_${component}_${name.replaceAll(":", "_")}${suffix}`),
    labels: others,
    value,
  };
}

/** What the counter `name` counts in those of `components` that have it. */
function describe(components: readonly string[], name: string, docs: CounterDocs): string {
  const told = components.flatMap((component) =>
    (docs[component] ?? []).flatMap((declarations) =>
      Object.entries(declarations)
        .filter(([counter]) => metricName(counter) === name)
        .map(([, text]) => ({ component, text })),
    ),
  );
  const texts = new Set(told.map(({ text }) => text));
  if (texts.size === 0) return "A counter that this version does not know.";
  if (texts.size === 1) return [...texts].join("");
  const named = told.map(({ component, text }) => `In a ${component}: ${text}`);
  return [...new Set(components.length === 1 ? texts : named)].join(" ");
}

type Type = "untyped" | "counter" | "gauge";

interface Family {
  readonly type: Type;
  readonly help: string;
  /** By the labels as printed. */
  readonly values: Map<string, number>;
}

/** All lines of one name stand together below its HELP and TYPE, or Prometheus refuses the page. */
class Families {
  readonly #families = new Map<string, Family>();

  add(type: Type, { name, labels, value }: Sample, help: () => string): void {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { type, help: help(), values: new Map() };
      this.#families.set(name, family);
    }
    family.values.set(printLabels(labels), value);
  }

  print(): string {
    return Array.from(this.#families)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, { type, help, values }]) => {
        const lines = Array.from(values, ([labels, value]) => `${name}${labels} ${value}\n`).sort();
        const helpText = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
        return `# HELP ${name} ${helpText}\n# TYPE ${name} ${type}\n${lines.join("")}`;
      })
      .join("");
  }
}
