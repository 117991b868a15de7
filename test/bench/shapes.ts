/**
 * What the shape of lines costs: `bun test/bench/shapes.ts [--rounds 5] [--seconds 0.2] [--only NAME] [--smoke]`. Each
 * component gets messages of each shape (`shape-messages.ts`), beside plain ones of as many bytes and lines, in turns, in one
 * process that runs all the time. Processor time is counted, not time, and the median of all turns: others use the
 * machine as well. Then `lateness.ts`: short datagrams, each there at once.
 *
 * Writes `results/shapes.md`; with `--smoke` two shapes of a size are sent, a tenth of a second long, and nothing is
 * written or judged but that every line is counted as what it is. Fails if one is not; or if a shape costs more than twice
 * what the plain one does and does not say why, again in as many rounds more.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";

import { startNatsServer } from "../support/nats-server.ts";
import { startDiscardingBackend } from "./backend.ts";
import { measureLateness, printLateness } from "./lateness.ts";
import { printFigure } from "./plot.ts";
import { describeMachine } from "./process-usage.ts";
import { requestPieces, startHttpLoad } from "./shape-http.ts";
import { startFilterLoad, startUdpLoad, startWriterLoad } from "./shape-loads.ts";
import type { Counted, Load } from "./shape-loads.ts";
import { CONTENTS, ENDINGS, PLAIN, type Shape, type Size, TRANSPORTS } from "./shape-messages.ts";

const RATIO_MAX = 2;
/** As many messages a second as this is bytes, and no more than that many: requests take more of the machine. */
const SENT = { bytesPerSecond: 30_000_000, perSecondMax: 20_000, requestsPerSecondMax: 2000 };
/** Until what is hot is compiled. */
const WARM_UP_TURNS = 5;
/** A datagram may be lost where others use the machine: then the turn does not count. */
const TRIES_MAX = 5;
const LATE_MAX_MS = 3000;
const POLL_MS = 100;

/** Which shapes messages of a size come in. */
interface Table {
  readonly size: Size;
  readonly shapes: readonly Shape[];
}

/** Tells how far a ratio is moved by whatever else the machine does. */
const AGAIN: Shape = { ...PLAIN, name: "plain, once more" };

const table = (lines: number, bytes: number, ...shapes: readonly Shape[]): Table => ({
  size: { lines, bytes },
  shapes: [AGAIN, ...shapes].filter(
    ({ bytesMin, linesMin }) => bytes >= bytesMin && lines >= linesMin,
  ),
});
const manyTags = CONTENTS.filter(({ bytesMin }) => bytesMin > 100);
const TABLES: readonly Table[] = [
  table(1, 20, ...ENDINGS),
  table(1, 100, ...ENDINGS, ...CONTENTS),
  table(1, 400, ...manyTags),
  table(1, 1000, ...ENDINGS),
  table(1, 60_000, ...ENDINGS),
  table(10, 100, ...ENDINGS, ...CONTENTS),
  table(10, 400, ...manyTags),
  table(600, 100, ...ENDINGS),
];
const HTTP_TABLES: readonly Table[] = [
  table(1, 100, ...ENDINGS, ...TRANSPORTS),
  table(10, 100, ...ENDINGS, ...CONTENTS, ...TRANSPORTS),
  table(600, 100, ...ENDINGS, ...TRANSPORTS.filter(({ transport }) => transport.pieceBytes === 0)),
  table(5000, 100, ...ENDINGS, ...TRANSPORTS.filter(({ transport }) => transport.pieceBytes === 0)),
];

/** One that has nearly all shapes. */
const isSmokeTable = ({ size }: Table) => size.lines === 10 && size.bytes === 100;

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "0.2" },
    /** Of a component. */
    only: { type: "string", default: "" },
    smoke: { type: "boolean", default: false },
  },
});
const { smoke } = options;
const rounds = smoke ? 1 : Number(options.rounds);
const seconds = smoke ? 0.01 : Number(options.seconds);

const rows: string[] = [];
let failures = 0;
await using nats = await startNatsServer();
await using backend = await startDiscardingBackend();
await compare("listener", () => startUdpLoad(nats), TABLES);
await compare("listener_http", () => startHttpLoad(nats), HTTP_TABLES);
await compare("filter", () => startFilterLoad(nats), TABLES);
await compare("writer", () => startWriterLoad(nats, backend.port, "writer"), TABLES);
await compare(
  "writer with rules",
  () => startWriterLoad(nats, backend.port, "writer with rules"),
  TABLES,
);
const lateness = await compareLateness();
if (!smoke && options.only === "") {
  await Bun.write(join(import.meta.dir, "results/shapes.md"), printResults());
}
process.exitCode = failures === 0 ? 0 : 1;

async function compareLateness(): Promise<readonly string[]> {
  if (!"lateness".includes(options.only)) return [];
  const results = smoke
    ? await measureLateness(nats, [2000], 0.2)
    : await measureLateness(nats, [20_000, 40_000], 4);
  if (results.some(({ lost, late }) => lost > 0 || (late > 0 && !smoke))) failures++;
  const printed = printLateness(results);
  if (!smoke) console.log(printed.join("\n"));
  return printed;
}

