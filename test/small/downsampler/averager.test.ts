/** Goal: of all lines of a series in a period one is made, with the right averages; a line counts as a whole or not at all. */
import { describe, expect, test } from "bun:test";

import vectors from "../../vectors.json";
import { average, seriesOf } from "./average.ts";

describe("the vectors measured on 2.x, mended where they say why", () => {
  for (const { lines, series, invalidLines } of vectors.downsample) {
    test(JSON.stringify(lines), () => {
      const { series: made, counts } = average([lines.join("\n")]);
      expect([...made].sort()).toEqual([...series].sort());
      expect(counts.invalid_lines).toBe(invalidLines);
      expect(counts.averaged_lines).toBe(lines.length - invalidLines);
    });
  }
});

describe("a series", () => {
  test("is its measurement and its tags, in whatever order", () => {
    expect(
      seriesOf([
        "t,b=2,a=1,c=3 v=1i",
        "t,c=3,b=2,a=1 v=2i",
        "t,a=1,b=2,c=3 v=6i",
        "t,a=1,b=2 v=5i",
      ]),
    ).toEqual(["t,a=1,b=2,c=3 v=3i", "t,a=1,b=2 v=5i"]);
  });

  test("is found among unsorted lines of one message, which stays as it is", () => {
    const text = "t,b=2,a=1 v=1i\nu,a=1 v=7i\nt,a=1,b=2 v=3i\n";
    const payload = new TextEncoder().encode(text);
    expect(average([payload]).series).toEqual(["t,a=1,b=2 v=2i", "u,a=1 v=7i"]);
    expect(new TextDecoder().decode(payload)).toBe(text);
  });

  test("keeps its escapes", () => {
    const line = 'in\\ door\\,,ro\\ om=a\\=b\\,c,温=a"b my\\ f\\=\\,=1.5,温度=2i';
    expect(seriesOf([line, line])).toEqual([line]);
  });

  test("differs from one whose bytes differ, however alike they are", () => {
    const lines = Array.from(
      { length: 300 },
      (_, index) => `t,a=${index % 17},b=${index} v=${index}i`,
    );
    expect(seriesOf(lines)).toEqual(lines);
    expect(seriesOf(["t,a=1 v=1", "t\\,a=1 v=2", "T,a=1 v=3"])).toEqual([
      "t,a=1 v=1",
      "t\\,a=1 v=2",
      "T,a=1 v=3",
    ]);
  });

  test("begins behind blanks in front of it", () => {
    expect(seriesOf(["  t v=1i", "\tt  v=3i"])).toEqual(["t v=2i"]);
  });
});

describe("fields", () => {
  test("are found in any order and come out in that of their names", () => {
    expect(seriesOf(["t b=1i,a=2i", "t a=4i,b=3i", "t c=9i", "t a=6i"])).toEqual([
      "t a=4i,b=2i,c=9i",
    ]);
    expect(seriesOf(["t é=1,z=2,a=3,Z=4"])).toEqual(["t Z=4,a=3,z=2,é=1"]);
  });

  test("that come twice in a line count once, with the last value, as InfluxDB has it", () => {
    expect(seriesOf(["t a=1i,b=5i,a=3i"])).toEqual(["t a=3i,b=5i"]);
    expect(seriesOf(["t a=1i,b=5i", "t a=100i,a=3i,b=7i"])).toEqual(["t a=2i,b=6i"]);
    expect(seriesOf(['t s="x",s="y",s="z"'])).toEqual(['t s="z"']);
  });

  test("that come twice in a line with different types make it invalid", () => {
    expect(average(["t a=1i,b=2,a=1"]).counts.invalid_lines).toBe(1);
    expect(average(["t a=1i", "t b=2,a=1i,b=2i"])).toMatchObject({
      series: ["t a=1i"],
      counts: { invalid_lines: 1, averaged_lines: 1 },
    });
  });

  test("of one name in different series may differ in type", () => {
    expect(seriesOf(["t,a=1 v=1", "t,a=2 v=1i", 't,a=3 v="1"', "t,a=4 v=t"])).toEqual([
      "t,a=1 v=1",
      "t,a=2 v=1i",
      't,a=3 v="1"',
      "t,a=4 v=t",
    ]);
  });

  test("of another type than before drop their line, all of it", () => {
    const first = 't f=1,i=1i,u=1u,b=t,s="a"';
    for (const field of ["f=1i", "i=1", "u=1i", "b=1i", "s=t", 'b="t"', "i=1u", 'f="1"', "s=1"]) {
      const why = "field of another type than before in the period";
      const { series, counts, refused } = average([first, `t g=5,${field}`]);
      expect([field, series]).toEqual([field, ['t b=t,f=1,i=1i,s="a",u=1u']]);
      expect(counts).toMatchObject({ averaged_lines: 1, invalid_lines: 1 });
      expect(refused).toEqual([`1 from [a]: ${why}: ${JSON.stringify(`t g=5,${field}`)}`]);
    }
  });

  test("may be a thousand in a line", () => {
    const values = (value: number) =>
      Array.from({ length: 1000 }, (_, index) => `f${String(index).padStart(3, "0")}=${value}i`);
    const line = (value: number) => `t ${values(value).join(",")}`;
    const backwards = `t ${values(6).reverse().join(",")}`;
    expect(seriesOf([line(1), line(2), backwards])).toEqual([line(3)]);
  });
});

