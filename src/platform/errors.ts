/**
 * Errors of two kinds. Operating errors (port taken, server away) are {@link SpoutError}s: the caller decides and
 * counts. Errors of ours are failed assertions: nobody catches them. Bad data is neither: it is a code, counted.
 */

/** "cannot <do what> <to what>: <why>", for the operator; values quoted, no secrets. */
export class SpoutError extends Error {
  override readonly name: string = "SpoutError";
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`BUG: ${message}`);
}

/** The text of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The same with the place where it was thrown, for an error of ours. */
export function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
