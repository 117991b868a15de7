/**
 * Which ends of a connection may have lost what nobody can count, because it waited at a server for us or went by while we
 * were away; each is told and counted once. An ordinary restart of the only server is none: those who publish were cut off as
 * well, and hold what they have.
 */
import type { Clock } from "../platform/clock.ts";
import type { LinkEnd } from "./nats-link.ts";

export interface BreakEvents {
  /** `what` is lost, in words. */
  readonly onUncounted: (what: string) => void;
}

const COUNTED_BY_NOBODY = "are lost, and nobody can count them";

export class Breaks {
  readonly #clock: Clock;
  readonly #events: BreakEvents;
  /** One that nothing was known to be lost with, and when it was. */
  #open: { readonly end: LinkEnd; readonly atMs: number } | undefined;

  constructor(clock: Clock, events: BreakEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  /** A connection with subscriptions has ended before we left it. */
  ended(end: LinkEnd): void {
    const what = lostAtEnd(end);
    this.#open = undefined;
    if (what !== undefined) this.#events.onUncounted(`${what} ${COUNTED_BY_NOBODY}`);
    else if (end.wasBusy) this.#open = { end, atMs: this.#clock.monotonicMs() };
  }

  /** The next connection stands, to the server of this id: if it is the same, it had been going on. */
  connected(serverId: string): void {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined || open.end.serverId !== serverId) return;
    const awayMs = Math.round(this.#clock.monotonicMs() - open.atMs);
    this.#events.onUncounted(
      `the server went on for ${awayMs} ms without us: messages published meanwhile, ` +
        `if nobody else of a queue group took them, ${COUNTED_BY_NOBODY}`,
    );
  }
}

function lostAtEnd(end: LinkEnd): string | undefined {
  if (end.isCut) return "messages that waited there for us (nats-server's log says why)";
  if (!end.wasBusy) return undefined;
  if (end.stoodStillMs > 0) {
    return `this process stood still for ${Math.round(end.stoodStillMs / 1000)} s: messages that waited for us`;
  }
  if (end.isFrozen) return "messages that waited there for us";
  if (!end.isInCluster) return undefined;
  return "messages published at other servers until we are back, if nobody else of a queue group takes them,";
}
