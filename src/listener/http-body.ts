/**
 * The body of a request: read and inflated under limits, so that no client, and no number of clients, takes more
 * memory than the operator granted, or keeps the others out for longer than a moment.
 */
import type { Clock } from "../platform/clock.ts";
import { createCollector, giveBack } from "../platform/memory.ts";
import { inflate, inflateAtOnce, type Inflated, toldLength } from "./http-inflate.ts";
import { type Holding, type HoldingOptions, Room, SMALL_MAX_BYTES } from "./http-room.ts";

/** A whole body, or why there is none. */
export type Body =
  | Inflated
  /** All bodies that are held take too much together. */
  | { readonly kind: "no_room" }
  /** The client went away, or broke the protocol. */
  | { readonly kind: "broken_off" }
  /** The client takes too long. */
  | { readonly kind: "too_slow" };

export interface BodyOptions {
  /** Of one body, before and after inflating. */
  readonly bodyMaxBytes: number;
  /**
   * Of all bodies together, from what has arrived to what is handed on. Those read at one go add half of that; the one
   * being inflated, and those whose times are being converted, count once and are there twice.
   */
  readonly totalMaxBytes: number;
  readonly clock: Clock;
  /** Who sent a request: what the bodies of one name hold is one sender's. */
  readonly senderName: (request: Request) => string;
}

export interface BodyReader {
  /** Calls `use` with the body of `request`; its memory counts, as `held`, until `use` resolves. */
  read<Result>(
    request: Request,
    isGzip: boolean,
    use: (body: Body, held: Holding) => Result | Promise<Result>,
  ): Promise<Result>;
}

/**
 * Bodies no longer than this, if their length is told, are read at one go: reading them as a stream takes about twice
 * as long. Their whole length counts from the start, in a room of their own, half as large as the other: so clients who
 * do not send all that they announced keep out neither the small bodies nor the large ones.
 */
const AT_ONCE_MAX_BYTES = 1024 * 1024;
const AT_ONCE_SHARE = 0.5;

/** The whole of a body must be there by then: a client that sends a byte now and then would hold its room for ever. */
const BODY_MAX_MS = 60_000;

/** For what holds nothing in the room while it is read, and so need not give way. */
const NOT_ASKED: HoldingOptions = { senderName: () => "", onGivenAway() {} };

/** Inflating so much takes a millisecond at most, if what comes of it is small too: no time to do it beside the event loop. */
const INFLATED_AT_ONCE_MAX_BYTES = 64 * 1024;

/**
 * Inflating leaves as much garbage as it makes, in pieces that nothing but a collection frees, and clients that send bombs make it
 * faster than the runtime collects by itself: on a busy machine 630 MB resident instead of 400.
 */
const GARBAGE_MAX_BYTES = 16 * 1024 * 1024;

export function createBodyReader(options: BodyOptions): BodyReader {
  const { bodyMaxBytes, totalMaxBytes, clock, senderName } = options;
  const room = new Room({ maxBytes: totalMaxBytes, clock });
  let atOnceFreeBytes = totalMaxBytes * AT_ONCE_SHARE;
  const inflateInTurn = createInflating(room, bodyMaxBytes);
  const askedOf = (request: Request, resolve: (body: Body) => void): HoldingOptions => ({
    senderName: () => senderName(request),
    onGivenAway: () => resolve({ kind: "no_room" }),
  });

  return {
    async read(request, isGzip, use) {
      const { promise, resolve } = Promise.withResolvers<Body>();
      // Judged before a byte of it is read.
      const toldBytes = Number(request.headers.get("Content-Length"));
      const isAtOnce =
        toldBytes > 0 && toldBytes <= AT_ONCE_MAX_BYTES && toldBytes <= atOnceFreeBytes;
      const held = room.open(isAtOnce ? NOT_ASKED : askedOf(request, resolve));
      if (toldBytes > bodyMaxBytes) return use({ kind: "too_large" }, held);
      if (isAtOnce) atOnceFreeBytes -= toldBytes;
      const cancelTime = clock.after(BODY_MAX_MS, () => resolve({ kind: "too_slow" }));
      const stopReading = isAtOnce
        ? readAtOnce(request, resolve)
        : readAsStream(request, bodyMaxBytes, held, resolve);
      try {
        const body = await promise;
        cancelTime();
        held.isBeingRead = false;
        if (!isGzip || body.kind !== "whole" || body.bytes.length === 0) {
          return await use(body, held);
        }
        const inflated = inflateInTurn(body.bytes, held);
        if (!(inflated instanceof Promise)) return await use(inflated, held);
        const waitedFor = await inflated;
        return await use(request.signal.aborted ? { kind: "broken_off" } : waitedFor, held);
      } finally {
        stopReading();
        held.end();
        if (isAtOnce) atOnceFreeBytes += toldBytes;
      }
    },
  };
}

