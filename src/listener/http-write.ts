/** `POST /write`: a body of lines goes into the intake as a whole or not at all, and the answer says which. */
import type { Bus } from "../bus/bus.ts";
import { parsePrecision, type Precision } from "../line/precision.ts";
import type { Clock } from "../platform/clock.ts";
import { isDoneInTime } from "../platform/deadline.ts";
import type { DropLog } from "../platform/drops.ts";
import { harmlessJson, sampleOf } from "../platform/harmless-text.ts";
import { deadlineIn } from "../platform/lifecycle.ts";
import { type Log, throttledByReason } from "../platform/log.ts";
import { giveBack } from "../platform/memory.ts";
import type { HttpCounters } from "./counters.ts";
import { failure, noContent } from "./http-answers.ts";
import type { Body, BodyReader } from "./http-body.ts";
import { encodingOf } from "./http-inflate.ts";
import { type BodyLines, createLinesOf } from "./http-lines.ts";
import type { Holding } from "./http-room.ts";
import type { Intake, Publication } from "./intake.ts";

export interface WriteOptions {
  readonly bus: Bus;
  /** What the intake publishes on. */
  readonly subject: string;
  readonly intake: Intake;
  readonly counters: HttpCounters;
  readonly bodies: BodyReader;
  /** Lines that take more than this are refused: the bus would never have room for all of them. */
  readonly publishedMaxBytes: number;
  readonly drops: DropLog;
  readonly clock: Clock;
  readonly log: Log;
}

/** Answers one request; `precisionName` is its parameter `precision`, empty if it has none. Never rejects. */
export type Write = (request: Request, precisionName: string) => Promise<Response>;

/** When a client that was sent away may come again. */
const RETRY_AFTER_SECONDS = "5";

/** Texts of a 503 hold none of the phrases by which clients decide to drop what they could send again. */
const BUS_IS_FULL = "NATS cannot take more at the moment, try again";
const NOT_ALLOWED = "NATS does not allow lines on this listener's subject at the moment, try again";
const TOO_MANY_BODIES = "too many requests at the moment, try again";

/** How long a request may wait for room: what keeps clients that are too fast at the pace of NATS. */
const ROOM_WAIT_MAX_MS = 1000;

/** InfluxDB's words for a time that no nanosecond timestamp can hold. */
const OUT_OF_RANGE = "time outside range -9223372036854775806 - 9223372036854775806";

/** As much of a client's word as a log line bears. */
const SHOWN_WORD_MAX_CHARS = 100;

export function createWrite(options: WriteOptions): Write {
  const writing = new Writing(options);
  return (request, precisionName) => writing.answer(request, precisionName);
}

class Writing {
  readonly #options: WriteOptions;
  readonly #linesOf = createLinesOf();
  readonly #logSentAway: (reason: string, text: string) => void;

  constructor(options: WriteOptions) {
    this.#options = options;
    this.#logSentAway = throttledByReason((text) => options.log.warn(text), options.clock);
  }

  async answer(request: Request, precisionName: string): Promise<Response> {
    const { bus, bodies, subject } = this.#options;
    const precision = parsePrecision(precisionName);
    if (precision === undefined) {
      this.#tell(400, "invalid precision", () => shownWord(precisionName));
      const known = "use n, ns, u, us, \u00b5, ms, s, m or h";
      return this.#refuse(request, 400, `invalid precision "${precisionName}" (${known})`);
    }
    const encoding = encodingOf(request);
    if (encoding !== "gzip" && encoding !== "identity") {
      this.#tell(415, "Content-Encoding that is not gzip", () => shownWord(encoding));
      const text = `cannot read Content-Encoding "${encoding}" (use gzip or none)`;
      return this.#refuse(request, 415, text, { "Accept-Encoding": "gzip" });
    }
    // Judged before the body is read, so that sending clients away is cheap.
    if (bus.state() !== "up" && !bus.hasRoom()) return this.#sendAway(request, BUS_IS_FULL);
    if (bus.isRefused(subject)) return this.#sendAway(request, NOT_ALLOWED);
    return bodies.read(request, encoding === "gzip", (body, held) =>
      body.kind === "whole"
        ? this.#answerWhole(request, body.bytes, precision, held)
        : this.#answerNone(request, body),
    );
  }

