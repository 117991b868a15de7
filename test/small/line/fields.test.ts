/** Goal: the fields of a good line are found where they stand, with their types and exact values; other values are refused. */
import { expect, test } from "bun:test";

import {
  FIELD_BOOLEAN,
  FIELD_FLOAT,
  FIELD_INTEGER,
  FIELD_STRING,
  FIELD_UNSIGNED,
  newFields,
  readFields,
} from "../../../src/line/fields.ts";
import { LINE_OK, lineCodeText, newLineOffsets, scanLine } from "../../../src/line/scan.ts";
import { randomLine, seededRandom } from "../../support/random.ts";

const KINDS: Readonly<Record<number, string>> = {
  [FIELD_FLOAT]: "float",
  [FIELD_INTEGER]: "integer",
  [FIELD_UNSIGNED]: "unsigned",
  [FIELD_BOOLEAN]: "boolean",
  [FIELD_STRING]: "string",
};

const fields = newFields();

/** [name, type, value as written, number] of each field of the line; undefined if a value is refused. */
function read(line: string) {
  const payload = new TextEncoder().encode(`x y=1\n${line}\nz z="1,2`);
  const start = 6;
  const end = start + new TextEncoder().encode(line).length;
  const offsets = newLineOffsets();
  const code = scanLine(payload, start, end, offsets);
  if (code !== LINE_OK) throw new Error(`${line}: ${lineCodeText(code)}`);
  if (!readFields(payload, offsets, fields)) return undefined;
  const text = (from: number | undefined, to: number | undefined) =>
    new TextDecoder().decode(payload.subarray(from, to));
  return Array.from({ length: fields.count }, (_, index) => {
    const kind = fields.kind[index] ?? 0;
    const high = fields.high[index] ?? NaN;
    const low = fields.low[index] ?? NaN;
    const isInteger = kind === FIELD_INTEGER || kind === FIELD_UNSIGNED;
    const value = isInteger ? BigInt(high) * 1_000_000_000n + BigInt(low) : high;
    return [
      text(fields.nameStart[index], fields.nameEnd[index]),
      KINDS[kind],
      text(fields.valueStart[index], fields.valueEnd[index]),
      ...(kind === FIELD_FLOAT || isInteger ? [value] : []),
    ];
  });
}

const valueOf = (value: string) => read(`m v=${value} 5`)?.[0]?.slice(1);

test("fields come in the order of the line, each with its type", () => {
  expect(read('cpu,host=a f=-1.5,i=-7i,u=7u,b=true,s="text" 1520000000000000000')).toEqual([
    ["f", "float", "-1.5", -1.5],
    ["i", "integer", "-7i", -7n],
    ["u", "unsigned", "7u", 7n],
    ["b", "boolean", "true"],
    ["s", "string", '"text"'],
  ]);
});

test("names and strings stay as they are written", () => {
  expect(read('m my\\ f=1,c\\,d=2,e\\=f=3,"q"=4,値=5,a\\\\\\=b=6')).toEqual([
    ["my\\ f", "float", "1", 1],
    ["c\\,d", "float", "2", 2],
    ["e\\=f", "float", "3", 3],
    ['"q"', "float", "4", 4],
    ["値", "float", "5", 5],
    ["a\\\\\\=b", "float", "6", 6],
  ]);
  expect(read('m s="a b,c=d",t="say \\"hi\\"",u="C:\\\\",v="",w="\\,"')).toEqual([
    ["s", "string", '"a b,c=d"'],
    ["t", "string", '"say \\"hi\\""'],
    ["u", "string", '"C:\\\\"'],
    ["v", "string", '""'],
    ["w", "string", '"\\,"'],
  ]);
});

test("integers are exact to the ends of 64 bits", () => {
  for (const text of [
    "0",
    "-0",
    "007",
    "-1000000000",
    "999999999",
    "9223372036854775807",
    "-9223372036854775808",
    "0000000000000000000000009223372036854775807",
  ]) {
    expect(valueOf(`${text}i`)).toEqual(["integer", `${text}i`, BigInt(text)]);
  }
  for (const text of ["0", "7", "18446744073709551615", "00018446744073709551615"]) {
    expect(valueOf(`${text}u`)).toEqual(["unsigned", `${text}u`, BigInt(text)]);
  }
});

test("booleans are the ten words that InfluxDB takes", () => {
  for (const text of ["t", "T", "true", "True", "TRUE", "f", "F", "false", "False", "FALSE"]) {
    expect(valueOf(text)).toEqual(["boolean", text]);
  }
});

test("values that InfluxDB refuses are refused", () => {
  // influxd 1.6.7 answers 400 to each of these
  const integers = ["9223372036854775808i", "-9223372036854775809i", "99999999999999999999i"];
  const malformed = ["i", "-i", "1.5i", "1e3i", "+5i", "1i2", "--5i", ".i", "0x10i"];
  const words = ["tRUE", "tru", "truee", "maybe", "t5", "yes", "+5", "inf", "NaN", "n", "1_000"];
  // and what InfluxDB 2.x refuses of those without a sign
  const unsigned = ["18446744073709551616u", "-1u", "u", "1.5u", "-u", "999999999999999999999u"];
  for (const value of [...integers, ...malformed, ...words, ...unsigned]) {
    expect([value, valueOf(value)]).toEqual([value, undefined]);
  }
});

test("a line of any number of fields is read, and leaves nothing to the next", () => {
  const many = Array.from({ length: 1000 }, (_, index) => `f${index}=${index}i`).join(",");
  expect(read(`m ${many}`)).toHaveLength(1000);
  expect(read("m v=1")).toEqual([["v", "float", "1", 1]]);
});

test("what is read of a line is all that the line says", () => {
  const random = seededRandom("fields");
  for (let round = 0; round < 5000; round++) {
    const line = randomLine(random);
    const found = read(line);
    const written = found?.map(([name, , value]) => `${String(name)}=${String(value)}`).join(",");
    expect([line, line.includes(written ?? "?")]).toEqual([line, true]);
    const names = found?.map(([name]) => Number.parseInt(String(name), 10));
    expect(names).toEqual(Array.from({ length: names?.length ?? 0 }, (_, place) => place));
  }
});
