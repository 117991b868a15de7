/**
 * Small multiples: one little chart for each table of a benchmark, as the text of one SVG file. Its colours can be
 * read on a light and on a dark page, as the page behind a picture is not known.
 */

export interface Chart {
  readonly title: string;
  /** What stands under the horizontal axis, with its unit. */
  readonly xLabel: string;
  /** Unit of the vertical axis, which begins at 0. */
  readonly yLabel: string;
  /** Logarithmic: equal steps are equal factors. */
  readonly isLogarithmic: boolean;
  /** From left to right, at least one; `x` above 0, `y` not below. */
  readonly points: readonly Point[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

const COLUMNS = 3;
const CELL = { width: 320, height: 240 };
/** Between the edges of a cell and the axes. */
const MARGIN = { left: 46, right: 26, top: 58, bottom: 50 };
const INNER = {
  width: CELL.width - MARGIN.left - MARGIN.right,
  height: CELL.height - MARGIN.top - MARGIN.bottom,
};

const STYLE = `text { font: 12px sans-serif; fill: #7a828e } .title { font-weight: bold; font-size: 14px }
.value { fill: #2f81f7; font-weight: bold; text-anchor: middle } .x { text-anchor: middle } .y { text-anchor: end }
line { stroke: #7a828e; stroke-width: 1 } .grid { stroke-opacity: 0.35 }
polyline { fill: none; stroke: #2f81f7; stroke-width: 2 } circle { fill: #2f81f7 }`;

/** The charts in rows of three, each point's value written above it. */
export function plotSvg(charts: readonly Chart[]): string {
  const width = CELL.width * Math.min(COLUMNS, charts.length);
  const height = CELL.height * Math.ceil(charts.length / COLUMNS);
  const cells = charts.map((chart, index) => {
    const left = CELL.width * (index % COLUMNS);
    const top = CELL.height * Math.floor(index / COLUMNS);
    return `<g transform="translate(${left} ${top})">\n${plotChart(chart)}\n</g>\n`;
  });
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`;
  return `${head}\n<style>${STYLE}</style>\n${cells.join("")}</svg>\n`;
}

function plotChart({ title, xLabel, yLabel, isLogarithmic, points }: Chart): string {
  // The highest point's value needs room as well.
  const yMax = roundUp(1.1 * Math.max(...points.map(({ y }) => y)));
  const atX = scaleX(points, isLogarithmic);
  const atY = (y: number) => MARGIN.top + INNER.height * (1 - y / yMax);
  const right = MARGIN.left + INNER.width;
  const bottom = MARGIN.top + INNER.height;
  const places = points.map((point) => ({ ...point, left: atX(point.x), top: atY(point.y) }));
  return [
    text("title", 12, 20, title),
    text("", 12, 38, yLabel),
    ...[0, yMax / 2, yMax].flatMap((y) => [
      line(y === 0 ? "axis" : "grid", MARGIN.left, atY(y), right, atY(y)),
      text("y", MARGIN.left - 8, atY(y) + 4, String(y)),
    ]),
    line("axis", MARGIN.left, MARGIN.top, MARGIN.left, bottom),
    text("x", (MARGIN.left + right) / 2, bottom + 38, xLabel),
    `<polyline points="${places.map(({ left, top }) => `${round(left)},${round(top)}`).join(" ")}"/>`,
    ...places.flatMap(({ x, y, left, top }) => [
      line("axis", left, bottom, left, bottom + 4),
      text("x", left, bottom + 18, x.toLocaleString("en-US")),
      `<circle cx="${round(left)}" cy="${round(top)}" r="3.5"/>`,
      text("value", left, top - 9, printFigure(y)),
    ]),
  ].join("\n");
}

/** Where a value stands on the horizontal axis. Logarithmic axes begin at the first point, others at 0. */
function scaleX(points: readonly Point[], isLogarithmic: boolean): (x: number) => number {
  const scale = isLogarithmic ? Math.log : (x: number) => x;
  const xs = points.map(({ x }) => scale(x));
  const last = Math.max(...xs);
  const first = isLogarithmic ? Math.min(...xs) : 0;
  // A single point has no width.
  const span = last - first || 1;
  // Room for the first point's value and tick beside the vertical axis.
  const inset = isLogarithmic ? 14 : 0;
  return (x) => MARGIN.left + inset + ((scale(x) - first) / span) * (INNER.width - inset);
}

/** The next of 1, 1.5, 2, 3, 4, 5, 6, 8, 10, times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8].find((each) => each * power >= value) ?? 10;
  return Number((step * power).toPrecision(2));
}

/** Two digits, as the kernel's clock ticks allow no more. */
export function printFigure(value: number): string {
  return value < 99.5 ? value.toPrecision(2) : value.toFixed(0);
}

function text(kind: string, x: number, y: number, content: string): string {
  return `<text class="${kind}" x="${round(x)}" y="${round(y)}">${Bun.escapeHTML(content)}</text>`;
}

function line(kind: string, x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="${kind}" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`;
}

const round = (pixels: number) => Number(pixels.toFixed(1));
