/**
 * The body of a request: read and inflated under limits, so that no client, and no number of clients, takes more
 * memory than the operator granted.
 */

import { promisify } from "node:util";
import { gunzip } from "node:zlib";

import type { Clock } from "../platform/clock.ts";
import { messageOf } from "../platform/errors.ts";

/** A whole body, or why there is none. */
export type Body =
  | { readonly kind: "whole"; readonly bytes: Uint8Array }
  | { readonly kind: "too_large" }
  /** All bodies being read take too much together. */
  | { readonly kind: "no_room" }
  /** The client went away, or broke the protocol. */
  | { readonly kind: "broken_off" }
  /** The client takes too long. */
  | { readonly kind: "too_slow" }
  | { readonly kind: "not_gzip"; readonly reason: string };

export interface BodyOptions {
  /** Of one body, before and after inflating. */
  readonly bodyMaxBytes: number;
  /**
   * Of all bodies read as a stream, as they arrive, together; those read at one go add half of that, and what they
   * inflate to one body at a time.
   */
  readonly totalMaxBytes: number;
  readonly clock: Clock;
}

export interface BodyReader {
  /** Calls `use` with the body of `request`; its memory counts until `use` resolves. */
  read<Result>(
    request: Request,
    isGzip: boolean,
    use: (body: Body) => Promise<Result>,
  ): Promise<Result>;
}

const inflate = promisify(gunzip);

/**
 * Bodies no longer than this, if their length is told, are read at one go: reading them as a stream takes about twice
 * as long. Their whole length counts from the start, in a room of their own, half as large as the other: so clients who
 * do not send all that they announced keep out neither the small bodies nor the large ones.
 */
const AT_ONCE_MAX_BYTES = 1024 * 1024;
const AT_ONCE_SHARE = 0.5;

/**
 * The whole of a body that is read as a stream must be there by then: a client that sends a byte now and then would
 * hold its room for ever. When the other room is held in that way, small bodies are read as streams too.
 */
const BODY_MAX_MS = 60_000;

export function createBodyReader({ bodyMaxBytes, totalMaxBytes, clock }: BodyOptions): BodyReader {
  const streams = new Room(totalMaxBytes);
  const atOnce = new Room(totalMaxBytes * AT_ONCE_SHARE);
  let inflating: Promise<unknown> = Promise.resolve();

  /** One body at a time: a small one may inflate to the limit, and a hundred of them at once must not. */
  const inflateInTurn = (bytes: Uint8Array): Promise<Body> => {
    const turn = inflating.then(() => inflateUpTo(bodyMaxBytes, bytes));
    inflating = turn;
    return turn;
  };

  return {
    async read(request, isGzip, use) {
      // Judged before a byte of it is read.
      const toldBytes = Number(request.headers.get("Content-Length"));
      if (toldBytes > bodyMaxBytes) return use({ kind: "too_large" });
      const isAtOnce = toldBytes > 0 && toldBytes <= AT_ONCE_MAX_BYTES && atOnce.take(toldBytes);
      const reading = isAtOnce
        ? readAtOnce(request, toldBytes, atOnce)
        : readAsStream(request, { bodyMaxBytes, room: streams, clock });
      try {
        const body = await reading.body;
        const isInflated = isGzip && body.kind === "whole" && body.bytes.length > 0;
        return await use(isInflated ? await inflateInTurn(body.bytes) : body);
      } finally {
        reading.end();
      }
    },
  };
}

/** What bodies may hold together. */
class Room {
  #freeBytes: number;

  constructor(maxBytes: number) {
    this.#freeBytes = maxBytes;
  }

  /** False, and nothing taken, if there is not as much. */
  take(bytes: number): boolean {
    if (bytes > this.#freeBytes) return false;
    this.#freeBytes -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#freeBytes += bytes;
  }
}

interface Reading {
  /** Never rejects. */
  readonly body: Promise<Body>;
  /** Gives the room back; what still comes is not read. */
  end(): void;
}

/** `bytes` of `room` are taken. */
function readAtOnce(request: Request, bytes: number, room: Room): Reading {
  return { body: request.bytes().then(wholeBody, brokenOff), end: () => room.giveBack(bytes) };
}

function wholeBody(bytes: Uint8Array): Body {
  return { kind: "whole", bytes };
}

function brokenOff(): Body {
  return { kind: "broken_off" };
}

function readAsStream(
  request: Request,
  { bodyMaxBytes, room, clock }: { bodyMaxBytes: number; room: Room; clock: Clock },
): Reading {
  const reader = request.body?.getReader();
  let sizeBytes = 0;
  let isEnded = false;
  const gather = async (): Promise<Body> => {
    const chunks: Uint8Array[] = [];
    for (;;) {
      const { value: chunk } = (await reader?.read()) ?? {};
      if (chunk === undefined) return wholeBody(joined(chunks));
      if (isEnded) return brokenOff();
      if (sizeBytes + chunk.length > bodyMaxBytes) return { kind: "too_large" };
      if (!room.take(chunk.length)) return { kind: "no_room" };
      sizeBytes += chunk.length;
      chunks.push(chunk);
    }
  };
  return {
    body: inTime(gather().catch(brokenOff), clock),
    end() {
      isEnded = true;
      reader?.cancel().catch(() => {});
      room.giveBack(sizeBytes);
    },
  };
}

async function inTime(body: Promise<Body>, clock: Clock): Promise<Body> {
  const outOfTime = Promise.withResolvers<Body>();
  const cancel = clock.after(BODY_MAX_MS, () => outOfTime.resolve({ kind: "too_slow" }));
  const read = await Promise.race([body, outOfTime.promise]);
  cancel();
  return read;
}

/** All members of a gzip file, one behind the other. Runs beside the event loop. */
async function inflateUpTo(maxBytes: number, bytes: Uint8Array): Promise<Body> {
  try {
    return wholeBody(await inflate(bytes, { maxOutputLength: maxBytes }));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ERR_BUFFER_TOO_LARGE") return { kind: "too_large" };
    return { kind: "not_gzip", reason: gzipReason(messageOf(error)) };
  }
}

/** In the words of InfluxDB, where it has some. */
function gzipReason(message: string): string {
  if (message === "incorrect header check") return "gzip: invalid header";
  if (message === "incorrect data check") return "gzip: invalid checksum";
  if (message === "unexpected end of file") return "unexpected EOF";
  return `gzip: ${message}`;
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}
