/**
 * The text of an answer, read to a bound. The runtime would inflate a body before anybody may bound it, so `fetch` is
 * told to leave it as it came, and it is inflated here, no further than it is read.
 */
import { createUnzip } from "node:zlib";

/** An answer is read to its end, so that the connection can be used again, but no further than this. */
const ANSWER_MAX_BYTES = 64 * 1024;

/**
 * What every request is made with whose answer comes here. Nobody needs to compress for us; a proxy that does so
 * nevertheless is understood.
 */
export const UNTOUCHED_ANSWER = {
  decompress: false,
  headers: { "Accept-Encoding": "identity" },
} as const satisfies BunFetchRequestInit;

/**
 * The first 64 KB of the body, inflated if it is compressed as its header says; whatever the header says, if it is plain
 * text. Never rejects: the status has said what happened, and a body that breaks off leaves out words, nothing else.
 */
export async function readAnswerText(response: Response): Promise<string> {
  const bytes = await firstBytes(response.body ?? []);
  const isCompressed = (response.headers.get("content-encoding") ?? "identity") !== "identity";
  if (!isCompressed) return new TextDecoder().decode(bytes);
  const unzip = createUnzip();
  unzip.end(bytes);
  const inflated = await firstBytes(unzip);
  return inflated.length > 0 ? new TextDecoder().decode(inflated) : plainText(bytes);
}

/** Empty if it is no text at all. */
function plainText(bytes: Uint8Array): string {
  try {
    // A character that the bound cuts through is not an error in a stream.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return "";
  }
}

/** At most {@link ANSWER_MAX_BYTES}, and those before an error. Leaving the loop ends the source. */
async function firstBytes(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
  const chunks: Uint8Array[] = [];
  let roomBytes = ANSWER_MAX_BYTES;
  try {
    for await (const chunk of source) {
      chunks.push(chunk.subarray(0, roomBytes));
      roomBytes -= chunk.length;
      if (roomBytes <= 0) break;
    }
  } catch {
    // What came before stands.
  }
  return Buffer.concat(chunks);
}
