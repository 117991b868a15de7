/**
 * The shapes that lines come in, each for messages of one size: what `shapes.ts` compares with plain messages of the same
 * number of bytes and lines. No shape may cost more than twice as much, or it says here why it does.
 */
import assert from "node:assert/strict";

export type Component = "listener" | "listener_http" | "filter" | "writer" | "writer with rules";

export interface Size {
  readonly lines: number;
  /** Of each line, its ending included. */
  readonly bytes: number;
}

export interface Shape {
  readonly name: string;
  /** Not to be had below so many bytes a line, or lines. */
  readonly bytesMin: number;
  readonly linesMin: number;
  readonly text: (size: Size) => string;
  /** How a request brings it. */
  readonly transport: Transport;
  /** What a filter makes of its lines. */
  readonly becomes: "passed" | "comment_lines" | "invalid_lines" | "invalid-time";
  /** Why it costs more than twice what a plain one does. */
  readonly why: Partial<Readonly<Record<Component, string>>>;
}

export interface Transport {
  /** Of each piece that a body is written in, by itself; 0: all at once. */
  readonly pieceBytes: number;
  readonly isGzip: boolean;
  readonly isChunked: boolean;
  /** Of its timestamps, as the parameter has it. */
  readonly precision: "ns" | "s";
}

/** Below this a line has no room for a timestamp, and below the other none for a tag. */
const TIMED_MIN_BYTES = 60;
const TAGGED_MIN_BYTES = 20;
const NOW_NS = `${Math.floor(Date.now() / 1000)}000000000`;

/** The parts of a line; what is left out is as hosts send it. */
interface Parts {
  /** Measurement and tags. */
  readonly series?: string;
  readonly field?: (place: number) => string;
  /** Behind the fields. */
  readonly tail?: string;
}

/** A line's text of exactly so many bytes: as many fields as fit, and a last one that fills it. */
function lineText(bytes: number, parts: Parts = {}): string {
  const isTimed = bytes >= TIMED_MIN_BYTES;
  const shortSeries = bytes >= TAGGED_MIN_BYTES - 2 ? "cpu,host=a" : "m";
  const series = parts.series ?? (isTimed ? "cpu,host=web-1,dc=eu" : shortSeries);
  const field = parts.field ?? ((place: number) => `used_${place % 10}=${place % 7}.5`);
  const tail = parts.tail ?? (isTimed ? ` ${NOW_NS}` : "");
  const last = (digits: number) => `n=${"7".repeat(digits)}i`;
  const fields: string[] = [];
  let room = bytes - Buffer.byteLength(`${series} ${last(1)}${tail}`);
  for (let place = 0; ; place++) {
    const next = `${field(place)},`;
    const taken = Buffer.byteLength(next);
    if (taken > room) break;
    fields.push(next);
    room -= taken;
  }
  assert(room >= 0, `no line of ${bytes} bytes with ${series}`);
  return `${series} ${fields.join("")}${last(1 + room)}${tail}`;
}

/** Lines of those parts, all with the same ending but for the last one. */
function linesOf({ lines, bytes }: Size, parts: Parts, ending = "\n", lastEnding = ending): string {
  const line = lineText(bytes - ending.length, parts) + ending;
  return line.repeat(lines - 1) + lineText(bytes - lastEnding.length, parts) + lastEnding;
}

const WHOLE: Transport = { pieceBytes: 0, isGzip: false, isChunked: false, precision: "ns" };
const ANY: Omit<Shape, "name" | "text"> = {
  bytesMin: 0,
  linesMin: 1,
  transport: WHOLE,
  becomes: "passed",
  why: {},
};

/** As hosts send them: what the others are compared with. */
export const PLAIN: Shape = { ...ANY, name: "plain", text: (size) => linesOf(size, {}) };

const LONG = { ...ANY, bytesMin: 100 };

/** Any line ends in one of these. */
export const ENDINGS: readonly Shape[] = [
  { ...ANY, name: "no final newline", text: (size) => linesOf(size, {}, "\n", "") },
  { ...ANY, name: "CRLF", text: (size) => linesOf(size, {}, "\r\n") },
  { ...ANY, name: "CR at the end", text: (size) => linesOf(size, {}, "\n", "\r") },
];

