/** Counters as a page for Prometheus shows them, and as Prometheus has scraped them: comparable with each other. */
import type { Prometheus } from "./prometheus.ts";

/** `received{component="listener",host="vm",name="udp"}`, labels in the order of their names -> value. */
export type Series = Readonly<Record<string, number>>;

/** All values of a page. */
export function seriesOnPage(page: string): Series {
  const lines = page.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    lines.map((line) => {
      const end = line.lastIndexOf(" ");
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

/** A component, or a part of it, as its labels name it, and what it has counted. */
export type CounterRow = readonly [
  labels: Readonly<Record<string, string>>,
  counts: Readonly<Record<string, number>>,
];

/** As a page shows them under their names of 2.x, with `further` labels. */
export function seriesOf(
  rows: readonly CounterRow[],
  further: Readonly<Record<string, string>> = {},
): Series {
  const series = rows.flatMap(([labels, counts]) =>
    Object.entries(counts).map(
      ([name, value]) => [printSeries(name, { ...labels, ...further }), value] as const,
    ),
  );
  return Object.fromEntries(series);
}

/** The same counters, which have their names of 2.x, under those that Prometheus's conventions ask for. */
export function conventional(series: Series): Series {
  return Object.fromEntries(
    Object.entries(series).map(([name, value]) => [
      name.replace(/^(\w+){component="(\w+)",/, "influx_spout_$2_$1_total{"),
      value,
    ]),
  );
}

/** What Prometheus knows now of the pages that it scrapes; what it says of the scraping itself is left out. */
export async function seriesScraped(prometheus: Prometheus): Promise<Series> {
  const found = await prometheus.query('{__name__=~".+",__name__!~"up|scrape_.*"}');
  return Object.fromEntries(
    found.map(({ labels: { __name__: name = "", ...labels }, value }) => [
      printSeries(name, labels),
      value,
    ]),
  );
}

/** Those of `series` for which `isWanted` is true. */
export function seriesWhere(
  series: Series,
  isWanted: (name: string, value: number) => boolean,
): Series {
  return Object.fromEntries(
    Object.entries(series).filter(([name, value]) => isWanted(name, value)),
  );
}

function printSeries(name: string, labels: Readonly<Record<string, string>>): string {
  const printed = Object.keys(labels)
    .sort()
    .map((label) => `${label}="${labels[label]}"`);
  return printed.length === 0 ? name : `${name}{${printed.join(",")}}`;
}
