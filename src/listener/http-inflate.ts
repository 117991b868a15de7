/** How bodies are compressed, and inflating them under limits: a small one may be made to become a thousand times as large. */
import { promisify } from "node:util";
import { gunzip, gunzipSync } from "node:zlib";

import { messageOf } from "../platform/errors.ts";

/** All that was inflated, or why it was not. */
export type Inflated =
  | { readonly kind: "whole"; readonly bytes: Uint8Array }
  /** It becomes more than it may. */
  | { readonly kind: "too_large" }
  | { readonly kind: "not_gzip"; readonly reason: string };

interface EngineOptions {
  readonly maxOutputLength: number;
  readonly chunkSize: number;
  readonly info: true;
}

/** What node:zlib gives if it is asked for `info`. */
interface Engine {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

const inflateBeside = promisify(
  gunzip as unknown as (
    bytes: Uint8Array,
    options: EngineOptions,
    done: (error: Error | null, inflated: Engine) => void,
  ) => void,
);
const inflateHere = gunzipSync as unknown as (bytes: Uint8Array, options: EngineOptions) => Engine;

/** What is inflated comes in chunks. Those of 16 KB, which are usual, take twice as long. */
const ENGINE_OPTIONS = { chunkSize: 64 * 1024, info: true } as const;

/** The last four bytes of a member tell how long it becomes, modulo 2^32. Nobody vouches for it. */
const LENGTH_BYTES = 4;

/** What follows a member is another one. This is the length of the shortest header. */
const HEADER_BYTES = 10;

/** `gzip`, `identity`, or what the client sent, in small letters. Identities beside gzip, and empty ones, change nothing. */
export function encodingOf({ headers }: Request): string {
  const sent = headers.get("Content-Encoding")?.toLowerCase() ?? "";
  if (sent === "") return "identity";
  const encodings = sent
    .split(",")
    .map((encoding) => encoding.trim())
    .filter((encoding) => encoding !== "" && encoding !== "identity");
  const [encoding = "identity"] = encodings;
  if (encodings.length > 1) return sent;
  return encoding === "x-gzip" ? "gzip" : encoding;
}

/** All members of a gzip file, one behind the other. Runs beside the event loop. */
export async function inflate(bytes: Uint8Array, maxOutputLength: number): Promise<Inflated> {
  try {
    return wholeOf(await inflateBeside(bytes, { maxOutputLength, ...ENGINE_OPTIONS }), bytes);
  } catch (error) {
    return failureOf(error);
  }
}

/** The same, at once and before this returns: for what is small, a third of the time. */
export function inflateAtOnce(bytes: Uint8Array, maxOutputLength: number): Inflated {
  try {
    return wholeOf(inflateHere(bytes, { maxOutputLength, ...ENGINE_OPTIONS }), bytes);
  } catch (error) {
    return failureOf(error);
  }
}

/** How long a gzip file says that it becomes: its last member, so if that is true, all of it is no shorter. */
export function toldLength(bytes: Uint8Array): number {
  if (bytes.length < LENGTH_BYTES) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(
    bytes.length - LENGTH_BYTES,
    true,
  );
}

/**
 * node:zlib takes NUL bytes behind a member for padding and leaves out whatever follows them, without a word. Go's reader,
 * which InfluxDB has, takes them for the header of another member, and refuses that.
 */
function wholeOf({ buffer, engine }: Engine, bytes: Uint8Array): Inflated {
  const restBytes = bytes.length - engine.bytesWritten;
  if (restBytes === 0) return { kind: "whole", bytes: buffer };
  const reason = restBytes < HEADER_BYTES ? "unexpected EOF" : "gzip: invalid header";
  return { kind: "not_gzip", reason };
}

function failureOf(error: unknown): Inflated {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ERR_BUFFER_TOO_LARGE") return { kind: "too_large" };
  return { kind: "not_gzip", reason: gzipReason(messageOf(error)) };
}

/** In the words of InfluxDB, where it has some. */
function gzipReason(message: string): string {
  if (message === "incorrect header check") return "gzip: invalid header";
  if (message === "incorrect data check") return "gzip: invalid checksum";
  if (message === "unexpected end of file") return "unexpected EOF";
  return `gzip: ${message}`;
}
