/**
 * Where the buses of one process meet: all their subscriptions, and which of them a subject leads to. Queue groups
 * are told apart by name alone, as NATS does it: members may have subscribed by different patterns.
 */
import { assert } from "../platform/errors.ts";
import type { PendingQueue } from "./pending-queue.ts";
import { subjectMatches, subjectProblem } from "./subject.ts";

/** A subscription as the exchange sees it. */
export interface Receiver {
  /** A checked subject, which may hold wildcards. */
  readonly pattern: string;
  readonly queue: string | undefined;
  readonly pending: PendingQueue;
}

/** Whom the payloads of one subject go to. */
interface Route {
  /** Those without a queue group: all of them get each payload. */
  readonly each: readonly Receiver[];
  /** One member of each group gets it. */
  readonly groups: readonly Group[];
}

interface Group {
  /** Never empty. */
  readonly members: readonly Receiver[];
  /** Where the search begins: behind the member that was picked last. Taken modulo the number of members. */
  turn: number;
}

/**
 * Configurations name some dozens of subjects. A publisher that makes them up must not fill the memory with routes:
 * above this many all are forgotten, and worked out anew.
 */
const ROUTES_MAX = 4096;

export class Exchange {
  readonly #receivers = new Set<Receiver>();
  /** By published subject; forgotten whenever a subscription comes or goes. */
  readonly #routes = new Map<string, Route>();
  #routesMade = 0;

  add(receiver: Receiver): void {
    this.#receivers.add(receiver);
    this.#routes.clear();
  }

  /** From now on `receiver` is offered nothing. May be called again. */
  remove(receiver: Receiver): void {
    this.#receivers.delete(receiver);
    this.#routes.clear();
  }

  /**
   * Offers `payload` itself, not a copy, to all that `subject` leads to; if that is nobody, it is gone. Calls no
   * onDelivery, but the onDropped of who has no room. Throws for a subject that is not valid. Hot: once per payload.
   */
  publish(subject: string, payload: Uint8Array): void {
    const { each, groups } = this.#routes.get(subject) ?? this.#makeRoute(subject);
    if (each.length === 0 && groups.length === 0) return;
    const bytes = asPlain(payload);
    // The bytes are one for all of them, but a delivery is its queue's; there is nothing to acknowledge.
    const offer = ({ pending }: Receiver) =>
      pending.offer({ subject, payload: bytes, done: nothingToDo, retry: nothingToDo });
    for (const receiver of each) offer(receiver);
    for (const group of groups) offer(pickMember(group));
  }

  /** The check of a subject takes longer than its delivery: one that has a route is known to be valid. */
  #makeRoute(subject: string): Route {
    const problem = subjectProblem(subject, { wildcards: false });
    assert(problem === undefined, `the subject "${subject}" ${problem}`);
    const receivers = [...this.#receivers].filter(({ pattern }) =>
      subjectMatches(pattern, subject),
    );
    const byQueue = Map.groupBy(receivers, ({ queue }) => queue);
    const each = byQueue.get(undefined) ?? [];
    byQueue.delete(undefined);
    // Not every route begins with its first member, or those that are forgotten again and again would favour it.
    const turn = this.#routesMade++;
    const route = { each, groups: Array.from(byQueue.values(), (members) => ({ members, turn })) };
    if (this.#routes.size >= ROUTES_MAX) this.#routes.clear();
    this.#routes.set(subject, route);
    return route;
  }
}

/**
 * The member with the fewest bytes waiting, so that one that is slow or stuck does not drop what others have room
 * for; among equals they take turns.
 */
function pickMember(group: Group): Receiver {
  const { members, turn } = group;
  let picked: Receiver | undefined;
  for (let step = 0; step < members.length; step++) {
    const place = (turn + step) % members.length;
    const member = members[place];
    if (picked === undefined || (member && member.pending.bytes < picked.pending.bytes)) {
      picked = member;
      group.turn = place + 1;
    }
  }
  assert(picked !== undefined, "a queue group is empty");
  return picked;
}

/** A Buffer becomes a view of the same bytes: its slice() copies nothing where that of a Uint8Array does. */
function asPlain(payload: Uint8Array): Uint8Array {
  if (payload.constructor === Uint8Array) return payload;
  return new Uint8Array(payload.buffer, payload.byteOffset, payload.length);
}

/** Nothing is kept for delivering it again, as on core NATS. */
function nothingToDo(): void {}
