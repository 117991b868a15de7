/**
 * Holds the scanner to the vectors that were measured on the earlier programs, adjusted where their rows say so,
 * and to what influxd 1.6.7 answered to each line of the tables here.
 */
import { describe, expect, test } from "bun:test";

import { escapeTag, unescapeText } from "../../../src/line/escape.ts";
import { newLineOffsets, scanLine } from "../../../src/line/scan.ts";
import vectors from "../../vectors.json";
import { type LineParts, scanText } from "./scan-text.ts";

function partsOf(line: string): LineParts {
  const scanned = scanText(line);
  if (typeof scanned === "string") throw new Error(`${JSON.stringify(line)}: ${scanned}`);
  return scanned;
}

describe("measured lines", () => {
  test.each(vectors.measurement)("finds the measurement: %j", (row) => {
    if (row.refused !== undefined) expect(scanText(row.line)).toBe(row.refused);
    const line = row.completed ?? row.line;
    if (row.raw === undefined) return;
    const { measurement } = partsOf(line);
    expect([measurement, unescapeText(measurement)]).toEqual([row.raw, row.name]);
  });

  test.each(vectors.tags)("finds the tags: %j", (row) => {
    if (row.refused !== undefined) expect(scanText(row.line)).toBe(row.refused);
    if (row.tags === undefined) return;
    const line = row.completed ?? row.line;
    const { tags, fields, timestamp } = partsOf(line);
    // Tags are compared as they would be written anew; two lines of the table are written otherwise.
    const isWrittenOtherwise = line.includes("a=b") || line.includes('\\"');
    const written = row.tags.map(
      ([key = "", value = ""]) => `,${escapeTag(key)}=${escapeTag(value)}`,
    );
    if (!isWrittenOtherwise) expect(tags).toBe(written.join(""));
    expect(timestamp === "" ? fields : `${fields} ${timestamp}`).toBe(row.remainder);
  });

  test.each(vectors.timestamp)("finds the timestamp: %j", (row) => {
    if (row.refused !== undefined) {
      expect(scanText(row.line)).toBe(row.refused);
    } else {
      const { timestamp, timestampNs } = partsOf(row.line);
      expect(timestamp === "" ? null : String(timestampNs)).toBe(row.timestamp ?? null);
    }
  });
});

test("gives the parts of a line with everything", () => {
  expect(
    scanText('in\\ door,ro\\=om=a\\,b,x=\\" v=1i,s="a b,c=\\"d\\\\",t=F -1520761485803180202'),
  ).toEqual({
    measurement: "in\\ door",
    tags: ',ro\\=om=a\\,b,x=\\"',
    fields: 'v=1i,s="a b,c=\\"d\\\\",t=F',
    timestamp: "-1520761485803180202",
    timestampNs: -1520761485803180202n,
  });
});

test("skips blanks where InfluxDB does: in front of each part, and spaces at the end", () => {
  const expected = {
    measurement: "m",
    tags: ",a=b",
    fields: "v=1",
    timestamp: "5",
    timestampNs: 5n,
  };
  expect(scanText("m,a=b v=1 5")).toEqual(expected);
  expect(scanText(" \t\0m,a=b v=1 5")).toEqual(expected);
  expect(scanText("m,a=b  \t\0 v=1 5")).toEqual(expected);
  expect(scanText("m,a=b v=1 \t\0 5")).toEqual(expected);
  expect(scanText("m,a=b v=1 5   ")).toEqual(expected);
  const timeless = { ...expected, timestamp: "", timestampNs: 0n };
  expect(scanText("m,a=b v=1 \t\0 ")).toEqual(timeless);
});

test("takes a timestamp for one only outside of strings", () => {
  expect(scanText('m v="x 5"')).toMatchObject({ fields: 'v="x 5"', timestamp: "" });
  expect(scanText('m v="x 5" 6')).toMatchObject({ fields: 'v="x 5"', timestamp: "6" });
});

test("leaves nothing of one line's timestamp to the next line", () => {
  const offsets = newLineOffsets();
  const payload = new TextEncoder().encode("m v=1 5000000007\nm v=1\n");
  scanLine(payload, 0, 16, offsets);
  expect(offsets).toMatchObject({ timestampStart: 6, timestampHigh: 5, timestampLow: 7 });
  scanLine(payload, 17, 22, offsets);
  expect(offsets).toMatchObject({
    timestampStart: 22,
    timestampEnd: 22,
    timestampHigh: 0,
    timestampLow: 0,
  });
});

test("reads timestamps to the ends of 64 bits, and refuses those beyond", () => {
  for (const text of [
    "9223372036854775807",
    "-9223372036854775808",
    "0",
    "-0",
    "000000000000000000000001",
  ]) {
    expect(scanText(`m v=1 ${text}`)).toMatchObject({ timestampNs: BigInt(text) });
  }
  const refused = "timestamp that is no 64-bit integer";
  for (const text of [
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999",
    "9".repeat(400),
  ]) {
    expect(scanText(`m v=1 ${text}`)).toBe(refused);
  }
  for (const text of [
    "-",
    "--5",
    "+5",
    "5-",
    "5.0",
    "1e5",
    "0x5",
    "5i",
    "5 6",
    "5\t",
    "\u0665",
    '"5"',
    "5\\",
  ]) {
    expect(scanText(`m v=1 ${text}`)).toBe(refused);
  }
});

