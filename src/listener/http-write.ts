/** `POST /write`: a body of lines goes into the intake as a whole or not at all, and the answer says which. */
import type { Bus } from "../bus/bus.ts";
import { convertTimestamps, parsePrecision, type Precision } from "../line/precision.ts";
import { countLines } from "../line/split.ts";
import type { HttpCounters } from "./counters.ts";
import { failure, noContent } from "./http-answers.ts";
import type { Body, BodyReader } from "./http-body.ts";
import type { Intake } from "./intake.ts";

export interface WriteOptions {
  readonly bus: Bus;
  readonly intake: Intake;
  readonly counters: HttpCounters;
  readonly bodies: BodyReader;
}

/** Answers one request; `precisionName` is its parameter `precision`, empty if it has none. Never rejects. */
export type Write = (request: Request, precisionName: string) => Promise<Response>;

/** When a client that was sent away may come again. */
const RETRY_AFTER_SECONDS = "5";

/** Texts of a 503 hold none of the phrases by which clients decide to drop what they could send again. */
const BUS_IS_FULL = "NATS cannot take more at the moment, try again";
const TOO_MANY_BODIES = "too many requests at the moment, try again";

/** InfluxDB's words for a time that no nanosecond timestamp can hold. */
const OUT_OF_RANGE = "time outside range -9223372036854775806 - 9223372036854775806";

/** How much of a dropped line the answer shows. */
const SHOWN_LINE_MAX_BYTES = 512;

export function createWrite(options: WriteOptions): Write {
  const { bus, counters, bodies } = options;

  const refuse = (request: Request, status: number, text: string, headers = {}): Response => {
    counters.add("refused_requests");
    return failure(request, status, text, headers);
  };
  const sendAway = (request: Request, text: string): Response => {
    counters.add("unavailable_requests");
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
      case "broken_off":
        counters.add("read_errors");
        return failure(request, 400, "the body is incomplete");
      case "whole": {
        // Reading may have taken a while.
        if (!bus.hasRoom()) return sendAway(request, BUS_IS_FULL);
        const taken = await takeLines(body.bytes, precision, options);
        if (!taken.isTaken) return sendAway(request, BUS_IS_FULL);
        if (taken.droppedLines === 0) return noContent(request);
        return failure(request, 400, partialWrite(taken));
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
    if (!bus.hasRoom()) return sendAway(request, BUS_IS_FULL);
    return bodies.read(request, isGzip, (body) => answer(request, body, precision));
  };
}

interface Taken {
  /** False if the bus was given the lines just now and refused some. */
  readonly isTaken: boolean;
  /** The first of the lines dropped because of their time. */
  readonly overflowing: Uint8Array | undefined;
  readonly droppedLines: number;
}

async function takeLines(
  body: Uint8Array,
  precision: Precision,
  { intake, counters }: WriteOptions,
): Promise<Taken> {
  if (body.length === 0) return { isTaken: true, overflowing: undefined, droppedLines: 0 };
  let overflowLines = 0;
  let overflowing: Uint8Array | undefined;
  const converted = convertTimestamps(body, precision, (line) => {
    overflowLines++;
    overflowing ??= line;
  });
  const lines = countLines(converted);
  counters.add("received");
  counters.add("received_bytes", body.length);
  counters.add("received_lines", lines + overflowLines);
  counters.add("dropped_overflow_lines", overflowLines);
  if (converted.length === 0) return { isTaken: true, overflowing, droppedLines: overflowLines };

  const publication = intake.accept(converted, lines);
  // A batch that waits for more is in good hands: core NATS confirms nothing, so there is nothing to wait for.
  const isTaken = publication.isUnderWay ? await publication.isTaken : true;
  return { isTaken, overflowing, droppedLines: overflowLines + publication.longLines };
}

/** In InfluxDB's words, by which clients know that sending the lines again is of no use. */
function partialWrite({ overflowing, droppedLines }: Taken): string {
  if (overflowing === undefined) {
    return `partial write: line too long to be published dropped=${droppedLines}`;
  }
  const shown = new TextDecoder().decode(overflowing.subarray(0, SHOWN_LINE_MAX_BYTES));
  return `partial write: unable to parse '${shown}': ${OUT_OF_RANGE} dropped=${droppedLines}`;
}