async function compare(
  name: string,
  start: () => Promise<Load>,
  tables: readonly Table[],
): Promise<void> {
  if (!name.includes(options.only)) return;
  await using load = await start();
  const usual = { lines: 10, bytes: 100 };
  for (let turn = 0; turn < (smoke ? 0 : WARM_UP_TURNS); turn++) {
    await takeTurn(load, usual, kindOf(load, usual, PLAIN));
  }
  for (const { size, shapes } of smoke ? tables.filter(isSmokeTable) : tables) {
    await compareShapes(load, size, shapes);
  }
}

/** A shape, and what one message of it cost in each turn. */
interface Kind {
  readonly shape: Shape;
  readonly pieces: readonly Uint8Array[];
  readonly costs: number[];
}

/** Not the best one: what a thread used that has ended since is not always seen. */
function median({ costs }: Kind): number {
  return costs.toSorted((left, right) => left - right)[(costs.length - 1) >> 1] ?? Infinity;
}

function kindOf({ component }: Load, size: Size, shape: Shape): Kind {
  const message = Buffer.from(shape.text(size));
  if (message.length !== size.lines * size.bytes) {
    throw new Error(`${shape.name} is of ${message.length} bytes`);
  }
  const isHttp = component === "listener_http";
  const pieces = isHttp ? requestPieces(message, shape.transport) : [message];
  return { shape, pieces, costs: [] };
}

async function compareShapes(load: Load, size: Size, shapes: readonly Shape[]): Promise<void> {
  const kinds = [PLAIN, ...shapes].map((shape) => kindOf(load, size, shape));
  await takeTurns(load, size, kinds);
  const [plain, ...others] = kinds as [Kind, ...Kind[]];
  for (const kind of others) {
    const why = kind.shape.why[load.component];
    const isDear = () => median(kind) > RATIO_MAX * median(plain);
    const isUnexplained = () => isDear() && why === undefined && !smoke;
    if (isUnexplained()) await takeTurns(load, size, [plain, kind]);
    if (isUnexplained()) failures++;
    const told = isDear() ? (why ?? "IT DOES NOT SAY") : "";
    const sizeText = `${size.lines.toLocaleString("en-US")} x ${size.bytes.toLocaleString("en-US")}`;
    const figures = [plain, kind].map((each) => printFigure(median(each))).join(" | ");
    const ratio = (median(kind) / median(plain)).toFixed(1);
    rows.push(
      `| ${load.component} | ${sizeText} | ${kind.shape.name} | ${figures} | ${ratio} | ${told} |`,
    );
    if (!smoke) console.log(rows.at(-1));
  }
}

/** In the other order every other round. */
async function takeTurns(load: Load, size: Size, kinds: readonly Kind[]): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const kind of round % 2 === 0 ? kinds : kinds.toReversed()) {
      kind.costs.push(await takeTurn(load, size, kind));
    }
  }
}

/** Microseconds a message. Throws if a line is not counted as what it is. */
async function takeTurn(load: Load, size: Size, { shape, pieces }: Kind): Promise<number> {
  const isHttp = load.component === "listener_http";
  const perSecondMax = isHttp ? SENT.requestsPerSecondMax : SENT.perSecondMax;
  const perSecond = Math.min(perSecondMax, SENT.bytesPerSecond / (size.lines * size.bytes));
  const messages = Math.ceil(perSecond * seconds);
  const lines = messages * size.lines;
  const names = countersOf(load, shape);
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const before = await load.counted();
    const usedBefore = load.used();
    await load.send(pieces, { perSecond, seconds: messages / perSecond });
    const used = (await load.usedWhenQuiet()) - usedBefore;
    for (const endMs = performance.now() + LATE_MAX_MS; performance.now() < endMs;) {
      const after = await load.counted();
      if (names.every((name) => countOf(after, name) - countOf(before, name) === lines)) {
        return used / messages;
      }
      await Bun.sleep(POLL_MS);
    }
    console.error(`${load.component}: not all of ${lines} lines "${shape.name}" came; once more`);
  }
  throw new Error(`${load.component} did not count lines as "${shape.name}" ${TRIES_MAX} times`);
}

function countOf(counted: Counted, name: string): number {
  return counted[name] ?? 0;
}

/** The counters that a line of that shape is added to. */
function countersOf({ component }: Load, { becomes }: Shape): readonly string[] {
  switch (component) {
    case "listener":
    case "listener_http":
      return ["received_lines", "sent_lines"];
    case "filter":
      return ["processed", becomes.replace("-", "_")];
    case "writer":
      return ["received_lines", "written_lines"];
    case "writer with rules":
      return ["received_lines", becomes.endsWith("lines") ? becomes : "written_lines"];
  }
}

function printResults(): string {
  return [
    "# What the shape of lines costs",
    "",
    `\`bun test/bench/shapes.ts --rounds ${rounds} --seconds ${seconds}\` on ${describeMachine()}.`,
    "",
    "Microseconds of processor time a message (datagram, request, message of NATS), the median of all turns, beside a plain message of as many",
    "lines and bytes: lines as hosts send them, with two tags, a timestamp, and a newline at the end. Sizes are lines x bytes of each. Where others",
    'use the machine as well, the figures are higher and move: the rows "plain, once more" tell how far.',
    "",
    "| component | size | shape | plain, µs | µs | ratio | why more than twice |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
    ...lateness,
  ].join("\n");
}
