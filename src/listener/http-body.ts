/**
 * The body of a request: read and inflated under limits, so that no client, and no number of clients, takes more
 * memory than the operator granted.
 */

import { promisify } from "node:util";
import { gunzip } from "node:zlib";

import { messageOf } from "../platform/errors.ts";

/** A whole body, or why there is none. */
export type Body =
  | { readonly kind: "whole"; readonly bytes: Uint8Array }
  | { readonly kind: "too_large" }
  /** All bodies being read take too much together. */
  | { readonly kind: "no_room" }
  /** The client went away, or broke the protocol. */
  | { readonly kind: "broken_off" }
  | { readonly kind: "not_gzip"; readonly reason: string };

export interface BodyOptions {
  /** Of one body, before and after inflating. */
  readonly bodyMaxBytes: number;
  /** Of all bodies, as they arrive, together. What they inflate to adds one body at a time. */
  readonly totalMaxBytes: number;
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
 * as long. Their whole length counts from the start, so that clients who do not send what they announced can take up
 * only that part of the total; all others are read as a stream then, and count as they arrive.
 */
const AT_ONCE_MAX_BYTES = 1024 * 1024;
const AT_ONCE_SHARE = 0.5;

export function createBodyReader({ bodyMaxBytes, totalMaxBytes }: BodyOptions): BodyReader {
  let heldBytes = 0;
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
      const isAtOnce =
        toldBytes > 0 &&
        toldBytes <= AT_ONCE_MAX_BYTES &&
        heldBytes + toldBytes <= totalMaxBytes * AT_ONCE_SHARE;
      let sizeBytes = isAtOnce ? toldBytes : 0;
      heldBytes += sizeBytes;
      const readAtOnce = async (): Promise<Body> => ({
        kind: "whole",
        bytes: await request.bytes(),
      });
      const readAsStream = async (): Promise<Body> => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of request.body ?? []) {
          sizeBytes += chunk.length;
          heldBytes += chunk.length;
          if (sizeBytes > bodyMaxBytes) return { kind: "too_large" };
          if (heldBytes > totalMaxBytes) return { kind: "no_room" };
          chunks.push(chunk);
        }
        return { kind: "whole", bytes: joined(chunks) };
      };
      try {
        const reading = isAtOnce ? readAtOnce() : readAsStream();
        const body = await reading.catch((): Body => ({ kind: "broken_off" }));
        const isInflated = isGzip && body.kind === "whole" && body.bytes.length > 0;
        return await use(isInflated ? await inflateInTurn(body.bytes) : body);
      } finally {
        heldBytes -= sizeBytes;
      }
    },
  };
}

/** All members of a gzip file, one behind the other. Runs beside the event loop. */
async function inflateUpTo(maxBytes: number, bytes: Uint8Array): Promise<Body> {
  try {
    return { kind: "whole", bytes: await inflate(bytes, { maxOutputLength: maxBytes }) };
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
