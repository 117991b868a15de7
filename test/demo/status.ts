/** What became of the lines, read from the metrics that the running process writes to a file. */

/** By measurement and tags, as printed; each with its fields. */
export type Metrics = Map<string, Readonly<Record<string, number>>>;

/** Returns a function that reads the newest metrics from `path`, which need not exist yet, leaving out what it holds now. */
export function followMetrics(path: string): () => Promise<Metrics> {
  let offset = Bun.file(path).size;
  const metrics: Metrics = new Map();
  return async () => {
    const file = Bun.file(path);
    // Rotated: the new file is read from its start.
    if (file.size < offset) offset = 0;
    const text = await file.slice(offset).text();
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    offset += Buffer.byteLength(whole);
    for (const line of whole.split("\n")) {
      const [series = "", fields = ""] = line.split(" ");
      if (series !== "") metrics.set(series, parseFields(fields));
    }
    return metrics;
  };
}

function parseFields(fields: string): Record<string, number> {
  const pairs = fields.split(",").map((field) => field.split("="));
  return Object.fromEntries(pairs.map(([name, value]) => [name, Number(value)]));
}

/** One line: received, by subject, junk, dropped, written. */
export function statusLine(metrics: Metrics): string {
  const rules = [...metrics].filter(([series]) => series.startsWith("spout_stat_filter_rule,"));
  const bySubject = new Map<string, number>();
  for (const [series, { triggered = 0 }] of rules) {
    const subject = /,rule=([^,]*)/.exec(series)?.[1] ?? "";
    bySubject.set(subject, (bySubject.get(subject) ?? 0) + triggered);
  }
  const counts: (readonly [string, number])[] = [
    ["received", sum(metrics, "spout_stat_listener,", /^received_lines$/)],
    ...bySubject,
    ["junk", sum(metrics, "spout_stat_filter,", /^rejected$/)],
    [
      "dropped",
      sum(metrics, "", /^(invalid-time|(dropped|lost|invalid|comment|nats_dropped)_.*lines)$/),
    ],
    ["written", sum(metrics, "spout_stat_writer,", /^written_lines$/)],
  ];
  return counts.map(([name, count]) => `${name} ${count}`).join("  ");
}

/** The metrics' own way to their file is left out. */
function sum(metrics: Metrics, start: string, field: RegExp): number {
  let total = 0;
  for (const [series, fields] of metrics) {
    if (!series.startsWith(start) || series.includes("writer=metrics")) continue;
    // What a component tells by subject is in its own sums as well.
    if (series.split(",", 1)[0]?.endsWith("_subject")) continue;
    for (const [name, value] of Object.entries(fields)) if (field.test(name)) total += value;
  }
  return total;
}
