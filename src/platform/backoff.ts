/** How long to wait before trying again. */

export interface Backoff {
  /** The wait before the first retry; each further one is twice as long. */
  readonly firstMs: number;
  /** No wait is longer. */
  readonly maxMs: number;
}

/**
 * The wait before retry number `attempt` (0 is the first): the doubled wait, of which a random part of up to a half
 * is taken off, so that many clients of one server do not return at the same moment. `random` is from [0, 1).
 */
export function backoffMs(backoff: Backoff, attempt: number, random: number): number {
  const fullMs = Math.min(backoff.firstMs * 2 ** attempt, backoff.maxMs);
  return fullMs * (1 - random / 2);
}
