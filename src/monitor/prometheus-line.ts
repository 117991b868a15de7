/**
 * Reads one line of what components of 2.x publish: `received{component="listener",name="a"} 34 1795337038187`. The
 * grammar is that of the 2.x monitor, word for word; beyond it a label's value may hold the escapes of Prometheus.
 */
import type { Labels, Sample } from "../metrics/samples.ts";

/** A sample, or why there is none, in the words of 2.x. The timestamp is read and left: Prometheus has its own. */
export type PrometheusLine = Sample | { readonly problem: string };

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
/** Those that begin with two underscores are Prometheus's own. */
const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;
const INTEGER = /^[-+]?[0-9]+$/;

/** `line` is without its line ending. */
export function readPrometheusLine(line: string): PrometheusLine {
  const nameEnd = line.search(/[ {]/);
  const name = nameEnd < 0 ? line : line.slice(0, nameEnd);
  if (line.length < 3 || !NAME.test(name)) return { problem: "invalid metric" };
  if (nameEnd < 0) return { problem: "no value" };
  const parsed =
    line[nameEnd] === "{" ? readLabels(line, nameEnd + 1) : { labels: {}, end: nameEnd };
  if ("problem" in parsed) return parsed;
  const { labels, end } = parsed;
  if (end === line.length) return { problem: "no value" };
  if (line[end] !== " ") return { problem: "invalid value" };
  const [value = "", timestamp, ...more] = line.slice(end + 1).split(" ");
  if (!INTEGER.test(value)) return { problem: "invalid value" };
  if (more.length > 0 || (timestamp !== undefined && !INTEGER.test(timestamp))) {
    return { problem: "invalid timestamp" };
  }
  return { name, labels, value: Number(value) };
}

/** A name and the quote that opens its value, up to which the whole value is read. */
const LABEL_START = /([^="{},]*)="/y;
const VALUE = /((?:[^"\\]|\\.)*)("?)/y;

/** Reads from behind the opening brace; `end` is behind the closing one. */
function readLabels(
  line: string,
  start: number,
): { readonly labels: Labels; readonly end: number } | { readonly problem: string } {
  const labels = new Map<string, string>();
  let at = start;
  if (line[at] === "}") return { labels: {}, end: at + 1 };
  for (;;) {
    const [opening = "", name = ""] = matchAt(LABEL_START, line, at);
    if (opening === "" || !LABEL_NAME.test(name) || labels.has(name)) {
      return { problem: "invalid label" };
    }
    at += opening.length;
    const [whole = "", value = "", closingQuote] = matchAt(VALUE, line, at);
    if (closingQuote !== '"') return { problem: "missing label closing quote" };
    labels.set(name, unescapeValue(value));
    at += whole.length;
    if (line[at] === "}") return { labels: Object.fromEntries(labels), end: at + 1 };
    if (line[at] !== ",") return { problem: "invalid label separator" };
    at++;
  }
}

function matchAt(pattern: RegExp, text: string, at: number): readonly string[] {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? [];
}

/** 2.x knew no escapes: a backslash in front of anything else stands for itself. */
function unescapeValue(text: string): string {
  return text.replaceAll(/\\([\\"n])/g, (_escape, char: string) => (char === "n" ? "\n" : char));
}