  #answerNone(request: Request, body: Exclude<Body, { readonly kind: "whole" }>): Response {
    switch (body.kind) {
      case "too_large":
        return this.#tooLarge(request);
      case "not_gzip":
        this.#tell(400, body.reason);
        return this.#refuse(request, 400, body.reason);
      case "no_room":
        return this.#sendAway(request, TOO_MANY_BODIES);
      case "too_slow":
        return this.#giveUp(request, 408, "the body did not come in time");
      case "broken_off":
        return this.#giveUp(request, 400, "the body is incomplete");
    }
  }

  async #answerWhole(
    request: Request,
    body: Uint8Array,
    precision: Precision,
    held: Holding,
  ): Promise<Response> {
    const { bus, subject, publishedMaxBytes, log } = this.#options;
    const receivedBytes = body.length;
    log.debug(`HTTP listener read ${receivedBytes} bytes`);
    const gathered = this.#linesOf(body, {
      precision,
      sizeMaxBytes: publishedMaxBytes,
      hold: (bytes) => held.take(bytes),
    });
    const lines = gathered instanceof Promise ? await gathered : gathered;
    if (lines === "too_large") return this.#tooLarge(request);
    if (lines === "no_room") return this.#sendAway(request, TOO_MANY_BODIES);
    const waiting = bus.whenRoom(roomFor(lines, this.#options));
    const hasRoom = waiting === undefined || (await hasRoomInTime(waiting, lines, this.#options));
    // Who hears nothing sends it again: a client that gave up, or one that sent its next request meanwhile, for which Bun
    // ends the connection. The signal is costly, and nobody can go away while nothing was waited for.
    const hasWaited = waiting !== undefined || gathered instanceof Promise;
    const isGone = hasWaited && request.signal.aborted;
    if (isGone || !hasRoom) {
      giveBack(body);
      if (isGone) return this.#giveUp(request, 400, "the client went away");
      return this.#sendAway(request, BUS_IS_FULL);
    }
    if (bus.isRefused(subject)) return this.#sendAway(request, NOT_ALLOWED);
    let droppedLines = lines.overflowLines;
    let isTaken = true;
    for (const publication of takeLines(receivedBytes, lines, this.#options)) {
      // A batch that waits for more is in good hands: core NATS confirms nothing, so there is nothing to wait for.
      if (publication.isUnderWay && !(await publication.isTaken)) isTaken = false;
      droppedLines += publication.longLines;
    }
    // The bus, which had room, refused some after all: it is being closed.
    if (!isTaken) return this.#sendAway(request, BUS_IS_FULL);
    if (droppedLines === 0) return noContent(request);
    return failure(request, 400, partialWrite(lines.overflowing, droppedLines));
  }

  /** `reason` is the same each time; what the client said is in `sample`. */
  #tell(status: number, reason: string, sample?: () => string): void {
    const what = { level: "warn", verb: "refused", noun: "write request" } as const;
    this.#options.drops.tell({ ...what, reason, where: `with ${status}` }, 1, sample);
  }

  #tooLarge(request: Request): Response {
    this.#tell(413, "the body is too large (max_body_size, nats_max_outbound_size)");
    return this.#refuse(request, 413, "Request Entity Too Large");
  }

  #refuse(request: Request, status: number, text: string, headers = {}): Response {
    this.#options.counters.add("refused_requests");
    return failure(request, status, text, headers);
  }

  #sendAway(request: Request, text: string): Response {
    this.#options.counters.add("unavailable_requests");
    this.#logSentAway(text, `answered a write with 503: ${text}`);
    return failure(request, 503, text, { "Retry-After": RETRY_AFTER_SECONDS });
  }

  /** Of a body that is not there all that follows on the connection would be taken for the rest of it. */
  #giveUp(request: Request, status: number, text: string): Response {
    this.#options.counters.add("read_errors");
    this.#tell(status, text);
    return failure(request, status, text, { Connection: "close" });
  }
}

function shownWord(word: string): string {
  return harmlessJson(word.slice(0, SHOWN_WORD_MAX_CHARS));
}

/** Bytes that the bus is to take: what is gathered goes before the lines. */
function roomFor(lines: BodyLines, { intake }: WriteOptions): number {
  return intake.heldBytes + lines.sizeBytes;
}

/** True once there is room; false if the bus is away, or has none for too long. `waiting` is the first wait for it. */
async function hasRoomInTime(
  waiting: Promise<void>,
  lines: BodyLines,
  options: WriteOptions,
): Promise<boolean> {
  const { bus, clock } = options;
  const deadline = deadlineIn(clock, ROOM_WAIT_MAX_MS);
  for (let wait: Promise<void> | undefined = waiting; wait !== undefined;) {
    const isWorthIt = bus.state() === "up" && (await isDoneInTime(wait, deadline, clock));
    if (!isWorthIt) break;
    // Others may have been quicker, and the batch may have grown.
    wait = bus.whenRoom(roomFor(lines, options));
  }
  return bus.hasRoom(roomFor(lines, options));
}

/** Hands all pieces over while the room is still there; returns what they are published with, each once. */
function takeLines(
  receivedBytes: number,
  { pieces, overflowing, overflowLines }: BodyLines,
  { intake, counters, drops }: WriteOptions,
): readonly Publication[] {
  const publications: Publication[] = [];
  if (receivedBytes === 0) return publications;
  let receivedLines = overflowLines;
  for (const { payload, lines } of pieces) {
    const publication = intake.accept(payload, lines);
    // Pieces that follow one another may share a batch.
    if (publication !== publications.at(-1)) publications.push(publication);
    receivedLines += lines;
  }
  counters.add("received");
  counters.add("received_bytes", receivedBytes);
  counters.add("received_lines", receivedLines);
  counters.add("dropped_overflow_lines", overflowLines);
  if (overflowing !== undefined) {
    const why = "their time does not fit a nanosecond timestamp";
    drops.drop(why, overflowLines, "of write requests", () => sampleOf(overflowing));
  }
  return publications;
}

/** In InfluxDB's words, by which clients know that sending the lines again is of no use. */
function partialWrite(overflowing: Uint8Array | undefined, droppedLines: number): string {
  if (overflowing === undefined) {
    return `partial write: line too long to be published dropped=${droppedLines}`;
  }
  const shown = new TextDecoder().decode(overflowing);
  return `partial write: unable to parse '${shown}': ${OUT_OF_RANGE} dropped=${droppedLines}`;
}