describe("the last value", () => {
  test("is kept of strings and booleans as it was written, shorter or longer than before", () => {
    const texts = ['"a"', '""', '"say \\"x\\" \\\\"', `"${"y".repeat(200_000)}"`, '"\\,\\ \\=z"'];
    const lines = texts.map((text) => `t s=${text}`);
    for (const [index, line] of lines.entries()) {
      expect(seriesOf(lines.slice(0, index + 1))).toEqual([line]);
    }
    expect(seriesOf(["t b=t", "t b=FALSE", "t b=True"])).toEqual(["t b=True"]);
  });
});

describe("lines", () => {
  test("that are comments, malformed, blank or end in a carriage return are each counted for what they are", () => {
    const { series, counts, refused } = average([
      "# a comment\r\nt v=1i\r\n\r\n\nt v\nt,a v=1\nt v=1 5x\nt v=maybe\nt v=3i\n  \n",
    ]);
    expect(series).toEqual(["t v=2i"]);
    expect(counts).toMatchObject({
      received_lines: 8,
      averaged_lines: 2,
      comment_lines: 2,
      invalid_lines: 4,
    });
    expect(refused).toEqual([
      '1 from [a]: missing tag value: "t,a v=1"',
      '1 from [a]: missing field value: "t v"',
      '1 from [a]: timestamp that is no 64-bit integer: "t v=1 5x"',
      '1 from [a]: field value that InfluxDB refuses: "t v=maybe"',
    ]);
  });

  test("of another time than the three periods are counted", () => {
    const { series, counts, refused } = average([
      "t v=1i 1767268739999999999",
      "t v=2i 1767268920000000000",
      "t v=5i 1767268800000000000",
      "t v=7i 1767268859999999999",
    ]);
    expect(series).toEqual(["t v=6i"]);
    expect(counts).toMatchObject({ invalid_timestamps: 2, late_lines: 1, averaged_lines: 2 });
    expect(refused).toEqual([
      '1 from [a]: timestamp too old: its period is published: "t v=1i 1767268739999999999"',
      '1 from [a]: timestamp too new: later than the next period: "t v=2i 1767268920000000000"',
    ]);
  });
});

describe("limits", () => {
  test("on the number of series drop the lines of further ones, and of them alone", () => {
    const { series, counts, refused } = average(
      ["t,a=1 v=1i", "t,a=2 v=2i", "t,a=3 v=3i", "t,a=1 v=3i,w=1i", "t,a=4 v=5i"],
      { seriesMax: 2 },
    );
    expect(series).toEqual(["t,a=1 v=2i,w=1i", "t,a=2 v=2i"]);
    expect(counts).toMatchObject({ averaged_lines: 3, dropped_series_lines: 2, invalid_lines: 0 });
    expect(refused).toEqual([
      '1 from [a]: the period has more than 1 series: "t,a=3 v=3i"',
      '1 from [a]: the period has more than 1 series: "t,a=4 v=5i"',
    ]);
  });

  test("on the size hold for names, values and fields too, and for no line that needs nothing", () => {
    const sizeMaxBytes = 4096;
    const key = "k".repeat(sizeMaxBytes);
    for (const large of [`${key} v=1i`, `t ${key}=1i`, `t,a=b s="${key}"`, `t v=9i,s="${key}"`]) {
      const { series, counts } = average(["t v=1i", large, "t v=3i"], { sizeMaxBytes });
      expect(series).toEqual(["t v=2i"]);
      expect(counts).toMatchObject({ averaged_lines: 2, dropped_series_lines: 1 });
    }
    const fields = Array.from({ length: 1000 }, (_, index) => `t f${index}=1i`);
    const { counts } = average([...fields, ...fields], { sizeMaxBytes });
    const kept = 1000 - counts.dropped_series_lines / 2;
    expect(counts.averaged_lines).toBe(2 * kept);
    // A field is some 70 bytes here.
    expect(kept).toBeGreaterThan(30);
    expect(kept).toBeLessThan(100);
  });

  test("on the size hold for strings that grow", () => {
    const lines = Array.from({ length: 100 }, (_, index) => `t s="${"x".repeat(50 * index)}"`);
    const { counts } = average(lines, { sizeMaxBytes: 4096 });
    expect(counts.dropped_series_lines).toBeGreaterThan(0);
    expect(counts.averaged_lines + counts.dropped_series_lines).toBe(100);
  });
});