/** One body at a time, unless it is small: a small one may inflate to the limit, and a hundred of them at once must not. */
function createInflating(room: Room, bodyMaxBytes: number) {
  let inflating: Promise<unknown> = Promise.resolve();
  const atOnceMaxBytes = Math.min(bodyMaxBytes, SMALL_MAX_BYTES);
  const collectGarbage = createCollector(GARBAGE_MAX_BYTES);
  let garbageBytes = 0;

  const keep = (inflated: Inflated, held: Holding): Body => {
    if (inflated.kind !== "whole" || held.exchange(inflated.bytes.length)) return inflated;
    giveBack(inflated.bytes);
    return { kind: "no_room" };
  };
  const inflateLarge = async (bytes: Uint8Array, held: Holding): Promise<Body> => {
    // It becomes no less than it says, so a bomb that does not lie costs nothing.
    const toldBytes = toldLength(bytes);
    if (toldBytes > bodyMaxBytes) return { kind: "too_large" };
    const maxBytes = Math.min(bodyMaxBytes, room.roomFor(toldBytes) + held.bytes);
    if (maxBytes < Math.max(toldBytes, 1)) return { kind: "no_room" };
    // What the one before has left is nobody's by now.
    collectGarbage(garbageBytes);
    const inflated = await inflate(bytes, maxBytes);
    garbageBytes = inflated.kind === "whole" ? inflated.bytes.length : maxBytes;
    if (inflated.kind === "too_large" && maxBytes < bodyMaxBytes) return { kind: "no_room" };
    return keep(inflated, held);
  };
  return (bytes: Uint8Array, held: Holding): Body | Promise<Body> => {
    if (bytes.length <= INFLATED_AT_ONCE_MAX_BYTES) {
      const inflated = inflateAtOnce(bytes, atOnceMaxBytes);
      const isDone = inflated.kind !== "too_large" || atOnceMaxBytes === bodyMaxBytes;
      if (isDone) return keep(inflated, held);
    }
    const turn = inflating.then(() => inflateLarge(bytes, held));
    inflating = turn;
    return turn;
  };
}

/** Starts reading; `resolve` is told what comes of it. What is returned ends it: what still comes is not read. */
function readAtOnce(request: Request, resolve: (body: Body) => void): () => void {
  request.bytes().then(
    (bytes) => resolve({ kind: "whole", bytes }),
    () => resolve({ kind: "broken_off" }),
  );
  return noop;
}

function noop(): void {}

/** As {@link readAtOnce}. */
function readAsStream(
  request: Request,
  bodyMaxBytes: number,
  held: Holding,
  resolve: (body: Body) => void,
): () => void {
  const reader = request.body?.getReader();
  const gather = async (): Promise<Body> => {
    const chunks: Uint8Array[] = [];
    for (;;) {
      const { value: chunk } = (await reader?.read()) ?? {};
      if (held.hasEnded) return { kind: "broken_off" };
      if (chunk === undefined) return { kind: "whole", bytes: joined(chunks) };
      if (held.bytes + chunk.length > bodyMaxBytes) return { kind: "too_large" };
      if (!held.take(chunk.length)) return { kind: "no_room" };
      chunks.push(chunk);
    }
  };
  gather().then(resolve, () => resolve({ kind: "broken_off" }));
  return () => void reader?.cancel().catch(() => {});
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}
