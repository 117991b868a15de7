/**
 * Goal: whatever lines come in whatever order, what is published is what plain arithmetic gives. Method: random lines, of
 * which a reference that knows no bytes keeps every value; tags and fields come in any order, some lines clash.
 */
import { expect, test } from "bun:test";

import { type Random, seededRandom } from "../../support/random.ts";
import { average } from "./average.ts";

const NAMES = ["cpu", "in\\ door", "温度", "a\\,b", "m"];
const TAG_KEYS = ["host", "ro\\ om", "a\\=b", "zone", "部屋"];
const TAG_VALUES = ["1", "2", "a\\ b", "\\,", '"', "C:\\dir"];
const FIELD_KEYS = ["v", "load", "my\\ f", "a\\=b", "Z", "値", "v_min", "c\\,d"];
const STRINGS = ['""', '"ok"', '"a b,c=d"', '"say \\"hi\\""', '"C:\\\\"', '"x 5"', '"\\,"'];
const BOOLEANS = ["t", "F", "true", "FALSE"];

type Kind = "integer" | "float" | "boolean" | "string";
const KINDS = ["integer", "float", "boolean", "string"] as const;

/** What came of one field: all its values as written. */
interface Kept {
  readonly kind: Kind;
  readonly values: string[];
}

type Reference = Map<string, Map<string, Kept>>;

/** By the bytes, as fields and tags are. */
function inOrder(texts: Iterable<string>): string[] {
  return [...texts].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
}

function shuffled<Item>(random: Random, items: readonly Item[]): Item[] {
  const left = [...items];
  return Array.from(items, () => left.splice(random.int(left.length), 1)[0] as Item);
}

function some<Item>(random: Random, items: readonly Item[]): Item[] {
  return shuffled(random, items).slice(0, random.int(items.length + 1));
}

function randomValue(random: Random, kind: Kind): string {
  switch (kind) {
    case "integer":
      return `${random.oneIn(2) ? "-" : ""}${random.int(10 ** (1 + random.int(9)))}${random.oneIn(3) ? random.int(1e9) : ""}i`;
    case "float":
      // Quarters, so that plain addition is exact.
      return String((random.int(4000) - 2000) / 4);
    case "boolean":
      return random.pick(BOOLEANS);
    case "string":
      return random.pick(STRINGS);
  }
}

/** The line, and the same to the reference if all of it can be added. */
function randomLine(random: Random, reference: Reference): string {
  const name = random.pick(NAMES);
  const tags = some(random, TAG_KEYS).map((key) => `${key}=${random.pick(TAG_VALUES)}`);
  const key = [name, ...sortedTags(tags)].join(",");
  const known = reference.get(key) ?? new Map<string, Kept>();
  const fields = (random.oneIn(3) ? shuffled(random, FIELD_KEYS) : FIELD_KEYS)
    .filter(() => random.oneIn(2))
    .map((field) => {
      const kind = random.oneIn(30)
        ? random.pick(KINDS)
        : (known.get(field)?.kind ?? random.pick(KINDS));
      return { field, kind, value: randomValue(random, kind) };
    });
  if (fields.length === 0) fields.push({ field: "v", kind: "float", value: "1" });
  if (fields.every(({ field, kind }) => (known.get(field)?.kind ?? kind) === kind)) {
    for (const { field, kind, value } of fields) {
      const kept = known.get(field);
      if (kept === undefined) known.set(field, { kind, values: [value] });
      else kept.values.push(value);
    }
    reference.set(key, known);
  }
  const printed = fields.map(({ field, value }) => `${field}=${value}`).join(",");
  return `${[name, ...tags].join(",")} ${printed}`;
}

/** By their keys without the backslashes. */
function sortedTags(tags: readonly string[]): string[] {
  const plain = (tag: string) => tag.slice(0, tag.search(/(?<!\\)=/)).replaceAll("\\", "");
  const byKey = new Map(tags.map((tag) => [plain(tag), tag]));
  return inOrder(byKey.keys()).map((key) => byKey.get(key) ?? "");
}

function averageOf({ kind, values }: Kept): string {
  switch (kind) {
    case "integer": {
      const sum = values.reduce((total, value) => total + BigInt(value.slice(0, -1)), 0n);
      return `${sum / BigInt(values.length)}i`;
    }
    case "float":
      return String(values.reduce((total, value) => total + Number(value), 0) / values.length);
    default:
      return values.at(-1) ?? "";
  }
}

function printed(reference: Reference): string[] {
  return Array.from(reference, ([key, fields]) => {
    const all = inOrder(fields.keys()).map((name) => {
      const kept = fields.get(name);
      return `${name}=${kept === undefined ? "" : averageOf(kept)}`;
    });
    return `${key} ${all.join(",")}`;
  });
}

test("random lines give what plain arithmetic gives", () => {
  const random = seededRandom("downsampler");
  for (let round = 0; round < 60; round++) {
    const reference: Reference = new Map();
    const lines = Array.from({ length: 1 + random.int(400) }, () => randomLine(random, reference));
    const payloads: string[] = [];
    for (let at = 0; at < lines.length;) {
      const count = 1 + random.int(50);
      payloads.push(lines.slice(at, at + count).join(random.oneIn(4) ? "\r\n" : "\n"));
      at += count;
    }
    const { series, counts } = average(payloads);
    expect(inOrder(series)).toEqual(inOrder(printed(reference)));
    expect(counts.averaged_lines + counts.invalid_lines).toBe(lines.length);
    expect(counts.received_lines).toBe(lines.length);
  }
});
