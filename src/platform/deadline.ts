/** One deadline, shared out: whoever stops something gives it less time than it has itself. */
import type { Clock } from "./clock.ts";
import type { Deadline } from "./lifecycle.ts";

/** A deadline that ends earlier: after `share` (0 to 1) of the time that `deadline` has left now. */
export function earlier(deadline: Deadline, share: number): Deadline {
  const reservedMs = deadline.remainingMs() * (1 - share);
  return { remainingMs: () => Math.max(0, deadline.remainingMs() - reservedMs) };
}

/** Resolves with true once `work` has, or with false at the deadline; leaves no timer behind. */
export async function isDoneInTime(
  work: Promise<unknown>,
  deadline: Deadline,
  clock: Clock,
): Promise<boolean> {
  const { promise: expired, resolve } = Promise.withResolvers<boolean>();
  const cancel = clock.after(deadline.remainingMs(), () => resolve(false));
  const isDone = await Promise.race([work.then(() => true), expired]);
  cancel();
  return isDone;
}
