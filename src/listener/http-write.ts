/** `POST /write`: a body of lines goes into the intake as a whole or not at all, and the answer says which. */
import type { Bus } from "../bus/bus.ts";
import { parsePrecision, type Precision } from "../line/precision.ts";
import { type Clock, sleep } from "../platform/clock.ts";
import { type Log, throttled } from "../platform/log.ts";
import type { HttpCounters } from "./counters.ts";
import { failure, noContent } from "./http-answers.ts";
import type { Body, BodyReader } from "./http-body.ts";
import { type BodyLines, linesOf } from "./http-lines.ts";
import type { Intake } from "./intake.ts";

export interface WriteOptions {
  readonly bus: Bus;
  readonly intake: Intake;
  readonly counters: HttpCounters;
  readonly bodies: BodyReader;
  /** Lines that take more than this are refused: the bus would never have room for all of them. */
  readonly publishedMaxBytes: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Answers one request; `precisionName` is its parameter `precision`, empty if it has none. Never rejects. */
export type Write = (request: Request, precisionName: string) => Promise<Response>;

/** When a client that was sent away may come again. */
const RETRY_AFTER_SECONDS = "5";

/** Texts of a 503 hold none of the phrases by which clients decide to drop what they could send again. */
const BUS_IS_FULL = "NATS cannot take more at the moment, try again";
const TOO_MANY_BODIES = "too many requests at the moment, try again";

/** How long a request may wait for room: what keeps clients that are too fast at the pace of NATS. */
const ROOM_WAIT_MAX_MS = 1000;
const ROOM_WAIT_STEP_MS = 5;

/** InfluxDB's words for a time that no nanosecond timestamp can hold. */
const OUT_OF_RANGE = "time outside range -9223372036854775806 - 9223372036854775806";

/** How much of a dropped line the answer shows. */
const SHOWN_LINE_MAX_BYTES = 512;

export function createWrite(options: WriteOptions): Write {
  const { bus, counters, bodies, publishedMaxBytes, log } = options;

  const refuse = (request: Request, status: number, text: string, headers = {}): Response => {
    counters.add("refused_requests");
    return failure(request, status, text, headers);
  };
  const logSentAway = throttled((text) => log.warn(text), options.clock);
  const sendAway = (request: Request, text: string): Response => {
    counters.add("unavailable_requests");
    logSentAway(`answered a write with 503: ${text}`);
    return failure(request, 503, text, { "Retry-After": RETRY_AFTER_SECONDS });
  };
  const answer = async (request: Request, body: Body, precision: Precision): Promise<Response> => {
    switch (body.kind) {
      case "too_large":
        return refuse(request, 413, "Request Entity Too Large");
      case "not_gzip":
        return refuse(request, 400, body.reason);
      case "no_room":
        return sendAway(request, TOO_MANY_BODIES);
      case "too_slow":
        counters.add("read_errors");
        return failure(request, 408, "the body did not come in time");
      case "broken_off":
        counters.add("read_errors");
        return failure(request, 400, "the body is incomplete");
      case "whole": {
        log.debug(`HTTP listener read ${body.bytes.length} bytes`);
        const lines = await linesOf(body.bytes, precision, publishedMaxBytes);
        if (lines === undefined) return refuse(request, 413, "Request Entity Too Large");
        if (!(await hasRoomInTime(lines.sizeBytes, options))) return sendAway(request, BUS_IS_FULL);
        const { isTaken, longLines } = await takeLines(body.bytes.length, lines, options);
        if (!isTaken) return sendAway(request, BUS_IS_FULL);
        const droppedLines = lines.overflowLines + longLines;
        if (droppedLines === 0) return noContent(request);
        return failure(request, 400, partialWrite(lines.overflowing, droppedLines));
      }
    }
  };

  return async (request, precisionName) => {
    const precision = parsePrecision(precisionName);
    if (precision === undefined) {
      const known = "use n, ns, u, us, \u00b5, ms, s, m or h";
      return refuse(request, 400, `invalid precision "${precisionName}" (${known})`);
    }
    const encoding = request.headers.get("Content-Encoding")?.trim().toLowerCase() ?? "";
    const isGzip = encoding === "gzip" || encoding === "x-gzip";
    if (!isGzip && encoding !== "" && encoding !== "identity") {
      const text = `cannot read Content-Encoding "${encoding}" (use gzip or none)`;
      return refuse(request, 415, text, { "Accept-Encoding": "gzip" });
    }
    // Judged before the body is read, so that sending clients away is cheap.
    if (bus.state() !== "up" && !bus.hasRoom()) return sendAway(request, BUS_IS_FULL);
    return bodies.read(request, isGzip, (body) => answer(request, body, precision));
  };
}

/** True once the bus has room for `bytes` beside what is gathered; false if it is away, or has none for too long. */
async function hasRoomInTime(
  bytes: number,
  { bus, intake, clock }: WriteOptions,
): Promise<boolean> {
  const endMs = clock.monotonicMs() + ROOM_WAIT_MAX_MS;
  while (!bus.hasRoom(intake.heldBytes + bytes)) {
    if (bus.state() !== "up" || clock.monotonicMs() >= endMs) return false;
    await sleep(clock, ROOM_WAIT_STEP_MS);
  }
  return true;
}

interface Taken {
  /** False if the bus, which had room, refused some after all: it is being closed. */
  readonly isTaken: boolean;
  readonly longLines: number;
}

/** Nothing is awaited before the last piece is handed over, so that the room is still there. */
async function takeLines(
  receivedBytes: number,
  { pieces, overflowLines }: BodyLines,
  { intake, counters }: WriteOptions,
): Promise<Taken> {
  if (receivedBytes === 0) return { isTaken: true, longLines: 0 };
  counters.add("received");
  counters.add("received_bytes", receivedBytes);
  counters.add(
    "received_lines",
    pieces.reduce((sum, { lines }) => sum + lines, overflowLines),
  );
  counters.add("dropped_overflow_lines", overflowLines);
  const publications = new Set(pieces.map(({ payload, lines }) => intake.accept(payload, lines)));
  let isTaken = true;
  let longLines = 0;
  for (const publication of publications) {
    // A batch that waits for more is in good hands: core NATS confirms nothing, so there is nothing to wait for.
    if (publication.isUnderWay && !(await publication.isTaken)) isTaken = false;
    longLines += publication.longLines;
  }
  return { isTaken, longLines };
}

/** In InfluxDB's words, by which clients know that sending the lines again is of no use. */
function partialWrite(overflowing: Uint8Array | undefined, droppedLines: number): string {
  if (overflowing === undefined) {
    return `partial write: line too long to be published dropped=${droppedLines}`;
  }
  const shown = new TextDecoder().decode(overflowing.subarray(0, SHOWN_LINE_MAX_BYTES));
  return `partial write: unable to parse '${shown}': ${OUT_OF_RANGE} dropped=${droppedLines}`;
}