// influxd 1.6.7 answers 400 to each of these as well.
test.each([
  [",a=b v=1", "missing measurement"],
  ["m,=b v=1", "missing tag key"],
  ["m,,a=b v=1", "missing tag key"],
  ["m, v=1", "missing tag key"],
  ["m,a= v=1", "missing tag value"],
  ["m,a=,b=c v=1", "missing tag value"],
  ["m,a v=1", "missing tag value"],
  ["m,a\\=b v=1", "missing tag value"],
  ["m", "missing fields"],
  ["m ", "missing fields"],
  ["m,a=b", "missing fields"],
  ["m,a=b\\ v=1", "missing fields"],
  ["m =1", "missing field key"],
  ["m v=1,=2", "missing field key"],
  ["m v=1,,w=2", "missing field key"],
  ["m v", "missing field value"],
  ["m v=", "missing field value"],
  ["m v= 5", "missing field value"],
  ["m v=,w=1", "missing field value"],
  ["m v=1,w", "missing field value"],
  ["m v=1,", "missing field key"],
  ["m v=1=2", "bad field value"],
  ['m v=1"', "bad field value"],
  ["m v=1\\,2", "bad field value"],
  ['m v="a', "string without closing quote"],
  ['m v="a\\"', "string without closing quote"],
  ['m v="a\\\\\\" 5', "string without closing quote"],
  ['m v="a" b=1', "timestamp that is no 64-bit integer"],
])("refuses %j: %s", (line, reason) => {
  expect(scanText(line)).toBe(reason);
});

test("refuses the two lines that crash influxd 1.6.7", () => {
  expect(scanText('0 \\\\="="')).toBe("string without closing quote");
  expect(scanText('m \\0=","=3,"="')).toBe("bad field value");
});

test("refuses what influxd takes but stores as something else", () => {
  // Behind the closing quote: influxd cuts the string's last byte off instead of those.
  expect(scanText('m v="x"y')).toBe("bad field value");
  expect(scanText('m v="x"\t5')).toBe("bad field value");
  expect(scanText('m v="x""y"')).toBe("bad field value");
  // A field without a name.
  expect(scanText("m \t=1")).toBe("missing field key");
  // Two backslashes and an equals sign: influxd makes one field of two.
  expect(scanText("m k\\\\=1,b=2")).toBe("missing field value");
});

test("refuses a line that makes influxd take the next line for a part of it", () => {
  const reason = "would swallow the next line";
  expect(scanText(' a="b v=1')).toBe(reason);
  expect(scanText('a\\\\ b="c v=1')).toBe(reason);
  expect(scanText('m,a\\\\ b="c v=1')).toBe(reason);
  expect(scanText('m,a=\\\\ b="c v=1')).toBe(reason);
  // The same quotes do no harm where influxd does not look for strings.
  expect(typeof scanText('a="b v=1')).toBe("object");
  expect(typeof scanText(' m,a="b v=1')).toBe("object");
  expect(typeof scanText('a\\ b="c v=1')).toBe("object");
});

test("leaves it to InfluxDB to judge values, repeated tags and lengths", () => {
  for (const line of [
    "m v=x",
    "m v=42u",
    "m v=1.2.3",
    "m,a=1,a=2 v=1",
    "m,a=b=c v=1",
    `${"m".repeat(70_000)} v=1`,
  ]) {
    expect(typeof scanText(line)).toBe("object");
  }
});

test("tells comments from malformed lines", () => {
  expect(scanText("# m v=1")).toBe("comment");
  expect(scanText(" \t#")).toBe("comment");
  expect(scanText(" \t\0 ")).toBe("comment");
  expect(typeof scanText("m# v=1")).toBe("object");
});

test("says whether a name, or the line, has to be unescaped before it is compared", () => {
  const offsets = newLineOffsets();
  const scan = (line: string) => {
    scanLine(new TextEncoder().encode(line), 0, line.length, offsets);
    const { measurementEscaped, keysEscaped, stringsEscaped } = offsets;
    return { measurement: measurementEscaped, keys: keysEscaped, strings: stringsEscaped };
  };
  expect(scan("m\\ n v=1")).toEqual({ measurement: true, keys: true, strings: false });
  expect(scan("m,a\\ b=c v=1")).toEqual({ measurement: false, keys: true, strings: false });
  expect(scan("m,a=b\\ c v=1")).toEqual({ measurement: false, keys: true, strings: false });
  expect(scan("m v\\ w=1")).toEqual({ measurement: false, keys: true, strings: false });
  expect(scan('m v="\\""')).toEqual({ measurement: false, keys: false, strings: true });
  expect(scan("m v=1")).toEqual({ measurement: false, keys: false, strings: false });
});
