/** Keeps a generator at an exact rate: what a late turn missed, the next ones make up. */

/**
 * Calls `send(count)` in small turns so that `ratePerSecond` times `seconds` are sent in all. Resolves with how long
 * it took; a generator that cannot keep up takes longer, and the caller sees it.
 */
export async function pace(
  ratePerSecond: number,
  seconds: number,
  send: (count: number) => void | Promise<void>,
): Promise<number> {
  const total = Math.round(ratePerSecond * seconds);
  const beganMs = performance.now();
  let sent = 0;
  while (sent < total) {
    const due = Math.min(total, Math.floor(((performance.now() - beganMs) / 1000) * ratePerSecond));
    if (due > sent) {
      await send(due - sent);
      sent = due;
    }
    await Bun.sleep(1);
  }
  return (performance.now() - beganMs) / 1000;
}
