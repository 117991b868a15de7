/**
 * Reads counters back from line protocol: what components of this program publish, and those of 1.x. Not on the path of
 * data, so it works on text.
 */
import { unescapeText } from "../line/escape.ts";
import { LINE_OK, newLineOffsets, scanLine } from "../line/scan.ts";
import { MEASUREMENT_START, type Sample, samplesOf, STARTED_FIELD } from "../metrics/samples.ts";

/** A part of a line up to an unescaped comma, or an unescaped equals sign. A backslash escapes all but another one. */
const PART = String.raw`(?:[^,=\\]|\\[^\\]|\\(?=\\|$))`;
const TAG = new RegExp(`,(${PART}+)=((?:${PART}|=)+)`, "g");
const FIELD = new RegExp(String.raw`(${PART}+)=("(?:[^"\\]|\\.)*"|[^,]*),?`, "gs");
/** The latest that a Date takes. */
const STARTED_MAX_MS = 8.64e15;
const NUMBER = /^[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?[iu]?$/;

/** Undefined if `line`, without its line ending, is no line protocol; empty if it is, and tells no component's counters. */
export function readCounterLine(line: string): readonly Sample[] | undefined {
  const bytes = new TextEncoder().encode(line);
  const offsets = newLineOffsets();
  if (scanLine(bytes, 0, bytes.length, offsets) !== LINE_OK) return undefined;
  const { measurementStart, measurementEnd, tagsEnd, fieldsStart, fieldsEnd } = offsets;
  const text = (start: number, end: number) => new TextDecoder().decode(bytes.subarray(start, end));
  const measurement = unescapeText(text(measurementStart, measurementEnd));
  if (!measurement.startsWith(MEASUREMENT_START)) return [];

  const tags = new Map<string, string>();
  for (const [, key = "", value = ""] of text(measurementEnd, tagsEnd).matchAll(TAG)) {
    tags.set(unescapeText(key), unescapeText(value));
  }
  const details = new Map<string, string>();
  const counts = new Map<string, number>();
  for (const [, key = "", value = ""] of text(fieldsStart, fieldsEnd).matchAll(FIELD)) {
    const name = unescapeText(key);
    if (value.startsWith('"')) details.set(name, unescapeString(value));
    else if (NUMBER.test(value)) counts.set(name, Number(value.replace(/[iu]$/, "")));
  }
  const startedMs = counts.get(STARTED_FIELD) ?? Number.NaN;
  counts.delete(STARTED_FIELD);
  const samples = samplesOf({
    measurement,
    tags: Object.fromEntries(tags),
    details: Object.fromEntries(details),
    counts: Object.fromEntries(counts),
  });
  if (!(startedMs >= 0 && startedMs <= STARTED_MAX_MS)) return samples;
  return samples.map((sample) => ({ ...sample, startedMs }));
}

/** `text` is in quotes. */
function unescapeString(text: string): string {
  return text.slice(1, -1).replaceAll(/\\(["\\])/g, "$1");
}
