/** The charts of a benchmark: what a reader sees of each point. Method: read the SVG's own elements back. */
import { expect, test } from "bun:test";

import { type Chart, plotSvg } from "../../bench/plot.ts";

const chart: Chart = {
  title: "Line length",
  xLabel: "bytes a line",
  yLabel: "µs a line",
  isLogarithmic: false,
  points: [
    { x: 100, y: 0.25 },
    { x: 200, y: 0.5 },
    { x: 400, y: 1 },
  ],
};

function circles(svg: string) {
  return Array.from(svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g), ([, x, y]) => ({
    x: Number(x),
    y: Number(y),
  }));
}

function texts(svg: string): string[] {
  return Array.from(svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g), ([, text]) => text ?? "");
}

/** From one point to the next. */
function steps(svg: string, axis: "x" | "y"): number[] {
  const places = circles(svg).map((circle) => circle[axis]);
  return places.slice(1).map((place, index) => place - (places[index] ?? NaN));
}

test("points that grow in proportion stand on a straight line that rises", () => {
  const [dx1 = NaN, dx2 = NaN] = steps(plotSvg([chart]), "x");
  const [dy1 = NaN, dy2 = NaN] = steps(plotSvg([chart]), "y");
  expect(dx1).toBeGreaterThan(0);
  expect(dx2 / dx1).toBeCloseTo(2, 1);
  // Downwards is positive in SVG.
  expect(dy1).toBeLessThan(0);
  expect(dy2 / dy1).toBeCloseTo(2, 1);
});

test("equal factors are equal steps on a logarithmic axis", () => {
  const [dx1 = NaN, dx2 = NaN] = steps(plotSvg([{ ...chart, isLogarithmic: true }]), "x");
  expect(dx1).toBeGreaterThan(0);
  expect(dx2 / dx1).toBeCloseTo(1, 1);
});

test("the title, both units and each point's value are written", () => {
  const written = texts(
    plotSvg([
      {
        ...chart,
        points: [
          { x: 1, y: 0.4321 },
          { x: 10_000, y: 12.6 },
        ],
      },
    ]),
  );
  for (const text of ["Line length", "bytes a line", "µs a line", "1", "0.43", "10,000", "13"]) {
    expect(written).toContain(text);
  }
});

test("each chart has its own place, three in a row", () => {
  const svg = plotSvg([chart, chart, chart, chart]);
  const places = Array.from(svg.matchAll(/translate\((\d+) (\d+)\)/g), ([, x, y]) => [x, y]);
  expect(places).toEqual([
    ["0", "0"],
    ["320", "0"],
    ["640", "0"],
    ["0", "240"],
  ]);
  expect(svg).toContain('viewBox="0 0 960 480"');
});

test("a chart of a single point, and one of nothing but 0, have their points", () => {
  for (const isLogarithmic of [true, false]) {
    const [circle] = circles(plotSvg([{ ...chart, isLogarithmic, points: [{ x: 1, y: 0 }] }]));
    expect(circle).toEqual({ x: expect.any(Number), y: expect.any(Number) });
  }
});

test("what would be markup in a text is escaped", () => {
  expect(texts(plotSvg([{ ...chart, title: "a < b & c" }]))).toContain("a &lt; b &amp; c");
});
