/** Opens buses of one process, and notes what their subscriptions get. */
import { expect } from "bun:test";

import type { Bus, SubscribeOptions } from "../../../src/bus/bus.ts";
import { createInprocOpenBus } from "../../../src/bus/inproc.ts";
import { systemClock } from "../../../src/platform/clock.ts";

export const MIB = 1024 * 1024;

/** Opens buses of one process, each as a component would. */
export function connected(clock = systemClock): () => Bus {
  const openBus = createInprocOpenBus({ clock });
  return () =>
    openBus({
      name: "test",
      outboundMaxBytes: 1,
      onLost: () => expect.unreachable("nothing is lost on the way out"),
    });
}

export interface Inbox {
  readonly payloads: Uint8Array[];
  readonly dropped: Uint8Array[];
  pendingBytes(): number;
  drain(): Promise<void>;
}

export async function subscribe(
  bus: Bus,
  subject: string,
  options: Partial<SubscribeOptions> = {},
): Promise<Inbox> {
  const payloads: Uint8Array[] = [];
  const dropped: Uint8Array[] = [];
  const subscription = await bus.subscribe(subject, {
    pendingMaxBytes: 1000 * MIB,
    onDelivery: ({ payload }) => void payloads.push(payload),
    onDropped: (payload) => void dropped.push(payload),
    ...options,
  });
  return {
    payloads,
    dropped,
    pendingBytes: () => subscription.pendingBytes(),
    drain: () => subscription.drain(),
  };
}

/** A handler that never gets done. */
export const stuck = { onDelivery: () => new Promise<void>(() => {}) };

/** All that was published before has been given to whoever is not stuck. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