const INFLATED = "each byte is inflated first, which plain ones need not be";
const STREAM = "its length is not told, so it is read as a stream";
const PACKETS = "each piece is a packet, woken up for and read by itself";

/** Plain lines in requests of other kinds. */
export const TRANSPORTS: readonly Shape[] = [
  transport("gzip", { isGzip: true }, INFLATED),
  transport("chunked", { isChunked: true }, STREAM),
  transport("gzip, chunked", { isGzip: true, isChunked: true }, `${INFLATED}, and ${STREAM}`),
  transport("in pieces of 10 bytes", { pieceBytes: 10 }, PACKETS),
  transport("in chunks of 10 bytes", { pieceBytes: 10, isChunked: true }, PACKETS),
  {
    ...transport("timestamps in seconds", { precision: "s" }, "each timestamp is written anew"),
    bytesMin: 100,
    text: (size) => linesOf(size, { tail: ` ${NOW_NS.slice(0, -9)}` }),
  },
];

const TAGS_40 = Array.from({ length: 40 }, (_, tag) => `,k${tag}=v`).join("");

export const CONTENTS: readonly Shape[] = [
  ...shape("no tags", { series: "cpu" }),
  ...shape("40 tags", { series: `cpu${TAGS_40}` }, { bytesMin: 400 }),
  ...shape("no timestamp", { tail: "" }),
  ...shape("escapes in names", {
    series: "c\\ pu,ho\\,st=we\\ b\\=1,d\\=c=eu",
    field: (place) => `us\\ ed\\,${place}=1.5`,
  }),
  ...shape("quotes with blanks", { field: (place) => `s${place}="a b, c=d"` }),
  ...shape("quotes with escapes", { field: (place) => `s${place}="\\"a\\" \\\\"` }),
  ...shape("escapes in names and quotes", {
    series: "c\\ pu,ho\\ st=web-1",
    field: (place) => `s\\ ${place}="\\"a\\" b"`,
  }),
  ...shape("UTF-8", { series: "größe,städte=Zürich", field: (place) => `ü${place}="süß, ö"` }),
  ...shape("comments", { series: "# cpu,host=web-1,dc=eu" }, { becomes: "comment_lines" }),
  {
    ...LONG,
    name: "blank lines between",
    text: (size) => linesOf(size, {}, "\n\n"),
  },
  {
    // Each newline ends a line, so that one line becomes two, and both are refused.
    ...LONG,
    name: "quotes with newlines",
    linesMin: 10,
    becomes: "invalid_lines",
    text: ({ lines, bytes }) =>
      `${lineText(bytes - 1, { tail: ',s="a b' })}\n${`c d" ${"1".repeat(bytes - 6)}`}\n`.repeat(
        lines / 2,
      ),
  },
  ...refused("a value is missing", { tail: ",v=" }),
  ...refused("a quote is not closed", { tail: ',v="a b, c=d' }),
  ...refused("no timestamp that is one", { tail: " 1700000000000000x00" }),
  {
    ...LONG,
    name: "refused: no line protocol at all",
    becomes: "invalid_lines",
    text: ({ lines, bytes }) =>
      `${"Nov 30 12:00:00 web-1 kernel: eth0 is up, link=1000 ".repeat(bytes).slice(0, bytes - 1)}\n`.repeat(
        lines,
      ),
  },
  ...shape("a time long ago", { tail: " 1234567890000000000" }, { becomes: "invalid-time" }),
];

function transport(name: string, how: Partial<Transport>, why: string): Shape {
  return { ...PLAIN, name, transport: { ...WHOLE, ...how }, why: { listener_http: why } };
}

function shape(name: string, parts: Parts, more: Partial<Shape> = {}): readonly Shape[] {
  return [{ ...LONG, name, text: (size) => linesOf(size, parts), ...more }];
}

function refused(name: string, parts: Parts): readonly Shape[] {
  return shape(`refused: ${name}`, parts, { becomes: "invalid_lines" });
}

/** The rules that a filter needs so that a rule takes each line that passes. */
export const MEASUREMENTS = ["unused1", "unused2", "unused3", "cpu", "m", "c pu", "größe"];
