/**
 * Leaving a server that says it is about to stop (lame-duck mode) without losing a message: subscribe at another one first, and
 * when its cluster knows of that, ask the old one for no more, take what it has sent, and go.
 */
import type { Link } from "./nats-link.ts";
import type { Outbound } from "./nats-outbound.ts";
import type { NatsSubscription } from "./nats-subscription.ts";

export interface MoveDeps {
  /** One connection to another server than that of `from`; undefined if there is none. */
  readonly connectElsewhere: (from: Link) => Promise<Link | undefined>;
  readonly subscriptions: ReadonlySet<NatsSubscription>;
  readonly outbound: Outbound;
  /** The time it takes until all servers know of a new subscription, and between attempts; ends early with the bus. */
  readonly pause: () => Promise<void>;
  readonly isStopped: () => boolean;
  /** Called once if there is no other server for now: tried again until the old one is gone. */
  readonly onNowhere: () => void;
  /** All subscriptions stand on `next`: if the old connection ends now, it is the one that follows. */
  readonly onStanding: (next: Link) => void;
}

/** Resolves with true when nothing is left on `from`, with false if it ended before that. */
export async function moveAway(from: Link, deps: MoveDeps): Promise<boolean> {
  const next = await subscribeElsewhere(from, deps);
  if (next === undefined) return false;
  await deps.pause();
  if (from.hasEnded() || deps.isStopped()) return false;
  const subscriptions = [...deps.subscriptions];
  await Promise.all([
    ...subscriptions.map((subscription) => subscription.leave(next)),
    deps.outbound.leave(),
  ]);
  return !from.hasEnded();
}

async function subscribeElsewhere(from: Link, deps: MoveDeps): Promise<Link | undefined> {
  let isTold = false;
  for (;;) {
    const next = await deps.connectElsewhere(from);
    if (next !== undefined) {
      const joining = [...deps.subscriptions].map((subscription) => subscription.join(next));
      const hasJoined = (await Promise.all(joining)).every(Boolean);
      if (hasJoined && !from.hasEnded() && !deps.isStopped()) {
        deps.onStanding(next);
        return next;
      }
      next.close("not moved there");
    }
    if (from.hasEnded() || deps.isStopped()) return undefined;
    if (!isTold) deps.onNowhere();
    isTold = true;
    await deps.pause();
  }
}
